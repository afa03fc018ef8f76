using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>One session's figures within the scope.</summary>
/// <param name="Named">False for clients that are told to send no session ids: their records are grouped by user and resource under a made-up id.</param>
/// <param name="Name">What the session is called; like the four that follow, known where Claude Code's status line or hook told it.</param>
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
    string? Name,
    string? Folder,
    string? Repository,
    string? Branch,
    string? PullRequest,
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

    private static readonly string[] Figures =
        ["input", "output", "cache_read", "cache_creation", "cost_nano_usd", "api_requests", "api_errors", "prompts", "tool_calls"];

    public static SessionList Read(SqliteConnection connection, Scope scope, SessionsAsked asked, DateTimeOffset now)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        using SqliteCommand command = connection.CreateCommand();
        string text = SessionText.Condition(connection, command, asked.Text);
        HashSet<long> straddling = scope.Straddling(connection);
        string fitting = Fitting(command, scope, asked, text, straddling, scope.Models.Count > 0 && scope.HoldsMany(connection));
        command.Parameters.AddWithValue("$active", UnixNano.From(now - Limits.ActiveSession));
        command.Parameters.AddWithValue("$limit", asked.Limit);
        command.Parameters.AddWithValue("$offset", asked.Offset);
        command.Parameters.AddWithValue("$cost", asked.MinCostNanoUsd ?? 0);
        // How many they are is known without a look at each, where nothing but their time is asked for.
        bool isOfTime = !scope.IsOfSessions && scope.Models.Count == 0 && text.Length == 0 && !asked.Active && asked.MinCostNanoUsd is null;
        command.CommandText = $"{fitting} SELECT {(isOfTime ? "0" : "(SELECT count(*) FROM inside)")} + (SELECT count(*) FROM in_part)";
        long total = (long)command.ExecuteScalar()! + (isOfTime ? ChecksQuery.CountInside(connection, scope, straddling) : 0);
        command.CommandText = Page(command, fitting, scope, asked);
        List<SessionUsage> sessions = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            sessions.Add(ReadSession(row));
        }

        return new SessionList(total, sessions);
    }

    // Those that lie wholly in the range by their totals, and those that lie in it in part by what they did in it. Of each no more than it is
    // sorted by: of a hundred thousand, all their figures would be three times the work.
    private static string Fitting(SqliteCommand command, Scope scope, SessionsAsked asked, string text, HashSet<long> straddling, bool isLong)
    {
        string and = (asked.Active ? " AND received_unix_nano > $active" : "") + text;
        string andDear = asked.MinCostNanoUsd is null ? "" : " AND cost_nano_usd >= $cost";
        string key = Key(asked.Sort);
        string inside = scope.Models.Count == 0
            ? $"SELECT id, {key} AS sort_key, session_id FROM usage_session WHERE has_figures AND {scope.Inside(command)}{and}{andDear}"
            : $"""
              SELECT session AS id, {OfModel(key)} AS sort_key, session_id FROM {Tables(isLong)}
              WHERE {scope.Inside(command)}{and}{scope.AndModel(command, "m.model")} AND {Scope.DidSomething}
              GROUP BY session {(andDear.Length > 0 ? $"HAVING {OfModel("cost_nano_usd")} >= $cost" : "")}
              """;
        return $"""
            WITH edge AS MATERIALIZED (
                SELECT session, {Sum(Figure.Input, Figure.InputRest)} AS input, {Sum(Figure.Output, Figure.OutputRest)} AS output,
                       {Sum(Figure.CacheRead, Figure.CacheReadRest)} AS cache_read, {Sum(Figure.CacheCreation, Figure.CacheCreationRest)} AS cache_creation,
                       {Sum([.. TokenKinds.SelectMany(k => (Figure[])[k.ByEvents(), k.Rest()])])} AS tokens, {Sum(Figure.Cost, Figure.CostRest)} AS cost_nano_usd,
                       {Sum(Figure.ApiRequests)} AS api_requests, {Sum(Figure.ApiErrors)} AS api_errors, {Sum(Figure.Prompts)} AS prompts,
                       {Sum(Figure.ToolCalls)} AS tool_calls
                FROM ({scope.AmountsOf(command, straddling)}) WHERE value <> 0 GROUP BY session),
            usage_session_key AS NOT MATERIALIZED (
                SELECT id, session_id, first_unix_nano, last_unix_nano, received_unix_nano, project, machine, repository, branch, session_name, resource, is_named FROM usage_session),
            inside AS NOT MATERIALIZED ({inside}),
            in_part AS NOT MATERIALIZED (
                SELECT id, {key} AS sort_key, session_id FROM edge CROSS JOIN usage_session_key ON id = session
                WHERE true{and}{andDear})
            """;
    }

    // Every session's models by the way, where the range holds many sessions: to look for each session's takes twice as long as to pass all.
    private static string Tables(bool isLong) => isLong
        ? "usage_session_model m CROSS JOIN usage_session ON usage_session.id = session"
        : "usage_session CROSS JOIN usage_session_model m ON usage_session.id = session";

    // A column of a session, of some models alone.
    private static string OfModel(string column)
    {
        static string Of(BilledKind kind) => $"sum(m.{FigureColumns.Of(kind.ByEvents())} + m.{FigureColumns.Of(kind.Rest())})";
        return column switch
        {
            "input" => Of(BilledKind.Input),
            "output" => Of(BilledKind.Output),
            "cache_read" => Of(BilledKind.CacheRead),
            "cache_creation" => Of(BilledKind.CacheCreation),
            "cost_nano_usd" => Of(BilledKind.Cost),
            "tokens" => string.Join(" + ", TokenKinds.Select(Of)),
            "api_requests" or "api_errors" or "prompts" or "tool_calls" => $"sum(m.{column})",
            _ => column,
        };
    }

    private static string Page(SqliteCommand command, string fitting, Scope scope, SessionsAsked asked)
    {
        string order = $"sort_key {(asked.Ascending ? "ASC" : "DESC")}";
        (string own, string join) = scope.Models.Count == 0 ? ("usage_session", "") : ("own", $"""
            LEFT JOIN (SELECT session, {string.Join(", ", Figures.Select(f => $"{OfModel(f)} AS {f}"))} FROM usage_session_model m
                       WHERE session IN (SELECT id FROM shown){scope.AndModel(command, "m.model")} GROUP BY session) own ON own.session = shown.id
            """);
        return $"""
            {fitting}, shown AS MATERIALIZED (
                SELECT id, sort_key, session_id AS shown_id
                FROM (SELECT * FROM (SELECT * FROM inside ORDER BY {order}, session_id LIMIT $limit + $offset) UNION ALL SELECT * FROM in_part)
                ORDER BY {order}, session_id LIMIT $limit OFFSET $offset)
            SELECT usage_session.session_id, received_unix_nano > $active, usage_session.first_unix_nano, usage_session.last_unix_nano,
                   (SELECT group_concat(name, char(10)) FROM usage_name WHERE id IN (SELECT model FROM usage_witness w WHERE w.session = shown.id)),
                   project, machine, {string.Join(", ", Figures.Select(f => $"iif(edge.session IS NULL, {own}.{f}, edge.{f})"))},
                   (SELECT name FROM usage_name WHERE id = (
                       SELECT tool FROM usage_tool t WHERE t.session = shown.id ORDER BY time_unix_nano DESC LIMIT 1)),
                   is_named, missing_events, verdict, session_name, folder, repository, branch, pull_request
            FROM shown JOIN usage_session ON usage_session.id = shown.id LEFT JOIN edge ON edge.session = shown.id {join}
            ORDER BY {order}, shown_id
            """;
    }

    private static string Key(SessionSort sort) => sort switch
    {
        SessionSort.Seen => "last_unix_nano",
        SessionSort.Started => "first_unix_nano",
        SessionSort.Duration => "last_unix_nano - first_unix_nano",
        SessionSort.Cost => "cost_nano_usd",
        SessionSort.Tokens => "tokens",
        SessionSort.Output => "output",
        SessionSort.Input => "input",
        SessionSort.Requests => "api_requests",
        SessionSort.Errors => "api_errors",
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
        Text(row, 5),
        Text(row, 6),
        Text(row, 20),
        Text(row, 21),
        Text(row, 22),
        Text(row, 23),
        Text(row, 24),
        new Tokens(row.GetInt64(7), row.GetInt64(8), row.GetInt64(9), row.GetInt64(10)),
        SummaryQuery.Usd(row.GetInt64(11)),
        row.GetInt64(12),
        row.GetInt64(13),
        row.GetInt64(14),
        row.GetInt64(15),
        Text(row, 16),
        ChecksQuery.Of(row.GetInt64(19), row.GetBoolean(1)),
        row.GetInt64(18));

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
