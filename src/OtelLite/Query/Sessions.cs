using Microsoft.Data.Sqlite;
using OtelLite.Storage;
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

/// <param name="Total">All that fit, of which a page is shown.</param>
internal sealed record SessionList(long Total, IReadOnlyList<SessionUsage> Sessions);

/// <summary>The sessions that did something in the scope.</summary>
internal static class SessionsQuery
{
    private static readonly BilledKind[] TokenKinds = [.. BilledKinds.All.Where(k => k != BilledKind.Cost)];

    private const string Figures = "input, output, cache_read, cache_creation, tokens, cost, requests, errors, prompts, calls";

    public static SessionList Read(SqliteConnection connection, Scope scope, SessionsAsked asked, DateTimeOffset now)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        using SqliteCommand command = connection.CreateCommand();
        string fitting = Fitting(command, scope, asked, SessionText.Condition(connection, command, asked.Text));
        command.Parameters.AddWithValue("$active", UnixNano.From(now - Limits.ActiveSession));
        command.Parameters.AddWithValue("$limit", asked.Limit);
        command.Parameters.AddWithValue("$offset", asked.Offset);
        command.Parameters.AddWithValue("$cost", asked.MinCostNanoUsd ?? 0);
        command.CommandText = $"{fitting} SELECT count(*) FROM fitting";
        long total = (long)command.ExecuteScalar()!;
        command.CommandText = Page(fitting, asked);
        List<SessionUsage> sessions = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            sessions.Add(ReadSession(row));
        }

        return new SessionList(total, sessions);
    }

    // Those that lie wholly in the range by their totals, and those that lie in it in part by what they did in it.
    private static string Fitting(SqliteCommand command, Scope scope, SessionsAsked asked, string text)
    {
        string and = text + (asked.Active ? " AND received_unix_nano > $active" : "");
        const string session = "id, session_id, first_unix_nano, last_unix_nano";
        string inside = scope.Models.Count == 0
            ? $"""
              SELECT {session}, input, output, cache_read, cache_creation, tokens, cost_nano_usd AS cost, api_requests AS requests, api_errors AS errors, prompts,
                     tool_calls AS calls
              FROM usage_session WHERE has_figures AND {scope.Inside(command)}{and}
              """
            : $"SELECT {session}, {Figures} FROM ({OfModels(command, scope)}) JOIN usage_session_key ON id = session WHERE true{and}";
        return $"""
            WITH edge AS MATERIALIZED (
                SELECT session, {Sum(Figure.Input, Figure.InputRest)} AS input, {Sum(Figure.Output, Figure.OutputRest)} AS output,
                       {Sum(Figure.CacheRead, Figure.CacheReadRest)} AS cache_read, {Sum(Figure.CacheCreation, Figure.CacheCreationRest)} AS cache_creation,
                       {Sum([.. TokenKinds.SelectMany(k => (Figure[])[k.ByEvents(), k.Rest()])])} AS tokens, {Sum(Figure.Cost, Figure.CostRest)} AS cost,
                       {Sum(Figure.ApiRequests)} AS requests, {Sum(Figure.ApiErrors)} AS errors, {Sum(Figure.Prompts)} AS prompts, {Sum(Figure.ToolCalls)} AS calls
                FROM ({scope.AmountsOf(command, scope.Straddling(command))}) WHERE value <> 0 GROUP BY session),
            usage_session_key AS (
                SELECT id, session_id, first_unix_nano, last_unix_nano, received_unix_nano, project, machine, resource, is_named FROM usage_session),
            fitting AS (
                SELECT * FROM ({inside} UNION ALL SELECT {session}, {Figures} FROM edge JOIN usage_session_key ON id = session WHERE true{and})
                {(asked.MinCostNanoUsd is null ? "" : "WHERE cost >= $cost")})
            """;
    }

    private static string OfModels(SqliteCommand command, Scope scope)
    {
        static string Of(BilledKind kind) => $"sum({FigureColumns.Of(kind.ByEvents())} + {FigureColumns.Of(kind.Rest())})";
        return $"""
            SELECT session, {Of(BilledKind.Input)} AS input, {Of(BilledKind.Output)} AS output, {Of(BilledKind.CacheRead)} AS cache_read,
                   {Of(BilledKind.CacheCreation)} AS cache_creation, {string.Join(" + ", TokenKinds.Select(Of))} AS tokens, {Of(BilledKind.Cost)} AS cost,
                   sum(api_requests) AS requests, sum(api_errors) AS errors, sum(prompts) AS prompts, sum(tool_calls) AS calls
            FROM usage_session_model
            WHERE session IN (SELECT id FROM usage_session WHERE {scope.Inside(command)}){scope.AndModel(command)}
                  AND ({string.Join(" OR ", FigureColumns.All.Select(c => $"{c} <> 0"))}) GROUP BY session
            """;
    }

    private static string Page(string fitting, SessionsAsked asked)
    {
        string order = $"sort_key {(asked.Ascending ? "ASC" : "DESC")}, shown_id";
        return $"""
            {fitting}, shown AS MATERIALIZED (
                SELECT *, {Key(asked.Sort)} AS sort_key, session_id AS shown_id FROM fitting ORDER BY {order} LIMIT $limit OFFSET $offset)
            SELECT usage_session.session_id, received_unix_nano > $active, usage_session.first_unix_nano, usage_session.last_unix_nano,
                   (SELECT group_concat(name, char(10)) FROM usage_name WHERE id IN (SELECT model FROM usage_witness w WHERE w.session = shown.id)),
                   project, machine, shown.input, shown.output, shown.cache_read, shown.cache_creation, cost, requests, errors, shown.prompts, calls,
                   (SELECT name FROM usage_name WHERE id = (
                       SELECT tool FROM usage_tool t WHERE t.session = shown.id ORDER BY time_unix_nano DESC LIMIT 1)),
                   is_named, missing_events, verdict
            FROM shown JOIN usage_session ON usage_session.id = shown.id
            ORDER BY {order}
            """;
    }

    private static string Key(SessionSort sort) => sort switch
    {
        SessionSort.Seen => "last_unix_nano",
        SessionSort.Started => "first_unix_nano",
        SessionSort.Duration => "last_unix_nano - first_unix_nano",
        SessionSort.Cost => "cost",
        SessionSort.Tokens => "tokens",
        SessionSort.Output => "output",
        SessionSort.Input => "input",
        SessionSort.Requests => "requests",
        SessionSort.Errors => "errors",
        SessionSort.Prompts => "prompts",
        _ => "session_id",
    };

    private static string Sum(params ReadOnlySpan<Figure> figures) =>
        $"total(iif(figure IN ({string.Join(", ", figures.ToArray().Select(f => (int)f))}), value, 0))";

    private static SessionUsage ReadSession(SqliteDataReader row) => new(
        row.GetString(0),
        row.GetBoolean(17),
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
        ChecksQuery.Of(row.GetInt64(19), row.GetBoolean(1)),
        row.GetInt64(18));
}
