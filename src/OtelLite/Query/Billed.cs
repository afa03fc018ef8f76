using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>What was billed in a scope; the summary's figures, and nothing beside them.</summary>
/// <param name="CostNanoUsd">In billionths of a dollar.</param>
internal sealed record Billed(Tokens Tokens, long CostNanoUsd, long ApiRequests)
{
    public long AllTokens => Tokens.Input + Tokens.Output + Tokens.CacheRead + Tokens.CacheCreation;

    public double CostUsd => SummaryQuery.Usd(CostNanoUsd);
}

internal static class BilledQuery
{
    /// <summary>The figures of tokens, as a list for SQL.</summary>
    public static readonly string TokenFigures = List(BilledKinds.All.Where(k => k != BilledKind.Cost).SelectMany(k => (Figure[])[k.ByEvents(), k.Rest()]));

    /// <summary>The figures of cost, likewise.</summary>
    public static readonly string CostFigures = List([Figure.Cost, Figure.CostRest]);

    /// <summary>Of everything in the scope.</summary>
    public static Billed Read(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT figure, total(value) FROM ({scope.Amounts(command)})
            WHERE figure IN ({TokenFigures}, {CostFigures}, {(int)Figure.ApiRequests}) GROUP BY figure
            """;
        Dictionary<Figure, long> amounts = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            amounts[(Figure)row.GetInt64(0)] = row.GetInt64(1);
        }

        long Of(BilledKind kind) => amounts.GetValueOrDefault(kind.ByEvents()) + amounts.GetValueOrDefault(kind.Rest());
        return new Billed(
            new Tokens(Of(BilledKind.Input), Of(BilledKind.Output), Of(BilledKind.CacheRead), Of(BilledKind.CacheCreation)),
            Of(BilledKind.Cost), amounts.GetValueOrDefault(Figure.ApiRequests));
    }

    /// <summary>What was billed in <c>[from, to)</c>, in nano-dollars.</summary>
    public static long CostNanoUsd(SqliteConnection connection, DateTimeOffset from, DateTimeOffset to) =>
        from >= to ? 0 : Read(connection, new Scope { FromUnixNano = UnixNano.From(from), ToUnixNano = UnixNano.From(to) }).CostNanoUsd;

    private static string List(IEnumerable<Figure> figures) => string.Join(", ", figures.Select(f => (int)f));
}
