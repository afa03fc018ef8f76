using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>What a session does now, as far as its events tell.</summary>
internal enum Doing
{
    /// <summary>Nothing tells; of a session that sends metrics alone, nothing ever does.</summary>
    Unknown,

    /// <summary>A use of a tool was accepted, and its result has not come.</summary>
    Tool,

    /// <summary>The model is asked: a person has written, or a tool has answered.</summary>
    Thinking,

    /// <summary>The model has answered, and called no tool: it is a person's turn.</summary>
    Waiting,

    /// <summary>The last that happened is that a request failed for good.</summary>
    Error,
}

/// <summary>A session of which something arrived lately.</summary>
/// <param name="Named">False for a group without session ids.</param>
/// <param name="Model">That of its newest request that is not one of Claude Code's own; null where no request is known.</param>
/// <param name="Tool">The tool that runs, while one does.</param>
/// <param name="DoingSince">When it began to; null while nothing is known.</param>
/// <param name="TokensPerMinute">Over the last five minutes.</param>
/// <param name="CostUsd">Like tokens, prompts and errors, of the whole session.</param>
internal sealed record ActiveSession(
    string Id, bool Named, string? Project, string? Branch, string? Name, string? Machine, string? Model, DateTimeOffset StartedAt, DateTimeOffset LastSeenAt, Doing Doing, string? Tool,
    DateTimeOffset? DoingSince, double TokensPerMinute, double CostUsd, double CostUsdLastHour, long Tokens, long Prompts, long ApiErrors);

/// <summary>Who is at work.</summary>
internal static class ActiveSessionsQuery
{
    // The same rule as the summary's.
    private const string IsActive = "received_unix_nano > $since AND did_something";

    private const string OfSession = "session = active.id";

    // Origins as schema.sql numbers them.
    private const int Subagent = 2;
    private const int Auxiliary = 3;

    // A request of a subagent is followed by the main one; Claude Code's own requests say nothing of what it does.
    private static readonly string Newest = $"""
        SELECT newest.id FROM usage_session_model JOIN usage_request newest ON newest.id = (
            SELECT id FROM usage_request request WHERE request.session = usage_session_model.session AND request.model = usage_session_model.model
                AND origin <> {Auxiliary} ORDER BY time_unix_nano DESC LIMIT 1)
        WHERE usage_session_model.session = active.id ORDER BY newest.time_unix_nano DESC LIMIT 1
        """;

    /// <summary>All active sessions that have an id, as the summary counts them.</summary>
    public static long Count(SqliteConnection connection, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM usage_session WHERE {IsActive} AND is_named";
        command.Parameters.AddWithValue("$since", UnixNano.From(now - Limits.ActiveSession));
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>The one that did something last first.</summary>
    /// <param name="paces">What each was billed of late.</param>
    public static IReadOnlyList<ActiveSession> Read(SqliteConnection connection, IReadOnlyDictionary<long, Pace> paces, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = Sql();
        command.Parameters.AddWithValue("$since", UnixNano.From(now - Limits.ActiveSession));
        command.Parameters.AddWithValue("$limit", Limits.NowSessionsMax);
        List<ActiveSession> sessions = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            sessions.Add(ReadSession(row, paces.GetValueOrDefault(row.GetInt64(0))));
        }

        return sessions;
    }

    private static string Sql() => $"""
        WITH active AS MATERIALIZED (
            SELECT * FROM usage_session WHERE {IsActive} ORDER BY last_unix_nano DESC, session_id LIMIT $limit),
        seen AS MATERIALIZED (
            SELECT active.*, ({Newest}) AS request, (SELECT max(time_unix_nano) FROM usage_prompt WHERE {OfSession}) AS prompt_at,
                   (SELECT max(time_unix_nano) FROM usage_tool WHERE {OfSession}) AS result_at,
                   (SELECT max(time_unix_nano) FROM usage_tally WHERE {OfSession} AND figure = {(int)Figure.ApiErrors}) AS error_at
            FROM active)
        SELECT active.id, session_id, is_named, project, machine, (SELECT name FROM usage_name WHERE id = request.model), first_unix_nano, last_unix_nano,
               prompt_at, result_at, request.time_unix_nano, request.origin,
               EXISTS (SELECT 1 FROM usage_tool WHERE {OfSession} AND usage_tool.request_id = request.request_id), error_at,
               call.accepted_unix_nano, (SELECT name FROM usage_name WHERE id = call.tool), active.cost_nano_usd, tokens, prompts, api_errors, branch, session_name
        FROM seen active LEFT JOIN usage_request request ON request.id = active.request
             LEFT JOIN usage_call call ON call.session = active.id AND call.tool_use_id = (
                SELECT tool_use_id FROM usage_call WHERE {OfSession} AND accepted_unix_nano >= coalesce(prompt_at, 0) AND result_unix_nano IS NULL
                ORDER BY accepted_unix_nano DESC LIMIT 1)
        ORDER BY last_unix_nano DESC, session_id
        """;

    private static ActiveSession ReadSession(SqliteDataReader row, Pace pace)
    {
        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
        (Doing doing, long at) = DoingOf(row);
        return new ActiveSession(
            row.GetString(1), row.GetBoolean(2), Text(3), Text(20), Text(21), Text(4), Text(5), UnixNano.ToTime(row.GetInt64(6)), UnixNano.ToTime(row.GetInt64(7)),
            doing, doing == Doing.Tool ? Text(15) : null, doing == Doing.Unknown ? null : UnixNano.ToTime(at),
            pace.TokensOfMinutes / PaceQuery.Minutes.TotalMinutes, SummaryQuery.Usd(row.GetInt64(16)), SummaryQuery.Usd(pace.CostNanoUsd), row.GetInt64(17),
            row.GetInt64(18), row.GetInt64(19));
    }

    // A tool that runs goes before everything; else the newest says what follows it. Of two at one time the later of these.
    private static (Doing Doing, long At) DoingOf(SqliteDataReader row)
    {
        if (!row.IsDBNull(14))
        {
            return (Doing.Tool, row.GetInt64(14));
        }

        (Doing, long) newest = (Doing.Unknown, long.MinValue);
        // An event of a tool may come before the request that called it.
        bool goesOn = !row.IsDBNull(11) && (row.GetInt64(11) == Subagent || row.GetBoolean(12));
        foreach ((int column, Doing doing) in ((int, Doing)[])[(8, Doing.Thinking), (10, goesOn ? Doing.Thinking : Doing.Waiting), (9, Doing.Thinking), (13, Doing.Error)])
        {
            if (!row.IsDBNull(column) && row.GetInt64(column) >= newest.Item2)
            {
                newest = (doing, row.GetInt64(column));
            }
        }

        return newest;
    }
}
