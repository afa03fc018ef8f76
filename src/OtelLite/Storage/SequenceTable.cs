using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>
/// The numbers that a process gives its events, and how many are missing between them. In time, the next number continues the process, a
/// lower one is another process (a resumed session starts again at 0), and a higher one leaves a hole: what was lost on the way. The first
/// number of a process says nothing: after /clear it goes on from the session before.
/// </summary>
internal sealed class SequenceTable(SqliteConnection connection) : IDisposable
{
    private readonly Statement _add = new(connection, "INSERT OR IGNORE INTO usage_sequence (session, time_unix_nano, sequence) VALUES (?, ?, ?)");
    private readonly Statement _before = new(connection, "SELECT max(time_unix_nano) FROM usage_sequence WHERE session = ? AND time_unix_nano < ?");
    private readonly Statement _after = new(connection, "SELECT min(time_unix_nano) FROM usage_sequence WHERE session = ? AND time_unix_nano > ?");
    private readonly Statement _missing = new(connection, """
        SELECT coalesce(sum(sequence - before - 1), 0) FROM (
            SELECT sequence, lag(sequence) OVER (ORDER BY time_unix_nano, sequence) AS before
            FROM usage_sequence WHERE session = ? AND time_unix_nano BETWEEN ? AND ?)
        WHERE sequence > before + 1
        """);
    private readonly Statement _setMissing = new(connection, "UPDATE usage_session SET missing_events = missing_events + ? WHERE id = ?");

    // What the open batch adds, by session.
    private readonly Dictionary<long, List<(long TimeUnixNano, long Sequence)>> _new = [];

    public void Add(long session, long timeUnixNano, long sequence)
    {
        if (!_new.TryGetValue(session, out List<(long, long)>? numbers))
        {
            _new[session] = numbers = [];
        }

        numbers.Add((timeUnixNano, sequence));
    }

    /// <summary>Writes what was added. Holes change only between the neighbours of what is new, so only that stretch is looked at, before and after.</summary>
    public void Write()
    {
        foreach ((long session, List<(long TimeUnixNano, long Sequence)> numbers) in _new)
        {
            long first = numbers.Min(n => n.TimeUnixNano);
            long last = numbers.Max(n => n.TimeUnixNano);
            long from = _before.Begin().Bind(session).Bind(first).Scalar() is { } before and not 0 ? before : first;
            long to = _after.Begin().Bind(session).Bind(last).Scalar() is { } after and not 0 ? after : last;
            long missing = Missing(session, from, to);
            foreach ((long time, long sequence) in numbers)
            {
                _add.Begin().Bind(session).Bind(time).Bind(sequence).Run();
            }

            long change = Missing(session, from, to) - missing;
            if (change != 0)
            {
                _setMissing.Begin().Bind(change).Bind(session).Run();
            }
        }

        _new.Clear();
    }

    public void Forget() => _new.Clear();

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_add, _before, _after, _missing, _setMissing])
        {
            statement.Dispose();
        }
    }

    private long Missing(long session, long from, long to) => _missing.Begin().Bind(session).Bind(from).Bind(to).Scalar()!.Value;
}
