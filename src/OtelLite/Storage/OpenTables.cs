using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using SQLitePCL;

namespace OtelLite.Storage;

/// <summary>The tables as the writer has them open, and one transaction on them after the other. Made anew with each connection, and owned by the writer's thread.</summary>
internal sealed class OpenTables : IDisposable
{
    private readonly RawTables _raw;
    private readonly UsageTables _usage;
    private readonly SessionPlaceTable _places;
    private readonly Uncounted _uncounted;
    private readonly Statement _begin;
    private readonly Statement _commit;
    private readonly Statement _rollback;
    private readonly Statement _scrape;
    private readonly Statement _probe;
    private readonly Statement _version;
    private readonly bool _defers;
    private long _forgetBodiesAtUnixNano;
    private long _seenVersion;

    // Held for SQLite, which calls it. What the log has since the last commit; 0 where it was looked at since.
    private readonly SqliteCalls.AfterCommit _afterCommit;
    private int _logPages;

    /// <param name="defers">While much arrives, what is stored is counted a moment later (<see cref="Uncounted"/>).</param>
    /// <exception cref="SqliteException">The file can't be read or written.</exception>
    public OpenTables(SqliteConnection connection, bool defers)
    {
        _defers = defers;
        Connection = connection;
        _afterCommit = (_, _, _, pages) =>
        {
            _logPages = pages;
            return raw.SQLITE_OK;
        };
        SqliteCalls.sqlite3_wal_hook(connection.Handle!.DangerousGetHandle(), _afterCommit, 0);
        _raw = new RawTables(connection);
        _usage = new UsageTables(connection);
        _places = new SessionPlaceTable(connection);
        _uncounted = new Uncounted(connection);
        _begin = new Statement(connection, "BEGIN IMMEDIATE");
        _commit = new Statement(connection, "COMMIT");
        _rollback = new Statement(connection, "ROLLBACK");
        _probe = new Statement(connection, $"PRAGMA user_version = {Database.SchemaVersion}");
        _version = new Statement(connection, "PRAGMA data_version");
        _scrape = new Statement(connection, """
            INSERT INTO scrape (scraped_at_unix_nano, received_unix_nano, source, limits) VALUES (?, ?, ?, ?) RETURNING id
            """);
    }

    public SqliteConnection Connection { get; }

    /// <summary>All that is stored is counted too.</summary>
    public bool IsCounted => _uncounted.IsEmpty;

    /// <summary>How long what is stored may still wait to be counted.</summary>
    public TimeSpan Wait => _uncounted.Wait;

    /// <summary>Writes the jobs in one transaction and counts what is due. True when figures changed.</summary>
    /// <param name="mustCount">Now, and all of it.</param>
    /// <exception cref="SqliteException">They are not written; <see cref="Rollback"/> is to follow.</exception>
    public bool Write(List<WriteJob> jobs, bool mustCount)
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

        // What comes alone is counted at once: only a stream of exports has sums to share.
        bool isDue = mustCount || !_defers || jobs.Count == 0 || (jobs.Count == 1 && _uncounted.IsEmpty);
        Uncounted.LastRows before = isDue ? default : _uncounted.Read();
        foreach (WriteJob job in jobs)
        {
            isDue |= job.IsToSettle;
            isChanged |= Write(job, now);
        }

        bool isCounted = Count(isDue, before);
        _commit.Begin().Run();
        _uncounted.Commit(isCounted);
        return isChanged || isCounted;
    }

    /// <summary>
    /// Moves the log into the file, if it is long (<see cref="Limits.LogPagesMax"/>): 5 to 15 ms for which nobody should wait but who comes meanwhile. Left to SQLite
    /// it was done by the commit, before its answers, and most often by the largest, that of a count. Where a reader, an error or another program stands in the way, it is tried again
    /// after the next commit, as SQLite would.
    /// </summary>
    public void MoveLog()
    {
        if (_logPages >= Limits.LogPagesMax)
        {
            _logPages = 0;
            // What can't be moved stays in the log, where it is as safe.
            _ = raw.sqlite3_wal_checkpoint_v2(Connection.Handle, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out _, out _);
        }
    }

    /// <summary>Lets go of pages that are kept in memory and of batches for the next exports.</summary>
    public void GiveMemoryBack()
    {
        Database.Execute(Connection, "PRAGMA shrink_memory");
        TelemetryBatch.ForgetSpare();
        // Nothing is allocated while nothing comes, and so the collector would not run. Aggressive is the one mode that hands emptied memory back to the system at once.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    /// <summary>Back to the last commit.</summary>
    public void Rollback()
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

    /// <inheritdoc cref="Uncounted.Abandon"/>
    public void Abandon() => _uncounted.Abandon();

    public void Dispose()
    {
        _raw.Dispose();
        _usage.Dispose();
        _places.Dispose();
        _uncounted.Dispose();
        foreach (Statement statement in (Statement[])[_begin, _commit, _rollback, _scrape, _probe, _version])
        {
            statement.Dispose();
        }

        Connection.Dispose();
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

        job.IsRepeat = !_raw.TryAddBody(batch, now);
        if (!job.IsRepeat)
        {
            // Whole seconds, as the raw rows say it: so a recount comes to the same.
            long seconds = now / 1_000_000_000;
            _raw.Write(batch, seconds);
            _uncounted.Add(batch, seconds * 1_000_000_000);
        }

        return false;
    }

    private bool Count(bool isDue, Uncounted.LastRows before)
    {
        bool isCounted = !_uncounted.IsEmpty && (isDue || _uncounted.Wait == TimeSpan.Zero);
        if (isCounted)
        {
            _uncounted.Count(_usage.AddStored);
            // Of all of them together: many add to the same sums.
            _usage.Write();
        }
        else if (!_uncounted.IsEmpty)
        {
            _uncounted.Note(before);
        }

        return isCounted;
    }

    private long Add(Scrape scrape, long now) =>
        _scrape.Begin().Bind(scrape.ScrapedAtUnixNano).Bind(now).Bind(scrape.Source).Bind(scrape.Limits).Scalar()!.Value;

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

    private static long UnixNano(DateTime utc) => (utc - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
