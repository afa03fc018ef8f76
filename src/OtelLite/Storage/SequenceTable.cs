using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// The numbers that a process gives its events, and how many are missing between them. A process numbers from 0 on and says nowhere which
/// it is; a session is written by several of them, one after the other or at once, and a process goes from session to session. So:
/// <list type="bullet">
/// <item>Where a session has a number several times, those of a level are one chain: the first of each number in time, the second of each, ...</item>
/// <item>Between two neighbours of a chain that are no successors there is a hole, if the lower number was given first. Numbers of two processes
/// that write at once so leave none, and neither does a clock that steps back.</item>
/// <item>Nothing is missing in a hole if the same user gave the number right before its end in another session meanwhile: after /clear the
/// process was there.</item>
/// </list>
/// This is a function of the set of numbers, whatever the order in which they come (but for the last of what follows), and a new number changes only what is next to it. What it
/// can't tell: what is missing at the start or the end of a process; what another process of the same session numbered too, before or later, when
/// that one ended inside of the hole; a hole of which another session happens to have the last number in time; that a process was in another session, if
/// its user has begun more than <see cref="Limits.SequenceSessionsMax"/> between that one and the end of the hole.
/// </summary>
internal sealed class SequenceTable : IDisposable
{
    private readonly Statement _at;
    private readonly Statement _add;
    private readonly Statement _set;
    private readonly Statement _last;
    private readonly Statement _hasHole;
    private readonly Statement _before;
    private readonly Statement _after;
    private readonly Statement _isElsewhere;
    private readonly Statement _setHole;
    private readonly Statement _removeHole;
    private readonly Statement _fillElsewhere;
    private readonly Statement _addSender;
    private readonly Statement _begunAt;
    private readonly SessionTable _sessions;

    // Since when a sender has numbers in a session, as usage_sender has it.
    private readonly Dictionary<(long Sender, long Session), long> _begun = [];

    // The highest number of a session's first level; null where it has none. A number past it, as nearly all are, needs no look at the others.
    private readonly Dictionary<long, Number?> _lasts = [];

    // What the open batch adds.
    private readonly List<(long Session, Number Number)> _new = [];

    /// <param name="sessions">Told of every session whose holes change.</param>
    public SequenceTable(SqliteConnection connection, SessionTable sessions)
    {
        _sessions = sessions;
        _at = new(connection, "SELECT time_unix_nano, sender FROM usage_sequence WHERE session = ? AND level = ? AND sequence = ?");
        _add = new(connection, "INSERT INTO usage_sequence (session, level, sequence, time_unix_nano, sender) VALUES (?, ?, ?, ?, ?)");
        _addSender = new(connection, "INSERT OR IGNORE INTO usage_sender (sender, begun_unix_nano, session) VALUES (?, ?, ?)");
        _begunAt = new(connection, BegunAt);
        _last = new(connection, "SELECT sequence, time_unix_nano, sender FROM usage_sequence WHERE session = ? AND level = 1 ORDER BY sequence DESC LIMIT 1");
        _hasHole = new(connection, "SELECT 1 FROM usage_hole WHERE sequence = ? AND sender = ? LIMIT 1");
        _set = new(connection, "INSERT OR REPLACE INTO usage_sequence (session, level, sequence, time_unix_nano, sender) VALUES (?, ?, ?, ?, ?)");
        _before = new(connection, """
            SELECT sequence, time_unix_nano FROM usage_sequence WHERE session = ? AND level = ? AND sequence < ? ORDER BY sequence DESC LIMIT 1
            """);
        _after = new(connection, """
            SELECT sequence, time_unix_nano, sender FROM usage_sequence WHERE session = ? AND level = ? AND sequence > ? ORDER BY sequence LIMIT 1
            """);
        _isElsewhere = new(connection, $"{IsElsewhere("?1", "?2", "?3", "?4", "?5")} LIMIT 1");
        _setHole = new(connection, """
            INSERT OR REPLACE INTO usage_hole (session, level, sequence, since_unix_nano, time_unix_nano, sender, missing) VALUES (?, ?, ?, ?, ?, ?, ?)
            """);
        _removeHole = new(connection, "DELETE FROM usage_hole WHERE session = ? AND level = ? AND sequence = ?");
        _fillElsewhere = new(connection, """
            UPDATE usage_hole SET missing = 0
            WHERE sequence = ? AND sender = ? AND since_unix_nano <= ?3 AND time_unix_nano >= ?3 AND session <> ? AND missing > 0 RETURNING session
            """);
    }

