using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// The requests of other sessions' exports that transcripts tell of: a forked session's begins with copies of its parent's lines, and where the parent's own is gone, nothing in
/// an old client's copies says whose they are. An event is the same by its numbers and about its time, and its id where it names one, as long as
/// nothing was exported of the transcript's session by then: what comes after that is its own.
/// </summary>
internal sealed class CopiedRequests : IDisposable
{
    private readonly Statement _findExported;
    private readonly Statement _findTold;

    public CopiedRequests(SqliteConnection connection)
    {
        static string NothingExported(string session, string until) => $"""
            NOT EXISTS (SELECT 1 FROM usage_prompt WHERE usage_prompt.session = {session} AND usage_prompt.time_unix_nano <= {until})
                AND NOT EXISTS (SELECT 1 FROM usage_request own WHERE own.session = {session} AND own.time_unix_nano <= {until} AND own.told_by <> {(int)Teller.Transcript})
            """;

        // Few requests are of the same seconds; a model may have nearly all, and its index is not to be taken.
        _findExported = new(connection, $"""
            SELECT id, session FROM usage_request other
            WHERE time_unix_nano BETWEEN ?3 - ?8 AND ?3 + ?8 AND +model = ?2 AND session <> ?1 AND input = ?4 AND cache_read = ?5 AND cache_creation = ?6
                AND told_by <> {(int)Teller.Transcript} AND (request_id = ?9 OR (request_id IS NULL AND output >= ?7)) AND {NothingExported("?1", "other.time_unix_nano")}
            ORDER BY request_id IS NULL, abs(time_unix_nano - ?3), time_unix_nano, id LIMIT 1
            """);

        // Whichever of the sessions that tell of it has the row. Only a transcript knows no duration, so the index leads to what transcripts tell of these seconds: mostly nothing.
        _findTold = new(connection, $"""
            SELECT id, session FROM usage_request other
            WHERE model = ?2 AND duration_ms IS NULL AND time_unix_nano BETWEEN ?3 - ?8 AND ?3 + ?8 AND session <> ?1 AND input = ?4 AND cache_read = ?5
                AND cache_creation = ?6 AND told_by = {(int)Teller.Transcript}
                AND (request_id = ?9 OR (?9 IS NULL AND output <= ?7))
                AND EXISTS (SELECT 1 FROM usage_telling told WHERE told.request_id = other.request_id
                    AND told.last_unix_nano >= min(other.time_unix_nano, other.transcript_unix_nano) AND told.first_unix_nano <= other.time_unix_nano
                    AND (told.session = ?1 OR ({NothingExported("told.session", "?3")})))
            ORDER BY abs(time_unix_nano - ?3), time_unix_nano, id LIMIT 1
            """);
    }

    /// <summary>What another session's export told of a request, of which a transcript tells now.</summary>
    public CopiedRequest? Exported(Utf8Text text, in BilledRequest request, long session, long model) => Find(_findExported, text, request, session, model);

    /// <summary>What another session's transcript alone told of a request, of which its own session's export tells now.</summary>
    public CopiedRequest? Told(Utf8Text text, in BilledRequest request, long session, long model) => Find(_findTold, text, request, session, model);

    public void Dispose()
    {
        _findExported.Dispose();
        _findTold.Dispose();
    }

    private static CopiedRequest? Find(Statement statement, Utf8Text text, in BilledRequest request, long session, long model)
    {
        statement.Begin().Bind(session).Bind(model).Bind(request.TimeUnixNano).Bind(request.Input).Bind(request.CacheRead).Bind(request.CacheCreation)
            .Bind(request.Output).Bind(Limits.TranscriptMatch.Ticks * TimeSpan.NanosecondsPerTick);
        statement.Bind(text, request.RequestId);
        CopiedRequest? found = statement.Step() ? new(statement.Int64(0), statement.Int64(1)) : null;
        statement.Reset();
        return found;
    }
}

/// <summary>A row of the ledger that is another session's.</summary>
internal readonly record struct CopiedRequest(long Id, long Session);
