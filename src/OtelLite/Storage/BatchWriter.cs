using System.Diagnostics;
using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>
/// The one writer: a thread that takes what waits in the queue, writes it in one transaction and then answers all of it. So one
/// fsync serves many requests, and nobody hears "yes" before the commit is on disk.
/// </summary>
internal sealed class BatchWriter : IDisposable
{
    private readonly IngestQueue _queue;
    private readonly Action<long> _committed;
    private readonly Action<string> _say;
    private readonly Thread _thread;

    // Owned by the writer's thread.
    private readonly SqliteConnection _connection;
    private readonly RawTables _raw;
    private readonly UsageTables _usage;
    private readonly Statement _begin;
    private readonly Statement _commit;
    private readonly Statement _rollback;
    private readonly Statement _scrape;
    private readonly SessionPlaceTable _places;
    private readonly Statement _probe;
    private readonly Statement _version;
    private readonly Retention _retention;
    private readonly Uncounted _uncounted;
    private readonly bool _defers;
    private long _countedTicks = Stopwatch.GetTimestamp() - Stopwatch.Frequency;
    private long _forgetBodiesAtUnixNano;
    private long _commits;
    private long _seenVersion;

    // Written by the writer's thread, read by any.
    private volatile string? _trouble;
    private volatile bool _hasUncounted;

    /// <param name="committed">Called on the writer's thread after each commit by which figures changed, with its number.</param>
    /// <param name="say">Tells the operator one sentence; called when trouble begins and when it ends.</param>
    /// <param name="retention">What is removed in between; null: nothing.</param>
    /// <param name="defers">While much arrives, what is stored is counted a moment later (<see cref="Uncounted"/>). Only for the one that has the folder for itself.</param>
    public BatchWriter(SqliteConnection connection, IngestQueue queue, Action<long> committed, Action<string> say, Retention? retention = null, bool defers = false)
    {
        _defers = defers;
        _uncounted = new Uncounted(connection);
        _retention = retention ?? Retention.None;
        _connection = connection;
        _queue = queue;
        _committed = committed;
        _say = say;
        _raw = new RawTables(connection);
        _usage = new UsageTables(connection);
        _begin = new Statement(connection, "BEGIN IMMEDIATE");
        _commit = new Statement(connection, "COMMIT");
        _rollback = new Statement(connection, "ROLLBACK");
        _probe = new Statement(connection, $"PRAGMA user_version = {Database.SchemaVersion}");
        _version = new Statement(connection, "PRAGMA data_version");
        _scrape = new Statement(connection, """
            INSERT INTO scrape (scraped_at_unix_nano, received_unix_nano, source, limits) VALUES (?, ?, ?, ?) RETURNING id
            """);
        _places = new SessionPlaceTable(connection);
        _thread = new Thread(Run) { Name = "writer", IsBackground = true };
        _thread.Start();
    }

    /// <summary>A writer on a file of its own, for a command that writes without a server, or beside one.</summary>
    /// <exception cref="StorageException">The folder or file can't be used.</exception>
    public static BatchWriter Open(string dataDir, Durability durability, Action<string> say) =>
        new(Database.OpenWriter(dataDir, durability), new IngestQueue(), _ => { }, say);

    /// <summary>Why nothing can be written now, or null. It ends with the next commit.</summary>
    public string? Trouble => _trouble;

    /// <summary>Offers a batch; completes when it is committed or refused.</summary>
    public async Task<WriteResult> Write(TelemetryBatch batch)
    {
        if (batch.Records == 0)
        {
            return new(WriteOutcome.Committed);
        }

        return await Offer(new WriteJob(batch, null)).ConfigureAwait(false);
    }

    /// <summary>Stores a reading; the id is that of its row when it was committed.</summary>
    public async Task<(WriteResult Result, long Id)> Write(Scrape scrape)
    {
        var job = new WriteJob(null, scrape);
        return (await Offer(job).ConfigureAwait(false), job.ScrapeId);
    }