    /// <summary>
    /// Since when a sender (?1) has numbers in a session (?2). Looked for from where the session began, which is where it stands but for who came to it later. Behind so many that were begun meanwhile
    /// it is not found, and the session gets another row, which takes one more of the places below.
    /// </summary>
    public static string BegunAt { get; } = $"""
        SELECT begun_unix_nano FROM (
            SELECT begun_unix_nano, session FROM usage_sender WHERE sender = ?1 AND begun_unix_nano >= (SELECT first_unix_nano FROM usage_session WHERE id = ?2)
                ORDER BY begun_unix_nano LIMIT {Limits.SequenceSessionsMax})
        WHERE session = ?2 LIMIT 1
        """;

    /// <summary>
    /// A row where the sender gave the number in another session meanwhile. Of the sessions that it had begun by then the newest are looked at first. A number that stands in one several times has
    /// every level up to its last, in the order of time; hardly any stands there twice.
    /// </summary>
    public static string IsElsewhere(string sequence, string sender, string since, string until, string session) => $"""
        SELECT 1 FROM (SELECT session AS place FROM usage_sender WHERE sender = {sender} AND begun_unix_nano <= {until} ORDER BY begun_unix_nano DESC LIMIT {Limits.SequenceSessionsMax})
            CROSS JOIN usage_sequence one ON one.session = place AND one.level = 1 AND one.sequence = {sequence}
        WHERE place <> {session} AND one.time_unix_nano <= {until} AND (one.sender = {sender} AND one.time_unix_nano >= {since}
            OR EXISTS (SELECT 1 FROM usage_sequence two WHERE two.session = place AND two.level = 2 AND two.sequence = {sequence})
                AND EXISTS (SELECT 1 FROM usage_sequence near WHERE near.session = place AND near.level IN ({Levels}) AND near.sequence = {sequence}
                    AND near.sender = {sender} AND near.time_unix_nano BETWEEN {since} AND {until}))
        """;

    /// <summary>Whether each session in which a sender has numbers is known to be one. Reads all numbers once.</summary>
    public static bool AreSendersAsMade(SqliteConnection connection)
    {
        using var ask = new Statement(connection, "SELECT NOT EXISTS (SELECT sender, session FROM usage_sequence EXCEPT SELECT sender, session FROM usage_sender)");
        return ask.Begin().Scalar() == 1;
    }

    /// <summary>Makes that anew from the numbers, in the transaction that is open.</summary>
    public static void MakeSenders(SqliteConnection connection) => Database.Execute(
        connection, "DELETE FROM usage_sender; INSERT INTO usage_sender SELECT sender, min(time_unix_nano), session FROM usage_sequence GROUP BY sender, session");

    private static string Levels { get; } = string.Join(',', Enumerable.Range(2, Limits.SequenceLevelsMax - 1));

    private readonly record struct Number(long Sequence, long TimeUnixNano, long Sender);

    public void Add(long session, in EventSequence number) => _new.Add((session, new(number.Sequence, number.TimeUnixNano, number.Sender)));

    /// <summary>Writes what was added, and the holes that it makes, moves or fills.</summary>
    public void Write()
    {
        foreach ((long session, Number number) in _new)
        {
            NoteSender(session, number);
            if (Put(session, number))
            {
                FillElsewhere(session, number);
            }
        }

        _new.Clear();
        if (_lasts.Count > Limits.IdCacheMax)
        {
            _lasts.Clear();
        }

        if (_begun.Count > Limits.IdCacheMax)
        {
            _begun.Clear();
        }
    }

