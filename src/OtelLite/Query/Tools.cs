using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <param name="Kind">As the client calls it; empty where it does not tell.</param>
internal sealed record FailureCount(string Kind, long Count);

/// <param name="Source">Who decided: config, hook, user_temporary, ...; empty where the client does not tell.</param>
internal sealed record DecisionCount(string Source, long Count);

/// <summary>What results weighed, of the calls whose client told it.</summary>
internal sealed record ResultBytes(long Total, long P50, long Max);

/// <summary>One tool: how often, how long, how often in vain, and who let it run.</summary>
/// <param name="P50Ms">By nearest rank, as all percentiles; null without calls.</param>
/// <param name="ResultBytes">Null where no client told.</param>
/// <param name="WithoutResult">Uses that were accepted in the scope and whose result never came, or not yet. They name no model, and so are in no figure
/// that is narrowed to one.</param>
internal sealed record ToolFacts(
    string Name, long Calls, long Failures, IReadOnlyList<FailureCount> FailuresByKind, double? P50Ms, double? P95Ms, double? MaxMs,
    IReadOnlyList<DecisionCount> Accepts, IReadOnlyList<DecisionCount> Rejects, ResultBytes? ResultBytes, long InputBytes, long WithoutResult);

/// <summary>The tools of a scope, that with the most calls first; also those that were only decided on.</summary>
internal static class ToolsQuery
{
    public static IReadOnlyList<ToolFacts> Read(SqliteConnection connection, Scope scope)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        Dictionary<long, ToolSums> sums = Sums(connection, scope);
        Dictionary<long, FailureCount[]> failures = Failures(connection, scope);
        ILookup<(long Tool, bool Accepted), DecisionCount> decisions = Decisions(connection, scope);
        Dictionary<long, long> open = Open(connection, scope);
        Dictionary<long, Spread> durations = Spreads.Read(connection, scope, SpreadOf.ToolDurations);
        Dictionary<long, Spread> results = Spreads.Read(connection, scope, SpreadOf.ToolResults);
        IEnumerable<long> tools = sums.Keys.Union(decisions.Select(d => d.Key.Tool)).Union(open.Keys);
        Dictionary<long, string> names = NamesQuery.Read(connection, tools);
        return
        [
            .. tools.Select(tool =>
            {
                ToolSums sum = sums.GetValueOrDefault(tool);
                bool hasDurations = durations.TryGetValue(tool, out Spread duration), hasResults = results.TryGetValue(tool, out Spread result);
                return new ToolFacts(
                    names[tool], sum.Calls, sum.Failures, failures.GetValueOrDefault(tool, []),
                    hasDurations ? duration.P50 : null, hasDurations ? duration.P95 : null, hasDurations ? duration.Max : null,
                    [.. decisions[(tool, true)]], [.. decisions[(tool, false)]],
                    hasResults ? new ResultBytes(sum.ResultBytes, result.P50, result.Max) : null, sum.InputBytes, open.GetValueOrDefault(tool));
            }).OrderByDescending(t => t.Calls).ThenBy(t => t.Name, StringComparer.Ordinal),
        ];
    }

    private readonly record struct ToolSums(long Calls, long Failures, long InputBytes, long ResultBytes);

    private static Dictionary<long, ToolSums> Sums(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        string rows = SumsQuery.Of(command, scope, SumsTable.Tools, ["calls", "failures", "input_bytes", "result_bytes"]);
        command.CommandText = $"SELECT tool, total(calls), total(failures), total(input_bytes), total(result_bytes) FROM ({rows}) GROUP BY tool";
        Dictionary<long, ToolSums> sums = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            sums[row.GetInt64(0)] = new ToolSums(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4));
        }

        return sums;
    }

    private static Dictionary<long, FailureCount[]> Failures(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT tool, coalesce(error_type, 0) FROM usage_tool WHERE {scope.Where(command)} AND NOT succeeded";
        // Added up here: SQLite would sort the rows first.
        Dictionary<long, Dictionary<long, long>> counts = [];
        using (var row = Statement.Of(command))
        {
            while (row.Step())
            {
                if (!counts.TryGetValue(row.Int64(0), out Dictionary<long, long>? kinds))
                {
                    counts[row.Int64(0)] = kinds = [];
                }

                kinds[row.Int64(1)] = kinds.GetValueOrDefault(row.Int64(1)) + 1;
            }
        }

        Dictionary<long, FailureCount[]> failures = [];
        foreach ((long tool, Dictionary<long, long> kinds) in counts)
        {
            Dictionary<long, string> names = NamesQuery.Read(connection, kinds.Keys.Where(kind => kind > 0));
            failures[tool] = [.. kinds.Select(k => new FailureCount(names.GetValueOrDefault(k.Key, ""), k.Value)).OrderByDescending(f => f.Count).ThenBy(f => f.Kind, StringComparer.Ordinal)];
        }

        return failures;
    }

    private static ILookup<(long Tool, bool Accepted), DecisionCount> Decisions(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        string rows = SumsQuery.Of(command, scope, SumsTable.Decisions, ["decisions"]);
        command.CommandText = $"""
            SELECT tool, accepted, (SELECT name FROM usage_name WHERE id = source) AS who, total(decisions) AS times
            FROM ({rows}) GROUP BY tool, accepted, source HAVING times <> 0 ORDER BY times DESC, who
            """;
        List<((long Tool, bool Accepted) Key, DecisionCount Count)> decisions = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            decisions.Add(((row.GetInt64(0), row.GetBoolean(1)), new DecisionCount(row.GetString(2), row.GetInt64(3))));
        }

        return decisions.ToLookup(d => d.Key, d => d.Count);
    }

    private static Dictionary<long, long> Open(SqliteConnection connection, Scope scope)
    {
        Dictionary<long, long> open = [];
        if (scope.Models.Count > 0)
        {
            return open;
        }

        using SqliteCommand command = connection.CreateCommand();
        string sessions = scope.WhereSession(command);
        // The index has the open ones alone, which are few.
        command.CommandText = $"""
            SELECT tool, count(*) FROM usage_call INDEXED BY usage_call_open
            WHERE accepted_unix_nano IS NOT NULL AND result_unix_nano IS NULL AND accepted_unix_nano >= $from AND accepted_unix_nano < $to
                  {(sessions.Length > 0 ? $"AND session IN (SELECT id FROM usage_session WHERE {sessions})" : "")}
            GROUP BY tool
            """;
        command.Parameters.AddWithValue("$from", scope.FromUnixNano);
        command.Parameters.AddWithValue("$to", scope.ToUnixNano);
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            open[row.GetInt64(0)] = row.GetInt64(1);
        }

        return open;
    }
}
