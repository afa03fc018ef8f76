using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

internal sealed record TokenSeries(long[] Input, long[] Output, long[] CacheRead, long[] CacheCreation);

/// <summary>Figures per bucket; all arrays have a place for each of <paramref name="Times"/>, the buckets' starts in Unix seconds.</summary>
internal sealed record UsageSeries(
    long[] Times,
    TokenSeries Tokens,
    double[] CostUsd,
    long[] ApiRequests,
    long[] ApiErrors,
    long[] ToolCalls,
    long[] Prompts);

/// <summary>The same figures as the summary, in time. Their sums over the buckets are the summary's.</summary>
internal static class TimeseriesQuery
{
    // Every time zone's offset is a whole number of quarters of an hour, so that days are whole numbers of these.
    private const long QuarterSeconds = 15 * 60;

    private static readonly Figure[] Shown =
    [
        .. BilledKinds.All.Select(k => k.ByEvents()), .. BilledKinds.All.Select(k => k.Rest()),
        Figure.ApiRequests, Figure.ApiErrors, Figure.ToolCalls, Figure.Prompts,
    ];

    /// <param name="starts">The buckets' starts, ascending, in Unix seconds: the first at or before the scope's start, each other a multiple of
    /// <paramref name="stepSeconds"/> or, for steps above 15 minutes, of a quarter of an hour.</param>
    public static UsageSeries Read(SqliteConnection connection, Scope scope, long[] starts, long stepSeconds)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        Dictionary<Figure, long[]> columns = Shown.ToDictionary(f => f, _ => new long[starts.Length]);
        long[] Of(Figure figure) => columns[figure];
        long[] startsNano = Array.ConvertAll(starts, s => s * 1_000_000_000);
        void Add(long time, long? session, long model, Figure figure, long value)
        {
            int index = Array.BinarySearch(startsNano, time);
            columns[figure][Math.Max(0, index >= 0 ? index : ~index - 1)] += value;
        }

        if (stepSeconds < QuarterSeconds)
        {
            EachExactly(connection, scope, Add);
        }
        else
        {
            FigureSums.Each(connection, scope, Shown, startsNano, Add);
        }

        long[] Billed(BilledKind kind) => [.. Of(kind.ByEvents()).Zip(Of(kind.Rest()), (events, rest) => events + rest)];
        var tokens = new TokenSeries(Billed(BilledKind.Input), Billed(BilledKind.Output), Billed(BilledKind.CacheRead), Billed(BilledKind.CacheCreation));
        return new UsageSeries(
            starts, tokens, Array.ConvertAll(Billed(BilledKind.Cost), SummaryQuery.Usd),
            Of(Figure.ApiRequests), Of(Figure.ApiErrors), Of(Figure.ToolCalls), Of(Figure.Prompts));
    }

    /// <summary>The first moment at which anything stored happened, in Unix nanoseconds; null when nothing is stored.</summary>
    public static long? First(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT min(first_unix_nano) FROM usage_session";
        return command.ExecuteScalar() as long?;
    }

    private static void EachExactly(SqliteConnection connection, Scope scope, AddFigure add)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT time_unix_nano, figure, value FROM ({scope.Amounts(command, exactTimes: true)}) WHERE figure IN ({string.Join(", ", Shown.Select(f => (int)f))})
            """;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            add(row.GetInt64(0), null, 0, (Figure)row.GetInt64(1), row.GetInt64(2));
        }
    }
}
