using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>
/// The one writer: a thread that takes what waits in the queue, writes it in one transaction and then answers all of it. So one
/// fsync serves many requests, and nobody hears "yes" before the commit is on disk.
/// </summary>
internal sealed class BatchWriter : IDisposable
{
    private const string TakenAway = "the database file was deleted or replaced while it was in use";

    private readonly IngestQueue _queue;
    private readonly Action<long> _committed;
    private readonly Action<string> _say;
    private readonly Action _troubled;
    private readonly Thread _thread;

    // Owned by the writer's thread. What belongs to the connection is made anew with it.
    private OpenTables _tables;
    private OpenedFile _file;
    private bool _isOpen;
    private bool _isTakenAway;
    private readonly Mending? _mending;
    private readonly Retention _retention;
    private readonly bool _defers;
    private long _commits;
    private bool _wasStream;
    private long _lastWork;

    // Written by the writer's thread, read by any.
    private volatile string? _trouble;
    private volatile bool _hasUncounted;
    private long _busySince;

    // Written by any thread that found it, and taken back by the writer's.
    private volatile string? _damage;
    private int _damageTimes;
    private long _damageFirstAt;

    /// <param name="committed">Called on the writer's thread after each commit by which figures changed, with its number.</param>
    /// <param name="say">Tells the operator one sentence; called when trouble begins and when it ends.</param>
    /// <param name="retention">What is removed in between; null: nothing.</param>
    /// <param name="mending">What is done where the file is damaged or was taken away; null: it is only told.</param>
    /// <param name="troubled">Called when trouble begins and when it ends, after it is said.</param>
    /// <param name="defers">While much arrives, what is stored is counted a moment later (<see cref="Uncounted"/>). Only for the one that has the folder for itself.</param>
    public BatchWriter(
        SqliteConnection connection, IngestQueue queue, Action<long> committed, Action<string> say, Retention? retention = null, Mending? mending = null, Action? troubled = null,
        bool defers = false)
    {
        _defers = defers;
        _retention = retention ?? Retention.None;
        _mending = mending;
        _troubled = troubled ?? (() => { });
        _queue = queue;
        _committed = committed;
        _say = say;
        Use(connection);
        _thread = new Thread(Run) { Name = "writer", IsBackground = true };
        _thread.Start();
    }