    /// <summary>Stores where a session is at work, and official limits, if it tells any, as a reading.</summary>
    public Task<WriteResult> Write(SessionPlace place) => Offer(new WriteJob(null, null, place));

    /// <summary>Completes when all is counted that was acknowledged before; at once, where it is.</summary>
    public Task Settled() => _hasUncounted ? Offer(new WriteJob(null, null)) : Task.CompletedTask;

    /// <summary>Writes what waits, answers it, and closes the file. Nothing is taken any more.</summary>
    public void Dispose()
    {
        _queue.Close();
        _thread.Join();
        _retention.Dispose();
        _raw.Dispose();
        _usage.Dispose();
        _uncounted.Dispose();
        _begin.Dispose();
        _commit.Dispose();
        _rollback.Dispose();
        _scrape.Dispose();
        _places.Dispose();
        _probe.Dispose();
        _version.Dispose();
        _connection.Dispose();
    }

    private Task<WriteResult> Offer(WriteJob job) =>
        _queue.TryAdd(job) ? job.Done : Task.FromResult(new WriteResult(WriteOutcome.QueueFull, "too much is waiting to be written"));

    private void Run()
    {
        List<WriteJob> jobs = [];
        while (_queue.Take(jobs, _trouble is not null ? Limits.TroubleProbeInterval : _uncounted.IsEmpty ? _retention.Wait : _uncounted.Wait))
        {
            if (jobs.Count > 0 || _trouble is not null || !_uncounted.IsEmpty)
            {
                WriteAndAnswer(jobs);
            }

            if (_trouble is null && _uncounted.IsEmpty)
            {
                // Who is busy all day has to remove something too; what came meanwhile waits for one step.
                _retention.Step(_connection);
            }
        }

        if (!_uncounted.IsEmpty)
        {
            WriteTogether([]);
        }
    }

