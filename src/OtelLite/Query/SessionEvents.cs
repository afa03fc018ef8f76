using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Query;

/// <summary>One thing that happened in a session, as an event tells it, down to what a timeline shows of it.</summary>
/// <param name="Id">Its row of otel_events, by which all that it says can be asked for.</param>
/// <param name="At">When it ended: events are sent then.</param>
/// <param name="Subject">What it is about: the tool, the model, the agent, the skill.</param>
/// <param name="DurationMs">Null for what takes no time.</param>
/// <param name="Failed">An error, a rejected decision, a tool that failed.</param>
/// <param name="Note">The rest in a few words: who decided, which error, how many tokens before and after.</param>
/// <param name="Text">What a person wrote, where the client sends it.</param>
internal sealed record SessionEvent(
    long Id, DateTimeOffset At, string Name, string? PromptId, string? RequestId, string? Subject, double? DurationMs, bool Failed, string? Note, string? Text);

/// <param name="Truncated">There are more than <see cref="Limits.SessionRowsMax"/>; the oldest are told.</param>
internal sealed record SessionEvents(bool Truncated, IReadOnlyList<SessionEvent> Events);

/// <summary>All that one event says.</summary>
/// <param name="Attributes">One JSON object, in UTF-8, in memory of its own.</param>
internal sealed record StoredEvent(long Id, DateTimeOffset At, string? Name, string? SessionId, Memory<byte> Attributes);

/// <summary>What happened in a session beside its requests, from the events themselves: it is told as long as they are kept.</summary>
internal static class SessionEventsQuery
{
    // What a person who looks at a session asks for. Start-up and housekeeping (plugin_loaded, hook_registered, ...) would bury it.
    private const string Told = """
        'user_prompt', 'api_request', 'api_error', 'api_retries_exhausted', 'api_refusal', 'tool_decision', 'tool_result', 'compaction', 'subagent_completed', 'skill_activated',
        'permission_mode_changed', 'internal_error', 'transcript_request'
        """;

    /// <summary>In the order in which they happened.</summary>
    /// <param name="id">As the client sends it.</param>
    public static SessionEvents Read(SqliteConnection connection, string id)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT otel_events.id, iif(time_unix_nano <> 0, time_unix_nano, observed_time_unix_nano) AS at, event_name, prompt_id, attributes ->> 'request_id',
                   coalesce(attributes ->> 'tool_name', attributes ->> 'agent_type', attributes ->> 'skill.name', attributes ->> 'command_name', attributes ->> 'to_mode',
                            attributes ->> 'model'),
                   CAST(coalesce(attributes ->> 'duration_ms', attributes ->> 'total_retry_duration_ms') AS REAL),
                   event_name IN ('api_error', 'api_retries_exhausted', 'api_refusal', 'internal_error') OR coalesce(attributes ->> 'success', 'true') IN ('false', 0)
                       OR coalesce(attributes ->> 'decision', '') = 'reject',
                   coalesce(attributes ->> 'error', attributes ->> 'error_type', attributes ->> 'decision' || ' by ' || (attributes ->> 'source'),
                            (attributes ->> 'pre_tokens') || ' to ' || (attributes ->> 'post_tokens') || ' tokens', attributes ->> 'trigger'),
                   nullif(attributes ->> 'prompt', '{Redacted}')
            FROM usage_raw CROSS JOIN otel_events ON otel_events.id BETWEEN usage_raw.first_id AND usage_raw.last_id
            WHERE usage_raw.session = (SELECT id FROM usage_session WHERE session_id = $session) AND signal = {(int)Signal.Logs} AND event_name IN ({Told})
            ORDER BY at, otel_events.id LIMIT $limit
            """;
        command.Parameters.AddWithValue("$session", id);
        command.Parameters.AddWithValue("$limit", Limits.SessionRowsMax + 1);
        List<SessionEvent> events = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
            events.Add(new SessionEvent(
                row.GetInt64(0), UnixNano.ToTime(row.GetInt64(1)), row.GetString(2), Text(3), Text(4), Text(5), row.IsDBNull(6) ? null : row.GetDouble(6),
                row.GetBoolean(7), Cut(Text(8)), Cut(Text(9))));
        }

        bool truncated = events.Count > Limits.SessionRowsMax;
        return new SessionEvents(truncated, truncated ? events[..Limits.SessionRowsMax] : events);
    }

    /// <summary>Null when there is none of this id. Its attributes are rented from <see cref="Pooled"/>: they may be megabytes, and as an array of the collector they would lie about.</summary>
    public static StoredEvent? ReadOne(SqliteConnection connection, long id)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT id, iif(time_unix_nano <> 0, time_unix_nano, observed_time_unix_nano), event_name, session_id, attributes FROM otel_events WHERE id = $id
            """;
        command.Parameters.AddWithValue("$id", id);
        using SqliteDataReader row = command.ExecuteReader();
        if (!row.Read())
        {
            return null;
        }

        ReadOnlySpan<byte> stored = SQLitePCL.raw.sqlite3_column_blob(row.Handle, 4);
        Memory<byte> attributes = Pooled.Rent(stored.Length);
        stored.CopyTo(attributes.Span);
        return new StoredEvent(
            row.GetInt64(0), UnixNano.ToTime(row.GetInt64(1)), row.IsDBNull(2) ? null : row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), attributes[..stored.Length]);
    }

    // What the client puts in the place of a text that it was not told to send.
    private const string Redacted = "<REDACTED>";

    // A list has room for a line; the whole is in the event itself.
    private static string? Cut(string? text) =>
        text is { Length: > Limits.EventTextCharactersMax } ? string.Concat(text.AsSpan(0, Limits.EventTextCharactersMax), "…") : text;
}
