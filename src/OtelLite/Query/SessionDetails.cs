using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>What the two witnesses say of one model and kind. Tokens, or dollars for the kind "cost".</summary>
/// <param name="Transcripts">Of requests that only the transcript tells of; they count beside those of the events.</param>
internal sealed record WitnessSays(string Model, string Kind, double Metrics, double Events, double Transcripts);

/// <summary>One billed request. What its client did not send is null.</summary>
/// <param name="QuerySource">What the client says that it is for.</param>
/// <param name="Origin">What that comes to: main, subagent, auxiliary.</param>
/// <param name="ToldBy">Whose numbers these are: event, span, transcript.</param>
/// <param name="Cost">How the cost came about: reported, derived from prices, unknown and counted as nothing.</param>
/// <param name="OutputTooLow">More came out than its transcript knows.</param>
internal sealed record RequestUsage(
    DateTimeOffset At, string? RequestId, string Model, Tokens Tokens, long? CacheCreation5m, long? CacheCreation1h, double CostUsd, long? DurationMs, long? TtftMs,
    string? QuerySource, string? Origin, string? Agent, string? Skill, string? McpServer, string? McpTool, string ToldBy, string Cost, bool OutputTooLow);

internal sealed record ToolCallUsage(DateTimeOffset At, string Tool, bool Succeeded, long DurationMs);

/// <summary>A prompt with all that it set in motion. What no prompt is named for has the id null.</summary>
/// <param name="Kind">human, command, taskNotification; shell for a "!" command, which has requests and no prompt of its own; unknown where that
/// can't be told from a prompt whose event is lost; none.</param>
internal sealed record PromptUsage(
    string? PromptId, string Kind, string? Command, DateTimeOffset StartedAt, double CostUsd, IReadOnlyList<RequestUsage> Requests, IReadOnlyList<ToolCallUsage> ToolCalls);

/// <param name="ToolCallsWithoutResult">Uses of tools that were accepted and whose result never came, or not yet.</param>
/// <param name="Capture">What the export brought of what its transcript knows; null where that was not imported.</param>
/// <param name="Truncated">There is more than <see cref="Limits.SessionRowsMax"/> of a kind; the oldest are shown.</param>
internal sealed record SessionDetails(
    SessionUsage Session, IReadOnlyList<WitnessSays> Witnesses, long ToolCallsWithoutResult, bool Truncated, IReadOnlyList<PromptUsage> Prompts, Capture? Capture);

/// <summary>One session, prompt by prompt.</summary>
internal static class SessionDetailsQuery
{
    /// <summary>Null when there is no such session, or one that did nothing.</summary>
    public static SessionDetails? Read(SqliteConnection connection, string id, DateTimeOffset now)
    {
        if (SessionsQuery.Read(connection, new Scope { Sessions = [id] }, new SessionsAsked { Limit = 1 }, now).Sessions is not [var session])
        {
            return null;
        }

        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        long row = Scalar(connection, "SELECT id FROM usage_session WHERE session_id = $id", ("$id", id));
        Dictionary<string, List<RequestUsage>> requests = Requests(connection, row, out int requestRows);
        Dictionary<string, List<ToolCallUsage>> tools = ToolCalls(connection, row, out int toolRows);
        Dictionary<string, (string Kind, string? Command, DateTimeOffset At)> prompts = Prompts(connection, row, out int promptRows);
        IEnumerable<PromptUsage> all = prompts.Keys.Union(requests.Keys).Union(tools.Keys).Select(prompt =>
        {
            List<RequestUsage> asked = requests.GetValueOrDefault(prompt) ?? [];
            List<ToolCallUsage> called = tools.GetValueOrDefault(prompt) ?? [];
            bool isKnown = prompts.TryGetValue(prompt, out (string Kind, string? Command, DateTimeOffset At) said);
            DateTimeOffset at = isKnown ? said.At : asked.Select(r => r.At).Concat(called.Select(t => t.At)).Min();
            string kind = isKnown ? said.Kind : prompt.Length == 0 ? "none" : session.MissingEvents > 0 ? "unknown" : "shell";
            return new PromptUsage(
                prompt.Length > 0 ? prompt : null, kind, said.Command, at, (double)asked.Sum(r => (decimal)r.CostUsd), asked, called);
        });
        return new SessionDetails(
            session,
            Witnesses(connection, row),
            Scalar(connection, "SELECT open_calls FROM usage_session WHERE session_id = $id", ("$id", id)),
            Math.Max(requestRows, Math.Max(toolRows, promptRows)) >= Limits.SessionRowsMax,
            [.. all.OrderBy(p => p.StartedAt)],
            CaptureQuery.Read(connection, id));
    }

