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
    private readonly Statement _all;
    private readonly Statement _setPayer;
    private readonly Statement _any;
    private readonly List<Telling> _others = [];
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
        // it may be any, as long as it is always the same.
        _all = new(connection, $"""
            SELECT session, told.first_unix_nano, told.last_unix_nano, coalesce(payer, 0), told.cost_nano_usd, cost_kind, prompt_id,
                row_number() OVER (ORDER BY settled_event_id DESC, is_named DESC, session_id) AS place
            FROM usage_telling told JOIN usage_session ON usage_session.id = session
            WHERE request_id = ?1 ORDER BY session = ?2 DESC, place LIMIT {Limits.TellingsOfRequestMax}
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
        _others.Clear();
        _all.Begin().Bind(requestId).Bind(session);
        while (_all.Step())
        {
            var told = new Telling(_all.Int64(0), _all.Int64(1), _all.Int64(2), _all.Int64(3), _all.Int64(4), (CostKind)_all.Int64(5), _all.Text(6), _all.Int64(7));
            (told.Session == session ? _same : _others).Add(told);
        }

        if (_same.Count == 0)
        {
            return _same;
        }

        (long first, long last) = (_same[0].FirstUnixNano, _same[0].LastUnixNano);
        while (_others.FindIndex(o => o.FirstUnixNano <= last && o.LastUnixNano >= first) is >= 0 and int next)
        {
            (first, last) = (Math.Min(first, _others[next].FirstUnixNano), Math.Max(last, _others[next].LastUnixNano));
            _same.Add(_others[next]);
            _others.RemoveAt(next);
        }

        _same.Sort((a, b) => a.Place.CompareTo(b.Place));
        return _same;
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_tell, _all, _setPayer, _any])
        {
            statement.Dispose();
        }
    }
}

/// <summary>What a session's transcript tells of a request, and from when to when.</summary>
/// <param name="Payer">The other session whose export tells of it too; 0 where none is known.</param>
/// <param name="CostNanoUsd">The most that was told; 0 where it is not known.</param>
/// <param name="Place">The lower, the rather it is this session that paid.</param>
internal readonly record struct Telling(
    long Session, long FirstUnixNano, long LastUnixNano, long Payer, long CostNanoUsd, CostKind CostKind, byte[]? PromptId, long Place);
