using Microsoft.Data.Sqlite;
using OtelLite.Storage;
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
    public static Billed Read(SqliteConnection connection, Scope scope) => Of(Together(ByModel(connection, scope).Values));

    /// <summary>Every figure by the row of the model's name; figures that are zero are left out, and so are models that have none.</summary>
    public static Dictionary<long, Dictionary<Figure, long>> ByModel(SqliteConnection connection, Scope scope)
    {
        Dictionary<long, Dictionary<Figure, long>> models = [];
        void Add(long model, Figure figure, long value)
        {
            Dictionary<Figure, long> amounts = models.TryGetValue(model, out Dictionary<Figure, long>? found) ? found : models[model] = [];
            amounts[figure] = amounts.GetValueOrDefault(figure) + value;
        }

        if (scope.IsOfSessions)
        {
            FigureSums.Each(connection, scope, FigureColumns.Figures, null, (_, model, figure, value) => Add(model, figure, value));
        }
        else
        {
            FigureSums.EachOfAll(connection, scope, FigureColumns.Figures, null, byModel: true, (_, model, figure, value) => Add(model, figure, value));
        }

        // A dictionary may lose entries while it is gone through.
        foreach ((long model, Dictionary<Figure, long> amounts) in models)
        {
            foreach ((Figure figure, long value) in amounts)
            {
                if (value == 0)
                {
                    amounts.Remove(figure);
                }
            }

            if (amounts.Count == 0)
            {
                models.Remove(model);
            }
        }

        return models;
    }

    /// <summary>The figures of all models as one.</summary>
    public static Dictionary<Figure, long> Together(IEnumerable<Dictionary<Figure, long>> models) =>
        models.SelectMany(m => m).GroupBy(a => a.Key).ToDictionary(g => g.Key, g => g.Sum(a => a.Value));

    /// <summary>What figures come to, events and what no event explains together.</summary>
    public static Billed Of(Dictionary<Figure, long> amounts)
    {
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