    public void Forget()
    {
        _new.Clear();
        _lasts.Clear();
        _begun.Clear();
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_at, _add, _addSender, _begunAt, _set, _last, _hasHole, _before, _after, _isElsewhere, _setHole, _removeHole, _fillElsewhere])
        {
            statement.Dispose();
        }
    }

    // Before its numbers, which are looked for by it. A session without any is not looked for among all that the sender has.
    private void NoteSender(long session, Number number)
    {
        (long, long) pair = (number.Sender, session);
        if (!_begun.TryGetValue(pair, out long begun))
        {
            begun = Last(session) is null ? long.MaxValue : _begunAt.Begin().Bind(number.Sender).Bind(session).Scalar() ?? long.MaxValue;
        }

        if (number.TimeUnixNano < begun)
        {
            begun = number.TimeUnixNano;
            _addSender.Begin().Bind(number.Sender).Bind(begun).Bind(session).Run();
        }

        _begun[pair] = begun;
    }

    // Into the first level that has not this number, and on the way before those that were given later. False for one that is there already, or
    // is past the last level.
    private bool Put(long session, Number number)
    {
        Number? last = Last(session);
        if (last is null || number.Sequence > last.Value.Sequence)
        {
            Bind(_add, session, 1, number).Run();
            if (last is { } before)
            {
                SetHole(session, 1, before.Sequence, before.TimeUnixNano, number, wasThere: false);
            }

            _lasts[session] = number;
            return true;
        }

        bool isWritten = false;
        for (int level = 1; level <= Limits.SequenceLevelsMax; level++)
        {
            if (!_at.Begin().Bind(session).Bind(level).Bind(number.Sequence).Step())
            {
                Set(session, level, number, isNew: true);
                return true;
            }

            Number there = number with { TimeUnixNano = _at.Int64(0), Sender = _at.Int64(1) };
            _at.Reset();
            if (there == number)
            {
                return false;
            }

            if ((number.TimeUnixNano, number.Sender).CompareTo((there.TimeUnixNano, there.Sender)) < 0)
            {
                Set(session, level, number, isNew: false);
                number = there;
                isWritten = true;
            }
        }

        return isWritten;
    }

    private void Set(long session, int level, Number number, bool isNew)
    {
        Bind(_set, session, level, number).Run();
        if (level == 1 && number.Sequence == Last(session)?.Sequence)
        {
            _lasts[session] = number;
        }

        if (_before.Begin().Bind(session).Bind(level).Bind(number.Sequence).Step())
        {
            (long before, long since) = (_before.Int64(0), _before.Int64(1));
            _before.Reset();
            SetHole(session, level, before, since, number, wasThere: !isNew);
        }

        if (_after.Begin().Bind(session).Bind(level).Bind(number.Sequence).Step())
        {
            var after = new Number(_after.Int64(0), _after.Int64(1), _after.Int64(2));
            _after.Reset();
            SetHole(session, level, number.Sequence, number.TimeUnixNano, after, wasThere: true);
        }
    }

    private Number? Last(long session)
    {
        if (!_lasts.TryGetValue(session, out Number? last))
        {
            last = _last.Begin().Bind(session).Step() ? new(_last.Int64(0), _last.Int64(1), _last.Int64(2)) : null;
            _last.Reset();
            _lasts[session] = last;
        }

        return last;
    }

    private static Statement Bind(Statement statement, long session, int level, Number number) =>
        statement.Begin().Bind(session).Bind(level).Bind(number.Sequence).Bind(number.TimeUnixNano).Bind(number.Sender);

    private void SetHole(long session, int level, long before, long since, Number after, bool wasThere)
    {
        if (before + 1 < after.Sequence && since <= after.TimeUnixNano)
        {
            bool isElsewhere = _isElsewhere.Begin().Bind(after.Sequence - 1).Bind(after.Sender).Bind(since).Bind(after.TimeUnixNano).Bind(session).Scalar() is not null;
            _setHole.Begin().Bind(session).Bind(level).Bind(after.Sequence).Bind(since).Bind(after.TimeUnixNano).Bind(after.Sender)
                .Bind(isElsewhere ? 0 : after.Sequence - before - 1).Run();
            _sessions.Change(session);
        }
        else if (wasThere && _removeHole.Begin().Bind(session).Bind(level).Bind(after.Sequence).Run() > 0)
        {
            _sessions.Change(session);
        }
    }

    // Other sessions' holes that end right behind this number.
    private void FillElsewhere(long session, Number number)
    {
        // There is hardly ever one, and asking takes a tenth of an update that changes nothing.
        if (_hasHole.Begin().Bind(number.Sequence + 1).Bind(number.Sender).Scalar() is null)
        {
            return;
        }

        _fillElsewhere.Begin().Bind(number.Sequence + 1).Bind(number.Sender).Bind(number.TimeUnixNano).Bind(session);
        while (_fillElsewhere.Step())
        {
            _sessions.Change(_fillElsewhere.Int64(0));
        }
    }
}
