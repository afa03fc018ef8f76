using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// Which sessions' transcripts tell of a request, and from when to when: a forked session's begins with copies of its parent's lines, and copies have their
/// times. Two sessions tell of the same request where its id is the same and their times overlap, be it by way of a third one's; only an id is not enough, because some
/// proxies number their own. Times only come to be added, and so the order in which transcripts tell does not matter.
/// </summary>
internal sealed class TellingTable : IDisposable
{
    private readonly Statement _tell;
    private readonly Statement _own;
    private readonly Statement _near;
    private readonly Statement _setPayer;
    private readonly Statement _any;
    private readonly List<Telling> _same = [];

    public TellingTable(SqliteConnection connection)
    {
        _tell = new(connection, """
            INSERT INTO usage_telling (request_id, session, first_unix_nano, last_unix_nano, settled_event_id, cost_nano_usd, cost_kind, prompt_id)
            VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT DO UPDATE SET first_unix_nano = min(first_unix_nano, ?3), last_unix_nano = max(last_unix_nano, ?3), settled_event_id = max(settled_event_id, ?4),
                cost_kind = iif(?5 > cost_nano_usd, ?6, cost_kind), cost_nano_usd = max(cost_nano_usd, ?5), prompt_id = coalesce(prompt_id, ?7)
            """);

        // The session that paid for it comes before the others: of those that are known to have, the one of which it was told last; where none is known,
        // it may be any, as long as it is always the same. Of an id that some proxy gives in each session only those at the same time are looked at.
        const string columns = "session, told.first_unix_nano, told.last_unix_nano, coalesce(payer, 0), told.cost_nano_usd, cost_kind, prompt_id FROM usage_telling told";
        _own = new(connection, $"SELECT {columns} WHERE request_id = ?1 AND session = ?2");
        _near = new(connection, $"""
            SELECT {columns} INDEXED BY usage_telling_time JOIN usage_session ON usage_session.id = session
            WHERE request_id = ?1 AND told.last_unix_nano >= ?2 AND told.first_unix_nano <= ?3
            ORDER BY settled_event_id DESC, is_named DESC, session_id LIMIT {Limits.TellingsOfRequestMax}
            """);
        _setPayer = new(connection, "UPDATE usage_telling SET payer = ?3 WHERE request_id = ?1 AND session = ?2");
        _any = new(connection, "SELECT EXISTS (SELECT 1 FROM usage_telling)");
    }

    /// <summary>No transcript tells of anything, as with whoever never imports: then no export needs to look for what they told.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>Looks at <see cref="IsEmpty"/> anew, as long as it is so: another program may count beside this one.</summary>
    public void Look() => IsEmpty = IsEmpty && _any.Begin().Scalar() == 0;

    /// <summary>A transcript tells of a request.</summary>
    /// <param name="eventId">Where it is stored.</param>
    public void Tell(Utf8Text text, in BilledRequest request, long session, long eventId)
    {
        IsEmpty = false;
        _tell.Begin().Bind(text[request.RequestId]).Bind(session).Bind(request.TimeUnixNano).Bind(request.SessionIsSettled ? eventId : 0)
            .Bind(request.CostNanoUsd).Bind((int)request.CostKind);
        _tell.Bind(text, request.PromptId).Run();
    }

    /// <summary>That another session's export tells of the request that a transcript tells of.</summary>
    public void SetPayer(ReadOnlySpan<byte> requestId, long session, long payer) => _setPayer.Begin().Bind(requestId).Bind(session).Bind(payer).Run();

    /// <summary>What the session's transcript tells of the request, and those that tell of the same one: the session that paid comes first. None where
    /// its transcript tells nothing; good until the next call.</summary>
    public List<Telling> Same(ReadOnlySpan<byte> requestId, long session)
    {
        _same.Clear();
        if (!_own.Begin().Bind(requestId).Bind(session).Step())
        {
            return _same;
        }

        Telling own = Read(_own);
        _own.Reset();
        (long first, long last) = (own.FirstUnixNano, own.LastUnixNano);
        while (true)
        {
            (long firstOfAll, long lastOfAll) = (first, last);
            _same.Clear();
            _near.Begin().Bind(requestId).Bind(first).Bind(last);
            while (_near.Step())
            {
                Telling told = Read(_near);
                (firstOfAll, lastOfAll) = (Math.Min(firstOfAll, told.FirstUnixNano), Math.Max(lastOfAll, told.LastUnixNano));
                _same.Add(told);
            }

            if ((firstOfAll, lastOfAll) == (first, last))
            {
                break;
            }

            (first, last) = (firstOfAll, lastOfAll);
        }

        if (!_same.Exists(t => t.Session == session))
        {
            _same.Add(own);
        }

        return _same;
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_tell, _own, _near, _setPayer, _any])
        {
            statement.Dispose();
        }
    }

    private static Telling Read(Statement row) =>
        new(row.Int64(0), row.Int64(1), row.Int64(2), row.Int64(3), row.Int64(4), (CostKind)row.Int64(5), row.Text(6));
}

/// <summary>What a session's transcript tells of a request, and from when to when.</summary>
/// <param name="Payer">The other session whose export tells of it too; 0 where none is known.</param>
/// <param name="CostNanoUsd">The most that was told; 0 where it is not known.</param>
internal readonly record struct Telling(
    long Session, long FirstUnixNano, long LastUnixNano, long Payer, long CostNanoUsd, CostKind CostKind, byte[]? PromptId);
