using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>What the export brought of what transcripts know, of one session or of all whose transcript was imported.</summary>
/// <param name="Requests">That the transcripts know.</param>
/// <param name="Captured">Of these, that the export brought too: Captured / Requests is the capture rate.</param>
/// <param name="OnlyTranscript">Of these, the others: they are counted from the transcript.</param>
/// <param name="OnlyExport">Of the same sessions, that no transcript knows: requests of Claude Code's own.</param>
/// <param name="LowOutputs">Counted from a transcript that knows only how the answer began: more tokens came out.</param>
/// <param name="DerivedCosts">Whose cost is derived from prices.</param>
/// <param name="UnknownCosts">Whose cost is not known and counted as nothing.</param>
internal sealed record Capture(
    long Sessions, long Requests, long Captured, long OnlyTranscript, long OnlyExport, long LowOutputs, long DerivedCosts, long UnknownCosts);

internal static class CaptureQuery
{
    private const string Sums = """
        SELECT count(*), total(requests), total(captured), total(requests - captured), total(api_requests - requests), total(low_outputs), total(derived_costs), total(unknown_costs)
        FROM usage_capture JOIN usage_session ON usage_session.id = session
        """;

    /// <summary>Of all sessions whose transcript was imported.</summary>
    public static Capture ReadAll(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = Sums;
        return Read(command);
    }

    /// <summary>Of one; null where its transcript was not imported.</summary>
    /// <param name="id">As the client sends it.</param>
    public static Capture? Read(SqliteConnection connection, string id)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = Sums + " WHERE session_id = $id";
        command.Parameters.AddWithValue("$id", id);
        return Read(command) is { Sessions: > 0 } capture ? capture : null;
    }

    private static Capture Read(SqliteCommand command)
    {
        using SqliteDataReader row = command.ExecuteReader();
        row.Read();
        return new Capture(
            row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7));
    }
}

/// <summary>What the ledger has of a request that a transcript tells of.</summary>
/// <param name="IsOfSession">False: another session paid for it, and what was asked for is a copy.</param>
internal readonly record struct KnownRequest(RequestWord Word, bool IsWithoutPrice, bool IsOfSession);

/// <summary>Asks the ledger request by request, for an import of many.</summary>
internal sealed class KnownRequests : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _imported;
    private readonly SqliteCommand _exported;

    /// <param name="connection">Is disposed of too.</param>
    public KnownRequests(SqliteConnection connection)
    {
        _connection = connection;
        const string ofSession = "session = coalesce((SELECT id FROM usage_session WHERE session_id = $session), 0)";
        const string first = "min(transcript_unix_nano, time_unix_nano)", last = "max(transcript_unix_nano, time_unix_nano)";
        const string columns = $"told_by, output, cost_nano_usd, time_unix_nano, cost_kind, {ofSession} FROM usage_request";
        _imported = Command($"""
            SELECT {columns} WHERE request_id = $id AND transcript_unix_nano IS NOT NULL
                AND ({ofSession} OR ($at BETWEEN {first} AND {last} AND input = $input AND cache_read = $read AND cache_creation = $creation)
                    OR EXISTS (SELECT 1 FROM usage_telling told WHERE told.request_id = $id AND told.{ofSession} AND $at BETWEEN told.first_unix_nano AND told.last_unix_nano
                        AND told.last_unix_nano >= {first} AND told.first_unix_nano <= {last}))
            ORDER BY {ofSession} DESC LIMIT 1
            """);
        _exported = Command($"SELECT {columns} WHERE {ofSession} AND request_id = $id LIMIT 1");
    }

    /// <summary>One that a transcript told of before; of whichever session, where all else is the same: the one that it was copied from may be gone by now.</summary>
    public KnownRequest? Imported(string session, string requestId, DateTimeOffset at, long input, long cacheRead, long cacheCreation)
    {
        foreach ((string name, object value) in (ReadOnlySpan<(string, object)>)
            [("$session", session), ("$id", requestId), ("$at", UnixNano.From(at)), ("$input", input), ("$read", cacheRead), ("$creation", cacheCreation)])
        {
            _imported.Parameters[name].Value = value;
        }

        return Read(_imported);
    }

    /// <summary>One of a session, whoever told of it.</summary>
    public KnownRequest? Of(string session, string requestId)
    {
        _exported.Parameters["$id"].Value = requestId;
        _exported.Parameters["$session"].Value = session;
        return Read(_exported);
    }

    /// <summary>What the export brought of these sessions and no transcript knows.</summary>
    public long OnlyExport(IEnumerable<string> sessions) => sessions.Sum(s => CaptureQuery.Read(_connection, s)?.OnlyExport ?? 0);

    public void Dispose()
    {
        _imported.Dispose();
        _exported.Dispose();
        _connection.Dispose();
    }

    private static KnownRequest? Read(SqliteCommand command)
    {
        using SqliteDataReader row = command.ExecuteReader();
        return row.Read()
            ? new KnownRequest(new((Teller)row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), row.GetInt64(4) == (long)CostKind.Unknown, row.GetInt64(5) != 0)
            : null;
    }

    private SqliteCommand Command(string sql)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (string name in (string[])["$session", "$id", "$at", "$input", "$read", "$creation"])
        {
            command.Parameters.Add(name, name is "$session" or "$id" ? SqliteType.Text : SqliteType.Integer).Value = 0;
        }

        return command;
    }
}
