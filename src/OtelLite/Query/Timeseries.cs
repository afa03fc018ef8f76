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
        // SQLite adds up small steps; they are gathered into the buckets here, where days may have 23 or 25 hours.
        long unit = Math.Min(stepSeconds, QuarterSeconds);
        var buckets = new Buckets(starts, unit);
        long[] input = new long[starts.Length], output = new long[starts.Length], cacheRead = new long[starts.Length];
        long[] cacheCreation = new long[starts.Length], cost = new long[starts.Length], requests = new long[starts.Length];
        Fill(connection, buckets, command => $"""
            SELECT $UNIT, sum(input), sum(output), sum(cache_read), sum(cache_creation), sum(cost_nano_usd), count(*)
            FROM usage_request WHERE {scope.Where(command)} GROUP BY 1
            """, input, output, cacheRead, cacheCreation, cost, requests);
        Fill(connection, buckets, command => $"""
            SELECT $UNIT, sum(iif(kind = 1, rest, 0)), sum(iif(kind = 2, rest, 0)), sum(iif(kind = 3, rest, 0)),
                   sum(iif(kind = 4, rest, 0)), sum(iif(kind = 5, rest, 0))
            FROM usage_point WHERE rest > 0 AND {scope.Where(command)} GROUP BY 1
            """, input, output, cacheRead, cacheCreation, cost);
        long[] errors = new long[starts.Length], prompts = new long[starts.Length], toolCalls = new long[starts.Length];
        Fill(connection, buckets, command => $"""
            SELECT $UNIT, sum(iif(figure = {(int)Figure.ApiErrors}, value, 0)), sum(iif(figure = {(int)Figure.Prompts}, value, 0))
            FROM usage_tally WHERE {scope.Where(command)} GROUP BY 1
            """, errors, prompts);
        Fill(connection, buckets, command => $"SELECT $UNIT, count(*) FROM usage_tool WHERE {SummaryQuery.ToolsWhere(scope, command)} GROUP BY 1", toolCalls);
        return new UsageSeries(
            starts, new TokenSeries(input, output, cacheRead, cacheCreation), Array.ConvertAll(cost, SummaryQuery.Usd), requests, errors, toolCalls, prompts);
    }

    /// <summary>The first and last moment at which something of the scope happened, or null when nothing did.</summary>
    public static (long FirstUnixNano, long LastUnixNano)? Extent(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT min(first_unix_nano), max(last_unix_nano) FROM usage_session";
        using SqliteDataReader row = command.ExecuteReader();
        row.Read();
        return row.IsDBNull(0) ? null : (row.GetInt64(0), row.GetInt64(1));
    }

    private readonly record struct Buckets(long[] Starts, long UnitSeconds)
    {
        public int Of(long unixSeconds)
        {
            int index = Array.BinarySearch(Starts, unixSeconds);
            return Math.Max(0, index >= 0 ? index : ~index - 1);
        }
    }

    // $UNIT in the text is the start of a row's unit, in Unix seconds.
    private static void Fill(SqliteConnection connection, Buckets buckets, Func<SqliteCommand, string> sql, params long[][] columns)
    {
        using SqliteCommand command = connection.CreateCommand();
        string unit = $"time_unix_nano / {buckets.UnitSeconds * 1_000_000_000} * {buckets.UnitSeconds}";
        command.CommandText = sql(command).Replace("$UNIT", unit, StringComparison.Ordinal);
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            int bucket = buckets.Of(row.GetInt64(0));
            for (int i = 0; i < columns.Length; i++)
            {
                columns[i][bucket] += row.GetInt64(i + 1);
            }
        }
    }
}
