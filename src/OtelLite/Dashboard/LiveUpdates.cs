namespace OtelLite.Dashboard;

/// <summary>
/// Tells the open pages that something new was committed. It says only "there is an N-th": each page asks for its own figures,
/// so a missed or merged message costs nothing.
/// </summary>
internal sealed class LiveUpdates
{
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _clients;
    private long _commit;

    /// <summary>How often something was told in this run.</summary>
    public long Commit
    {
        get
        {
            lock (_lock)
            {
                return _commit;
            }
        }
    }

    /// <summary>Something new was committed, or nothing can be stored any more, or can again.</summary>
    public void Tell()
    {
        TaskCompletionSource waiting;
        lock (_lock)
        {
            _commit++;
            waiting = _next;
            _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.SetResult();
    }

    /// <summary>Completes as soon as there is one after <paramref name="seen"/>.</summary>
    public Task After(long seen)
    {
        lock (_lock)
        {
            return _commit > seen ? Task.CompletedTask : _next.Task;
        }
    }

    /// <summary>False when enough pages are open already.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_clients >= Limits.LiveClientsMax)
            {
                return false;
            }

            _clients++;
            return true;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            _clients--;
        }
    }
}
