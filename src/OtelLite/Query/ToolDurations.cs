using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>The tools of a scope, with exact percentiles of their durations.</summary>
internal static class ToolDurations
{
    /// <summary>Most calls first.</summary>
    public static IReadOnlyList<ToolUsage> Read(SqliteConnection connection, Scope scope)
    {
        Dictionary<long, Spread> spreads = Spreads.Read(connection, scope, SpreadOf.ToolDurations);
        Dictionary<long, string> names = NamesQuery.Read(connection, spreads.Keys);
        List<ToolUsage> tools = [];
        using SqliteCommand command = connection.CreateCommand();
        string rows = SumsQuery.Of(command, scope, SumsTable.Tools, ["calls", "failures"]);
        command.CommandText = $"SELECT tool, total(calls), total(failures) FROM ({rows}) GROUP BY tool HAVING total(calls) > 0";
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            Spread spread = spreads[row.GetInt64(0)];
            tools.Add(new ToolUsage(names[row.GetInt64(0)], row.GetInt64(1), row.GetInt64(2), spread.P50, spread.P95));
        }

        return [.. tools.OrderByDescending(t => t.Calls).ThenBy(t => t.Name, StringComparer.Ordinal)];
    }
}
