using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>
/// Keeps the file from growing for ever while the server runs: raw rows that are older than they are to be kept, and the oldest ones of a file that is larger than it
/// may be, are removed by the writer's thread in steps between its commits. Owned by that thread.
/// </summary>
/// <param name="kept">How long; null: for ever.</param>
/// <param name="bytesMax">Of the file; null: no cap.</param>
/// <param name="say">Tells the operator one sentence.</param>
/// <param name="first">Before the first look.</param>
internal sealed class Retention(TimeSpan? kept, long? bytesMax, Action<string> say, TimeSpan first)
{
    /// <summary>Keeps everything.</summary>
    public static Retention None => new(null, null, _ => { }, Timeout.InfiniteTimeSpan);

    private readonly bool _isOn = kept is not null || bytesMax is not null;
    private Removal? _removal;
    private long _dueAt = Environment.TickCount64 + (long)first.TotalMilliseconds;
    private int _looks;
    private bool _isTold;
    private bool _isFailureTold;

    /// <summary>How long the writer may wait for work before the next step.</summary>
    public TimeSpan Wait => !_isOn ? Timeout.InfiniteTimeSpan
        : _removal is not null ? Limits.RetentionPause
        : TimeSpan.FromMilliseconds(Math.Max(0, _dueAt - Environment.TickCount64));

    /// <summary>Does the next step, if one is due.</summary>
    public void Step(SqliteConnection connection)
    {
        if (!_isOn || (_removal is null && Environment.TickCount64 < _dueAt))
        {
            return;
        }

        try
        {
            _removal ??= Begin(connection);
            if (_removal?.Step() == true)
            {
                return;
            }

            _isFailureTold = false;
            bool isOver = _removal is not null && bytesMax is not null;
            End();
            // One that made room for size goes on until there is enough.
            _dueAt = Environment.TickCount64 + (isOver ? 0 : (long)Limits.RetentionInterval.TotalMilliseconds);
        }
        catch (SqliteException e)
        {
            // Whatever it is, the writer goes on. Who reads the log is told once of what may go on for months.
            End();
            _dueAt = Environment.TickCount64 + (long)Limits.RetentionInterval.TotalMilliseconds;
            if (!_isFailureTold)
            {
                say($"old records could not be removed now: {e.Message.TrimEnd('.')}. It is tried again every hour, and not told of again.");
                _isFailureTold = true;
            }
        }
    }

    /// <summary>Ends a removal that is under way, before its connection is closed. The next step begins another.</summary>
    public void End()
    {
        _removal?.Dispose();
        _removal = null;
    }

    // Old rows come first, except where an import brought them later: all is looked at once a day.
    private Removal? Begin(SqliteConnection connection)
    {
        long now = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        long? before = Nano(kept) is { } age ? now - age : null;
        if (bytesMax is { } most && Removal.Used(connection) > most)
        {
            before = Math.Max(before ?? 0, OldestOf(connection, now) is { } oldest ? oldest + Math.Max((now - oldest) / Limits.RetentionSlices, Nano(Limits.RetentionSliceMin)!.Value) : 0);
            if (before > now - Nano(Limits.RetentionSliceMin))
            {
                Tell(most);
                return null;
            }
        }

        return before > 0 && OldestOf(connection, now) < before ? new Removal(connection, before.Value, _looks++ % Limits.RetentionLooksPerWhole == 0 ? int.MaxValue : Limits.RetentionFruitlessMax) : null;
    }

    private void Tell(long most)
    {
        if (!_isTold)
        {
            _isTold = true;
            say($"the database is larger than the {ShownValues.Bytes(most)} that it may be, and no raw records are left to remove but the newest. What is counted stays. Give it more room with --max-db-size.");
        }
    }

    // When the oldest raw row happened, by those that arrived first.
    private static long? OldestOf(SqliteConnection connection, long now)
    {
        long oldest = long.MaxValue;
        foreach ((string table, _, string happened, _) in Prune.Raw)
        {
            using var look = new Statement(connection, $"SELECT min(happened) FROM (SELECT {happened} AS happened FROM {table} ORDER BY id LIMIT {Limits.PruneRowsPerStep})");
            oldest = look.Begin().Step() && !look.IsNull(0) ? Math.Min(oldest, look.Int64(0)) : oldest;
        }

        return oldest < now ? oldest : null;
    }

    private static long? Nano(TimeSpan? time) => time?.Ticks * TimeSpan.NanosecondsPerTick;
}