    private void WriteAndAnswer(List<WriteJob> jobs)
    {
        WriteResult result = WriteTogether(jobs);
        if (result.Outcome == WriteOutcome.Failed)
        {
            // One of them can't be written or counted, or one that waited to be; alone, only that one fails.
            bool isOneOfMany = jobs.Count > 1 || !_uncounted.IsEmpty;
            if (!_uncounted.IsEmpty && WriteTogether([]).Outcome == WriteOutcome.Failed)
            {
                _uncounted.Abandon();
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
            long now = UnixNano(DateTime.UtcNow);
            bool isChanged = false;
            _begin.Begin().Run();
            ForgetWhatOthersChanged();
            ForgetOldBodies(now);
            if (jobs.Count == 0 && _uncounted.IsEmpty)
            {
                // In trouble and nothing to write: a page is written for the sake of it, to see whether that works again.
                _probe.Begin().Run();
            }

            bool isDue = isAlone || jobs.Count == 0 || IsQuiet || jobs.Exists(j => j.IsToSettle);
            Uncounted.LastRows before = isDue ? default : _uncounted.Read();
            foreach (WriteJob job in jobs)
            {
                isChanged |= Write(job, now);
            }

            isChanged |= Count(isDue, before, out bool isCounted);
            _commit.Begin().Run();
            _uncounted.Commit(isCounted);
            _countedTicks = isCounted ? Stopwatch.GetTimestamp() : _countedTicks;
            _hasUncounted = !_uncounted.IsEmpty;
            EndTrouble();
            if (isChanged)
            {
                _committed(++_commits);
            }

            return new(WriteOutcome.Committed);
        }
        catch (SqliteException e) when (Database.IsOfTheWorld(e))
        {
            Rollback();
            return new(WriteOutcome.Unavailable, BeginTrouble(e));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Rollback();
            _say($"an export could not be stored, which is a defect of this program: {e}");
            return new(WriteOutcome.Failed, "the export could not be stored");
        }
    }

    // What comes after a pause is counted at once: only a stream of exports has sums to share.
    private bool IsQuiet => !_defers || (_uncounted.IsEmpty && Stopwatch.GetElapsedTime(_countedTicks) >= Limits.CountWithin);

    // True when figures changed.
    private bool Count(bool isDue, Uncounted.LastRows before, out bool isCounted)
    {
        isCounted = !_uncounted.IsEmpty && (isDue || _uncounted.Wait == TimeSpan.Zero);
        if (isCounted)
        {
            _uncounted.Count(_usage.Add);
            // Of all of them together: many add to the same sums.
            _usage.Write();
        }
        else if (!_uncounted.IsEmpty)
        {
            _uncounted.Note(before);
        }

        return isCounted;
    }

    // True when figures changed by it already.
    private bool Write(WriteJob job, long now)
    {
        if (job.Place is { } place)
        {
            _places.Write(place);
            if (place.Limits is not null)
            {
                Add(new Scrape(place.ToldUnixNano, place.Source, place.Limits), now);
            }

            return true;
        }

        if (job.Scrape is { } scrape)
        {
            job.ScrapeId = Add(scrape, now);
            return true;
        }

        if (job.Batch is not { } batch)
        {
            return false;
        }

        job.IsRepeat = !_raw.TryAddBody(batch.BodyHash, now);
        if (job.IsRepeat)
        {
            return false;
        }

        // Whole seconds, as the raw rows say it: so a recount comes to the same.
        long seconds = now / 1_000_000_000;
        _raw.Write(batch, seconds);
        _uncounted.Add(batch, _raw.EventIds.Rows, _raw.ResourceIds, seconds * 1_000_000_000);
        return false;
    }

    private long Add(Scrape scrape, long now)
    {
        return _scrape.Begin().Bind(scrape.ScrapedAtUnixNano).Bind(now).Bind(scrape.Source).Bind(scrape.Limits).Scalar()!.Value;
    }

    // A recount beside us changes what is counted, and what we remember of it.
    private void ForgetWhatOthersChanged()
    {
        long version = _version.Begin().Scalar()!.Value;
        if (version != _seenVersion)
        {
            _raw.Forget();
            _usage.Forget();
            _seenVersion = version;
        }
    }

    // An hour's precision is enough, and keeps the deletion, which looks at a whole day's hashes, off nearly every commit.
    private void ForgetOldBodies(long now)
    {
        if (now >= _forgetBodiesAtUnixNano)
        {
            _raw.ForgetBodiesBefore(now - Limits.BodyHashKept.Ticks * 100);
            _forgetBodiesAtUnixNano = now + TimeSpan.NanosecondsPerTick * TimeSpan.TicksPerHour;
        }
    }

    private void Rollback()
    {
        try
        {
            _rollback.Begin().Run();
        }
        catch (SqliteException)
        {
            // SQLite has rolled back already (disk full, I/O error), or BEGIN itself failed.
        }

        _raw.Forget();
        _usage.Forget();
        _uncounted.Rollback();
        _forgetBodiesAtUnixNano = 0;
    }

    private string BeginTrouble(SqliteException e)
    {
        string reason = e.SqliteErrorCode switch
        {
            SQLitePCL.raw.SQLITE_FULL => "the disk is full",
            SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => "another program holds a lock on the database",
            SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM => "the database is read-only",
            SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB => "the database file is damaged",
            _ => $"the database can't be written ({e.Message.TrimEnd('.')})",
        };
        if (_trouble is null)
        {
            _say($"nothing can be stored now: {reason}. Exports are refused with 503 until it can.");
        }

        _trouble = reason;
        return reason;
    }

    private void EndTrouble()
    {
        if (_trouble is not null)
        {
            _trouble = null;
            _say("exports are stored again.");
        }
    }

    private static long UnixNano(DateTime utc) => (utc - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
