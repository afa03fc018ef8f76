using Microsoft.Data.Sqlite;

namespace OtelLite.Query;

/// <summary>How some numbers are spread: percentiles by nearest rank, which are numbers among them.</summary>
internal readonly record struct Spread(long P50, long P95, long Max);

/// <summary>Numbers in a table, by what they are told apart by; an index has both in this order, and the time behind them.</summary>
/// <param name="Table">With a time and a model.</param>
internal sealed record SpreadOf(string Table, string Key, string Column, string And = "");

/// <summary>Exact percentiles of a scope.</summary>
internal static class Spreads
{
    public static readonly SpreadOf ToolDurations = new("usage_tool", "tool", "duration_ms");
    public static readonly SpreadOf ToolResults = new("usage_tool", "tool", "result_bytes", " AND result_bytes IS NOT NULL");
    public static readonly SpreadOf RequestDurations = new("usage_request", "model", "duration_ms");
    public static readonly SpreadOf RequestTtft = new("usage_request", "model", "ttft_ms", " AND ttft_ms IS NOT NULL");

    /// <summary>By the row of usage_name that is the key; keys without numbers have none.</summary>
    public static Dictionary<long, Spread> Read(SqliteConnection connection, Scope scope, SpreadOf of)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            WITH number AS (
                SELECT {of.Key} AS key, {of.Column} AS value, row_number() OVER (PARTITION BY {of.Key} ORDER BY {of.Column}) AS rank,
                       count(*) OVER (PARTITION BY {of.Key}) AS numbers
                FROM {of.Table} WHERE {scope.Where(command)}{of.And})
            SELECT key, max(iif(rank = (numbers * 50 + 99) / 100, value, 0)), max(iif(rank = (numbers * 95 + 99) / 100, value, 0)), max(value)
            FROM number GROUP BY key
            """;
        Dictionary<long, Spread> spreads = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            spreads[row.GetInt64(0)] = new Spread(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3));
        }

        return spreads;
    }
}
