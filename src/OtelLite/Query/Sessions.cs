using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>One session's figures within the scope.</summary>
/// <param name="Named">False for clients that are told to send no session ids: their records are grouped by user and resource under a made-up id.</param>
/// <param name="Check">Whether metrics and events agree on it.</param>
/// <param name="MissingEvents">Holes in the numbers that its processes give their events.</param>
internal sealed record SessionUsage(
    string Id,
    bool Named,
    bool Active,
    DateTimeOffset StartedAt,
    DateTimeOffset LastSeenAt,
    IReadOnlyList<string> Models,
    string? Project,
    string? Machine,
    Tokens Tokens,
    double CostUsd,
    long ApiRequests,
    long ApiErrors,
    long Prompts,
    long ToolCalls,
    string? LastTool,
    SessionCheck Check,
    long MissingEvents);

internal sealed record SessionList(long Total, IReadOnlyList<SessionUsage> Sessions);

/// <summary>The sessions that did something in the scope, the one heard of last first.</summary>
internal static class SessionsQuery
{
    public static SessionList Read(SqliteConnection connection, Scope scope, int limit, DateTimeOffset now)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = Sql(command, scope.Narrowed(connection));
        command.Parameters.AddWithValue("$active", UnixNano.From(now - Limits.ActiveSession));
        command.Parameters.AddWithValue("$limit", limit);
        List<SessionUsage> sessions = [];
        long total = 0;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            total = row.GetInt64(17);
            sessions.Add(ReadSession(row));
        }

        return new SessionList(total, sessions);
    }

    private static string Sql(SqliteCommand command, Scope scope) => $"""
        WITH total AS (
            SELECT session, {Sum(Figure.Input, Figure.InputRest)} AS input, {Sum(Figure.Output, Figure.OutputRest)} AS output,
                   {Sum(Figure.CacheRead, Figure.CacheReadRest)} AS cache_read, {Sum(Figure.CacheCreation, Figure.CacheCreationRest)} AS cache_creation,
                   {Sum(Figure.Cost, Figure.CostRest)} AS cost, {Sum(Figure.ApiRequests)} AS requests, {Sum(Figure.ApiErrors)} AS errors,
                   {Sum(Figure.Prompts)} AS prompts, {Sum(Figure.ToolCalls)} AS calls
            FROM ({scope.Amounts(command)}) WHERE value <> 0 GROUP BY session),
        shown AS MATERIALIZED (
            SELECT total.*, count(*) OVER () AS sessions FROM total JOIN usage_session ON usage_session.id = total.session
            ORDER BY last_unix_nano DESC, session_id LIMIT $limit)
        SELECT session_id, received_unix_nano > $active, first_unix_nano, last_unix_nano,
               (SELECT group_concat(name, char(10)) FROM usage_name WHERE id IN (SELECT model FROM usage_witness w WHERE w.session = shown.session)),
               project, machine, shown.input, shown.output, shown.cache_read, shown.cache_creation, cost, requests, errors, shown.prompts, calls,
               (SELECT name FROM usage_name WHERE id = (
                   SELECT tool FROM usage_tool t WHERE t.session = shown.session ORDER BY time_unix_nano DESC LIMIT 1)),
               sessions, is_named, missing_events, verdict
        FROM shown JOIN usage_session ON usage_session.id = shown.session
        ORDER BY last_unix_nano DESC, session_id
        """;

    private static string Sum(params ReadOnlySpan<Figure> figures) =>
        $"total(iif(figure IN ({string.Join(", ", figures.ToArray().Select(f => (int)f))}), value, 0))";

    private static SessionUsage ReadSession(SqliteDataReader row) => new(
        row.GetString(0),
        row.GetBoolean(18),
        row.GetBoolean(1),
        UnixNano.ToTime(row.GetInt64(2)),
        UnixNano.ToTime(row.GetInt64(3)),
        row.IsDBNull(4) ? [] : row.GetString(4).Split('\n', StringSplitOptions.RemoveEmptyEntries),
        row.IsDBNull(5) ? null : row.GetString(5),
        row.IsDBNull(6) ? null : row.GetString(6),
        new Tokens(row.GetInt64(7), row.GetInt64(8), row.GetInt64(9), row.GetInt64(10)),
        SummaryQuery.Usd(row.GetInt64(11)),
        row.GetInt64(12),
        row.GetInt64(13),
        row.GetInt64(14),
        row.GetInt64(15),
        row.IsDBNull(16) ? null : row.GetString(16),
        ChecksQuery.Of(row.GetInt64(20), row.GetBoolean(1)),
        row.GetInt64(19));
}
