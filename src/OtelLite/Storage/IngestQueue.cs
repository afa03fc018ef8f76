using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>An official usage reading to be stored.</summary>
internal sealed record Scrape(long ScrapedAtUnixNano, string? Source, string? Limits);

/// <summary>
/// One thing for the writer to do, and the promise of its outcome; with nothing to write, to count all that is stored. It holds its batch until then, whoever else gives
/// it back before.
/// </summary>
internal sealed class WriteJob
{
    // The answer is sent on another thread: the writer must not run the receiver's code.
    private readonly TaskCompletionSource<WriteResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int _isComplete;

    public WriteJob(TelemetryBatch? batch, Scrape? scrape, SessionPlace? place = null)
    {
        (Batch, Scrape, Place) = (batch, scrape, place);
        batch?.Hold();
    }

    public TelemetryBatch? Batch { get; }

    public Scrape? Scrape { get; }

    public SessionPlace? Place { get; }

    public bool IsToSettle => Batch is null && Scrape is null && Place is null;

    /// <summary>The row that a stored reading got.</summary>
    public long ScrapeId { get; set; }

    /// <summary>Set when the same body was found to be stored already.</summary>
    public bool IsRepeat { get; set; }

    public int Rows => Batch?.Records ?? 1;

    public long Bytes => Batch?.Bytes ?? 256;

    public Task<WriteResult> Done => _done.Task;

    /// <summary>The first outcome is the one that counts.</summary>
    public void Complete(WriteResult result)
    {
        if (Interlocked.Exchange(ref _isComplete, 1) == 0)
        {
            // First: whoever is told finds its memory given back.
            Batch?.Return();
            _done.SetResult(result with { IsRepeat = IsRepeat && result.Outcome == WriteOutcome.Committed });
        }
    }
}

/// <summary>
/// The bounded queue in front of the one writer. What does not fit is refused at once, so that a client may retry in time. What is taken together is committed together: those that
/// come one after the other from several clients are gathered for a moment, because the disk takes no longer for all of them than for one.
/// </summary>
/// <param name="gatherWait">How long; null: <see cref="Limits.GatherWait"/>.</param>
internal sealed class IngestQueue(TimeSpan? gatherWait = null)
{
    private readonly TimeSpan _gatherWait = gatherWait ?? Limits.GatherWait;

    // Guarded by locking it; pulsed when whoever takes has something to do.
    private readonly Queue<WriteJob> _waiting = new();
    private long _bytes;
    private bool _closed;
    private bool _isWoken;

    // Of those that wait, how many only ask that all be counted.
    private int _asking;

    // How many exports are likely to come together, and for how many whoever takes is waiting now. Where they did not come, that is tried less and less often.
    private int _expected;
    private int _awaited;
    private int _toSkip;
    private int _skips;

    /// <summary>False when the queue is full or closed. A single job larger than the whole limit is taken when nothing else waits.</summary>
    public bool TryAdd(WriteJob job)
    {
        lock (_waiting)
        {
            if (_closed
                || _waiting.Count >= Limits.QueueBatchesMax
                || (_waiting.Count > 0 && _bytes + job.Bytes > Limits.QueueBytesMax))
            {
                return false;
            }

            _waiting.Enqueue(job);
            _bytes += job.Bytes;
            _asking += job.IsToSettle ? 1 : 0;
            if (_awaited == 0 || !IsToGather(_awaited))
            {
                Monitor.Pulse(_waiting);
            }

            return true;
        }
    }

    /// <summary>
    /// Told before what was taken is answered: with what waits meanwhile so many are in hand at once, which is how many clients are at work, and as many are likely to come again. One alone waits for nobody.
    /// </summary>
    /// <param name="taken">Those that are answered now.</param>
    public void Expect(List<WriteJob> taken)
    {
        int exports = 0;
        foreach (WriteJob job in taken)
        {
            exports += job.IsToSettle ? 0 : 1;
        }

        lock (_waiting)
        {
            _expected = Math.Min(exports + _waiting.Count - _asking, Limits.QueueBatchesMax);
        }
    }

    /// <summary>
    /// Waits for work and takes as much as one transaction should hold; nothing when none came within the wait. False when the queue is closed and empty.
    /// </summary>
    public bool Take(List<WriteJob> into, TimeSpan wait)
    {
        into.Clear();
        lock (_waiting)
        {
            while (_waiting.Count == 0)
            {
                if (_closed)
                {
                    return false;
                }

                if (_isWoken || !Monitor.Wait(_waiting, wait))
                {
                    _isWoken = false;
                    return true;
                }
            }

            Gather();
            int rows = 0;
            while (_waiting.TryPeek(out WriteJob? job) && (into.Count == 0 || rows + job.Rows <= Limits.TransactionRowsMax))
            {
                into.Add(_waiting.Dequeue());
                rows += job.Rows;
                _bytes -= job.Bytes;
                _asking -= job.IsToSettle ? 1 : 0;
            }

            return true;
        }
    }

    // To write those that are there while the others come, in the transaction that is open, took as long and as much. Clients that are far away, or take their time, are not back soon enough, however
    // many there are: two of them would be held up with each export, and never come together.
    private void Gather()
    {
        if (!IsToGather(_expected) || _toSkip-- > 0)
        {
            return;
        }

        _awaited = _expected;
        bool isInVain = !Monitor.Wait(_waiting, _gatherWait);
        _awaited = 0;
        _skips = isInVain ? Math.Clamp(_skips * 2, 1, Limits.GatherSkipsMax) : 0;
        _toSkip = _skips;
    }

    // Not where somebody waits for what is counted, and not where the commit is little of what is to be done.
    private bool IsToGather(int jobs) => _waiting.Count < jobs && _bytes < Limits.GatherBytesMax && !_closed && !_isWoken && _asking == 0;

    /// <summary>Ends the wait of whoever takes: there is something else to do than to write.</summary>
    public void Wake()
    {
        lock (_waiting)
        {
            _isWoken = true;
            Monitor.Pulse(_waiting);
        }
    }

    /// <summary>Takes nothing more; what waits is still written.</summary>
    public void Close()
    {
        lock (_waiting)
        {
            _closed = true;
            Monitor.Pulse(_waiting);
        }
    }
}
