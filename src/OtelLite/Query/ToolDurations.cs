using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>The tools of a scope, with exact percentiles of their durations.</summary>
internal static class ToolDurations
{
    // From so many calls on the sorted index is walked instead of sorting what the range holds; it is so many times as long at most.
    private const long ManyCalls = 50_000;
    private const long WalkMax = 4;

    /// <summary>Most calls first.</summary>
    public static IReadOnlyList<ToolUsage> Read(SqliteConnection connection, Scope scope)
    {
        Dictionary<long, (long Calls, long Failures)> counts = scope.IsOfSessions ? [] : Counts(connection, scope);
        long calls = counts.Values.Sum(c => c.Calls);
        Dictionary<long, (long Calls, long Failures, double P50, double P95)> tools =
            calls > ManyCalls && scope.Models.Count == 0 && calls * WalkMax > Counts(connection, new Scope()).Values.Sum(c => c.Calls)
                ? Walked(connection, scope, counts)
                : Sorted(connection, scope);
        Dictionary<long, string> names = Names(connection, tools.Keys);
        return
        [
            .. tools.Select(t => new ToolUsage(names[t.Key], t.Value.Calls, t.Value.Failures, t.Value.P50, t.Value.P95))
                .OrderByDescending(t => t.Calls).ThenBy(t => t.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>The place of a percentile among so many sorted values, by nearest rank; the first place is 1.</summary>
    public static long Rank(long count, int percent) => (count * percent + 99) / 100;

    private static Dictionary<long, (long Calls, long Failures)> Counts(SqliteConnection connection, Scope scope)
    {
        Dictionary<long, (long Calls, long Failures)> counts = [];
        void Add(SqliteCommand command)
        {
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                (long calls, long failures) = counts.GetValueOrDefault(row.GetInt64(0));
                counts[row.GetInt64(0)] = (calls + row.GetInt64(1), failures + row.GetInt64(2));
            }
        }

        foreach ((long step, long first, long end) in FigureSums.Pieces(scope.FirstQuarter, scope.EndQuarter, SumTable.Steps[^1]))
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"""
                SELECT tool, sum(calls), sum(failures) FROM usage_sum_tool
                WHERE step = {step} AND quarter >= $first AND quarter < $end{scope.AndModel(command)} GROUP BY tool HAVING sum(calls) <> 0
                """;
            command.Parameters.AddWithValue("$first", first);
            command.Parameters.AddWithValue("$end", end);
            Add(command);
        }

        foreach ((long from, long to) in scope.Ends())
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"""
                SELECT tool, count(*), sum(1 - succeeded) FROM usage_tool
                WHERE {(scope with { FromUnixNano = from, ToUnixNano = to }).Where(command)} GROUP BY tool
                """;
            Add(command);
        }

        return counts;
    }

    private static Dictionary<long, (long Calls, long Failures, double P50, double P95)> Walked(
        SqliteConnection connection, Scope scope, Dictionary<long, (long Calls, long Failures)> counts)
    {
        double At(long tool, long place, bool fromEnd)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"""
                SELECT duration_ms FROM usage_tool INDEXED BY usage_tool_duration WHERE tool = $tool AND {scope.Where(command)}
                ORDER BY duration_ms {(fromEnd ? "DESC" : "ASC")} LIMIT 1 OFFSET $place
                """;
            command.Parameters.AddWithValue("$tool", tool);
            command.Parameters.AddWithValue("$place", place);
            return (long)command.ExecuteScalar()!;
        }

        return counts.ToDictionary(c => c.Key, c => (
            c.Value.Calls, c.Value.Failures,
            At(c.Key, Rank(c.Value.Calls, 50) - 1, fromEnd: false), At(c.Key, c.Value.Calls - Rank(c.Value.Calls, 95), fromEnd: true)));
    }

    private static Dictionary<long, (long Calls, long Failures, double P50, double P95)> Sorted(SqliteConnection connection, Scope scope)
    {
        Dictionary<long, (List<long> Durations, long Failures)> tools = [];
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT tool, duration_ms, succeeded FROM usage_tool WHERE {scope.Where(command)}";
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            (List<long> durations, long failures) = tools.TryGetValue(row.GetInt64(0), out (List<long>, long) found) ? found : ([], 0);
            durations.Add(row.GetInt64(1));
            tools[row.GetInt64(0)] = (durations, failures + 1 - row.GetInt64(2));
        }

        return tools.ToDictionary(t => t.Key, t =>
        {
            t.Value.Durations.Sort();
            double At(int percent) => t.Value.Durations[(int)Rank(t.Value.Durations.Count, percent) - 1];
            return ((long)t.Value.Durations.Count, t.Value.Failures, At(50), At(95));
        });
    }

    private static Dictionary<long, string> Names(SqliteConnection connection, IEnumerable<long> ids)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT id, name FROM usage_name WHERE id IN (SELECT value FROM json_each($ids))";
        command.Parameters.AddWithValue("$ids", $"[{string.Join(',', ids)}]");
        Dictionary<long, string> names = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            names[row.GetInt64(0)] = row.GetString(1);
        }

        return names;
    }
}
