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

    /// <param name="starts">The buckets' starts, ascending, in Unix seconds: the first at or before the scope's start, each other a multiple of
    /// <paramref name="stepSeconds"/> or, for steps above 15 minutes, of a quarter of an hour.</param>
    public static UsageSeries Read(SqliteConnection connection, Scope scope, long[] starts, long stepSeconds)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        // SQLite adds up small steps; they are gathered into the buckets here, where days may have 23 or 25 hours.
        long unit = Math.Min(stepSeconds, QuarterSeconds);
        var buckets = new Buckets(starts, unit);
        Dictionary<Figure, long[]> columns = [];
        long[] Of(Figure figure) => columns.TryGetValue(figure, out long[]? column) ? column : columns[figure] = new long[starts.Length];
        Fill(connection, buckets, Of, command => $"""
            SELECT $UNIT, figure, total(value) FROM ({scope.Amounts(command, exactTimes: unit < QuarterSeconds)}) GROUP BY 1, 2
            """);
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

    private readonly record struct Buckets(long[] Starts, long UnitSeconds)
    {
        public int Of(long unixSeconds)
        {
            int index = Array.BinarySearch(Starts, unixSeconds);
            return Math.Max(0, index >= 0 ? index : ~index - 1);
        }
    }

    // Rows of a unit, a figure and a value; $UNIT in the text is the start of a row's unit, in Unix seconds.
    private static void Fill(SqliteConnection connection, Buckets buckets, Func<Figure, long[]> columnOf, Func<SqliteCommand, string> sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        string unit = $"time_unix_nano / {buckets.UnitSeconds * 1_000_000_000} * {buckets.UnitSeconds}";
        command.CommandText = sql(command).Replace("$UNIT", unit, StringComparison.Ordinal);
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            columnOf((Figure)row.GetInt64(1))[buckets.Of(row.GetInt64(0))] += row.GetInt64(2);
        }
    }
}