    private static List<WitnessSays> Witnesses(SqliteConnection connection, long session)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT name, kind, metrics, events - transcripts, transcripts FROM usage_witness JOIN usage_name ON usage_name.id = model WHERE session = $session ORDER BY name, kind
            """;
        command.Parameters.AddWithValue("$session", session);
        List<WitnessSays> witnesses = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            var kind = (BilledKind)row.GetInt64(1);
            double Value(int column) => kind == BilledKind.Cost ? SummaryQuery.Usd(row.GetInt64(column)) : row.GetInt64(column);
            witnesses.Add(new WitnessSays(row.GetString(0), NameOf(kind), Value(2), Value(3), Value(4)));
        }

        return witnesses;
    }

    private static string NameOf(BilledKind kind) => kind switch
    {
        BilledKind.Input => "input",
        BilledKind.Output => "output",
        BilledKind.CacheRead => "cacheRead",
        BilledKind.CacheCreation => "cacheCreation",
        _ => "cost",
    };

    private static Dictionary<string, List<RequestUsage>> Requests(SqliteConnection connection, long session, out int rows) => ByPrompt(
        connection, session, out rows,
        """
        SELECT coalesce(prompt_id, ''), time_unix_nano, request_id, model.name, input, output, cache_read, cache_creation, cache_creation_5m, cache_creation_1h,
               cost_nano_usd, duration_ms, ttft_ms, nullif(source.name, ''), agent.name, skill.name, server.name, tool.name, origin, told_by, cost_kind,
               output_is_low
        FROM usage_request request JOIN usage_name model ON model.id = request.model JOIN usage_name source ON source.id = query_source
             LEFT JOIN usage_name agent ON agent.id = request.agent LEFT JOIN usage_name skill ON skill.id = request.skill
             LEFT JOIN usage_name server ON server.id = mcp_server LEFT JOIN usage_name tool ON tool.id = mcp_tool
        WHERE session = $session ORDER BY time_unix_nano LIMIT $limit
        """,
        row => new RequestUsage(
            UnixNano.ToTime(row.GetInt64(1)), Text(row, 2), row.GetString(3), new Tokens(row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7)),
            Number(row, 8), Number(row, 9), SummaryQuery.Usd(row.GetInt64(10)), Number(row, 11), Number(row, 12),
            Text(row, 13), OriginOf(row.GetInt64(18)), Text(row, 14), Text(row, 15), Text(row, 16), Text(row, 17), TellerOf((Teller)row.GetInt64(19)),
            CostOf((CostKind)row.GetInt64(20)), row.GetBoolean(21)));

    private static Dictionary<string, List<ToolCallUsage>> ToolCalls(SqliteConnection connection, long session, out int rows) => ByPrompt(
        connection, session, out rows,
        """
        SELECT coalesce(prompt_id, (SELECT prompt_id FROM usage_request request WHERE request.session = call.session AND request.request_id = call.request_id), ''),
               time_unix_nano, name, succeeded, duration_ms
        FROM usage_tool call JOIN usage_name ON usage_name.id = tool WHERE session = $session ORDER BY time_unix_nano LIMIT $limit
        """,
        row => new ToolCallUsage(UnixNano.ToTime(row.GetInt64(1)), row.GetString(2), row.GetBoolean(3), row.GetInt64(4)));

    private static Dictionary<string, (string Kind, string? Command, DateTimeOffset At)> Prompts(SqliteConnection connection, long session, out int rows)
    {
        Dictionary<string, List<(string Kind, string? Command, DateTimeOffset At)>> all = ByPrompt(
            connection, session, out rows,
            """
            SELECT coalesce(prompt_id, ''), time_unix_nano, kind, name
            FROM usage_prompt LEFT JOIN usage_name ON usage_name.id = command WHERE session = $session ORDER BY time_unix_nano LIMIT $limit
            """,
            row => (KindOf((PromptKind)row.GetInt64(2)), Text(row, 3), UnixNano.ToTime(row.GetInt64(1))));
        return all.Where(p => p.Key.Length > 0).ToDictionary(p => p.Key, p => p.Value[0]);
    }

    // As schema.sql numbers them.
    private static string? OriginOf(long origin) => origin switch
    {
        1 => "main",
        2 => "subagent",
        3 => "auxiliary",
        _ => null,
    };

    private static string TellerOf(Teller teller) => teller switch
    {
        Teller.Span => "span",
        Teller.Transcript => "transcript",
        _ => "event",
    };

    private static string CostOf(CostKind kind) => kind switch
    {
        CostKind.Derived => "derived",
        CostKind.Unknown => "unknown",
        _ => "reported",
    };

    private static string KindOf(PromptKind kind) => kind switch
    {
        PromptKind.Command => "command",
        PromptKind.TaskNotification => "taskNotification",
        _ => "human",
    };

    // The first column is the prompt's id, empty where there is none.
    private static Dictionary<string, List<T>> ByPrompt<T>(SqliteConnection connection, long session, out int rows, string sql, Func<SqliteDataReader, T> read)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$session", session);
        command.Parameters.AddWithValue("$limit", Limits.SessionRowsMax);
        Dictionary<string, List<T>> byPrompt = [];
        rows = 0;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            rows++;
            string prompt = row.GetString(0);
            if (!byPrompt.TryGetValue(prompt, out List<T>? list))
            {
                byPrompt[prompt] = list = [];
            }

            list.Add(read(row));
        }

        return byPrompt;
    }

    private static long Scalar(SqliteConnection connection, string sql, (string Name, object Value) parameter)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue(parameter.Name, parameter.Value);
        return (long)command.ExecuteScalar()!;
    }

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static long? Number(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);
}