    [MemberNotNull(nameof(_tables), nameof(_file))]
    private void Use(SqliteConnection connection)
    {
        try
        {
            _tables = new OpenTables(connection, _defers);
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        _file = new OpenedFile(connection.DataSource);
        _isOpen = true;
        if (_defers)
        {
            CountLeft(connection);
        }
    }

    private void CountLeft(SqliteConnection connection)
    {
        try
        {
            Uncounted.CountLeft(connection);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _say($"what was stored last can't be counted now, and is at the next start: {e.Message}");
        }
    }

    /// <summary>A writer on a file of its own, for a command that writes without a server, or beside one.</summary>
    /// <exception cref="StorageException">The folder or file can't be used.</exception>
    public static BatchWriter Open(string dataDir, Durability durability, Action<string> say) =>
        new(Database.OpenWriter(dataDir, durability), new IngestQueue(), _ => { }, say);

    /// <summary>Why nothing can be written now, or null. It ends with the next commit.</summary>
    public string? Trouble => _trouble ?? (IsLate ? $"the disk is slow: it has not answered for more than {Limits.SlowWrite.TotalSeconds:0} s" : null);

    // Nothing can end the thread's wait for a disk that does not answer; others can tell of it.
    private bool IsLate => Interlocked.Read(ref _busySince) is not 0 and var since && Environment.TickCount64 - since > (long)Limits.SlowWrite.TotalMilliseconds;

    /// <summary>Who read something that SQLite did not write says so here. The file is looked at before the next commit.</summary>
    /// <param name="isSure">It was found by a look at all of the file.</param>
    public void ReportDamage(string found, bool isSure = false)
    {
        MeetDamage(found, isSure ? Limits.DamageTimes : 1);
        _queue.Wake();
    }

    private void MeetDamage(string found, int times)
    {
        if (Environment.TickCount64 - Interlocked.Read(ref _damageFirstAt) > (long)Limits.DamageTimesWithin.TotalMilliseconds)
        {
            Interlocked.Exchange(ref _damageFirstAt, Environment.TickCount64);
            Interlocked.Exchange(ref _damageTimes, 0);
        }

        Interlocked.Add(ref _damageTimes, times);
        _damage = found;
    }

    /// <summary>Offers a batch; completes when it is committed or refused.</summary>
    /// <param name="waited">How long its client has waited already, here as in the others.</param>
    public Task<WriteResult> Write(TelemetryBatch batch, TimeSpan waited = default) =>
        batch.Records == 0 ? Task.FromResult(new WriteResult(WriteOutcome.Committed)) : Offer(new WriteJob(batch, null), waited);

    /// <summary>Stores a reading; the id is that of its row when it was committed.</summary>
    public async Task<(WriteResult Result, long Id)> Write(Scrape scrape, TimeSpan waited = default)
    {
        var job = new WriteJob(null, scrape);
        return (await Offer(job, waited).ConfigureAwait(false), job.ScrapeId);
    }

    /// <summary>Stores where a session is at work, and official limits, if it tells any, as a reading.</summary>
    public Task<WriteResult> Write(SessionPlace place, TimeSpan waited = default) => Offer(new WriteJob(null, null, place), waited);

    /// <summary>Completes when all is counted that was acknowledged before; at once, where it is, and where nothing can be written.</summary>
    public Task Settled() => _hasUncounted && Trouble is null ? Offer(new WriteJob(null, null), TimeSpan.Zero) : Task.CompletedTask;

    /// <summary>Writes what waits, answers it, and closes the file. Nothing is taken any more.</summary>
    public void Dispose()
    {
        _queue.Close();
        _thread.Join();
        CloseFile();
    }

    private void CloseFile()
    {
        _retention.End();
        if (!_isOpen)
        {
            return;
        }

        _isOpen = false;
        _tables.Dispose();
    }

    private async Task<WriteResult> Offer(WriteJob job, TimeSpan waited)
    {
        if (!_queue.TryAdd(job))
        {
            job.Complete(new(WriteOutcome.QueueFull, "too much is waiting to be written"));
        }

        try
        {
            return await job.Done.WaitAsync(waited < Limits.WriteWait ? Limits.WriteWait - waited : TimeSpan.Zero).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // It stays in the queue: a client that gives up before the disk comes back has lost nothing then.
            _troubled();
            return new WriteResult(WriteOutcome.Late, Trouble ?? "the disk is slow");
        }
    }

    private TimeSpan Wait => _trouble is not null ? Limits.TroubleProbeInterval
        : !_tables.IsCounted ? _tables.Wait
        : _mending is null && !_wasStream ? _retention.Wait
        : Shorter(_retention.Wait, _mending is null ? Limits.StreamOver : Limits.FileLookInterval);

    private static TimeSpan Shorter(TimeSpan wait, TimeSpan most) => wait == Timeout.InfiniteTimeSpan || wait > most ? most : wait;

    private void Run()
    {
        List<WriteJob> jobs = [];
        while (_queue.Take(jobs, Wait))
        {
            Interlocked.Exchange(ref _busySince, Environment.TickCount64);
            WriteTaken(jobs);
            Interlocked.Exchange(ref _busySince, 0);
        }

        if (_isOpen && !_tables.IsCounted)
        {
            WriteTogether([]);
        }

        // The last moment at which a file without a name can be saved.
        LookAtFile();
        if (!MendOrTell() && _isOpen && _isTakenAway)
        {
            _mending?.Rescue(_tables.Connection);
        }
    }

    // Who deletes the file may do so long before the next export comes.
    private void LookAtFile() => _isTakenAway |= _mending is not null && _isOpen && _file.HasMoved;

    private void WriteTaken(List<WriteJob> jobs)
    {
        if (jobs.Count == 0)
        {
            LookAtFile();
        }

        if (!MendOrTell())
        {
            foreach (WriteJob job in jobs)
            {
                job.Complete(new(WriteOutcome.Unavailable, _trouble));
            }

            return;
        }

        if (jobs.Count > 0 || _trouble is not null || !_tables.IsCounted)
        {
            WriteAndAnswer(jobs);
            _wasStream |= !_tables.IsCounted;
            _lastWork = Environment.TickCount64;
        }
        else if (_wasStream && Environment.TickCount64 - _lastWork >= (long)Limits.StreamOver.TotalMilliseconds)
        {
            _wasStream = false;
            _tables.GiveMemoryBack();
        }

        if (_trouble is null && _tables.IsCounted)
        {
            // Who is busy all day has to remove something too; what came meanwhile waits for one step.
            _retention.Step(_tables.Connection);
        }

        if (_isOpen)
        {
            _tables.MoveLog();
        }
    }

    private void WriteAndAnswer(List<WriteJob> jobs)
    {
        WriteResult result = WriteTogether(jobs);
        _queue.Expect(jobs);
        if (result.Outcome == WriteOutcome.Failed)
        {
            // One of them can't be written or counted, or one that waited to be; alone, only that one fails.
            bool isOneOfMany = jobs.Count > 1 || !_tables.IsCounted;
            if (!_tables.IsCounted && WriteTogether([]).Outcome == WriteOutcome.Failed)
            {
                _tables.Abandon();
                _hasUncounted = false;
            }

            foreach (WriteJob job in isOneOfMany ? jobs : [])
            {
                job.Complete(WriteTogether([job], isAlone: true));
            }
        }

        foreach (WriteJob job in jobs)
        {
            job.Complete(result);
        }
    }

    private WriteResult WriteTogether(List<WriteJob> jobs, bool isAlone = false)
    {
        try
        {
            bool isChanged = _tables.Write(jobs, mustCount: isAlone);
            _hasUncounted = !_tables.IsCounted;
            if (_file.HasMoved)
            {
                // It is in a file that nobody will find.
                _isTakenAway = true;
                return new(WriteOutcome.Unavailable, BeginTrouble(TakenAway));
            }

            EndTrouble();
            if (isChanged)
            {
                _committed(++_commits);
            }

            return new(WriteOutcome.Committed);
        }
        catch (SqliteException e) when (Database.IsOfTheWorld(e))
        {
            _tables.Rollback();
            if (Database.IsDamage(e))
            {
                MeetDamage(e.Message, 1);
            }

            return new(WriteOutcome.Unavailable, BeginTrouble(ReasonOf(e)));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _tables.Rollback();
            _say($"an export could not be stored, which is a defect of this program: {e}");
            return new(WriteOutcome.Failed, "the export could not be stored");
        }
    }

    // Mends what is known to be wrong with the file itself: copies it, closes it, renames it and opens what is to be written from now on. False while it can't be, which it then tells.
    private bool MendOrTell()
    {
        string? damage = _damage;
        if (_mending is null || (_isOpen && damage is null && !_isTakenAway))
        {
            return true;
        }

        try
        {
            if (_isOpen)
            {
                if (!_mending.Prepare(_tables.Connection, _file, damage, Volatile.Read(ref _damageTimes) >= Limits.DamageTimes))
                {
                    Mended(damage);
                    return true;
                }

                // What waits to be counted is counted from the file, if it is the same one that is opened again.
                _tables.Abandon();
                _hasUncounted = false;
                CloseFile();
            }

            Use(_mending.Open());
            Mended(damage);
            return true;
        }
        catch (Exception e) when (e is StorageException or SqliteException)
        {
            BeginTrouble(e is SqliteException of ? ReasonOf(of) : e.Message.TrimEnd('.'));
            return false;
        }
    }

    // What was reported meanwhile is looked for too.
    private void Mended(string? damage)
    {
        Interlocked.CompareExchange(ref _damage, null, damage);
        _isTakenAway = false;
    }

    private static string ReasonOf(SqliteException e) => e.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_FULL => "the disk is full",
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => "another program holds a lock on the database",
        SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM => "the database is read-only",
        SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB => "the database file is damaged",
        _ when Database.IsChanged(e) => $"another program has changed the database's tables ({e.Message.TrimEnd('.')}): stop otellite, and otellite recover with the database's name brings back what is in them",
        _ => $"the database can't be written ({e.Message.TrimEnd('.')})",
    };

    private string BeginTrouble(string reason)
    {
        bool isNew = _trouble is null;
        _trouble = reason;
        if (isNew)
        {
            _say($"nothing can be stored now: {reason}. Exports are refused with 503 until it can.");
            _troubled();
            WaitForLocks(Limits.BusyTimeoutInTroubleMs);
        }

        return reason;
    }

    private void EndTrouble()
    {
        if (_trouble is not null)
        {
            _trouble = null;
            _say("exports are stored again.");
            _troubled();
            WaitForLocks(Limits.BusyTimeoutMs);
        }
    }

    // Who comes while another program holds the lock need not wait for it once more.
    private void WaitForLocks(int milliseconds)
    {
        if (_isOpen)
        {
            SQLitePCL.raw.sqlite3_busy_timeout(_tables.Connection.Handle, milliseconds);
        }
    }
}
