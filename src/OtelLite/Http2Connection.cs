using System.Diagnostics;

namespace OtelLite;

/// <summary>A connection over HTTP/2, and whether it has brought a good token.</summary>
/// <param name="abort">Ends the connection.</param>
/// <param name="leave">Called once, when it is no stranger any more, or has ended.</param>
internal sealed class Http2Connection(Action abort, Action<Http2Connection> leave)
{
    private readonly long _begun = Stopwatch.GetTimestamp();
    private int _requests;
    private int _hasLeft;
    private int _isEnded;

    public TimeSpan Age => Stopwatch.GetElapsedTime(_begun);

    public bool IsEnded => Volatile.Read(ref _isEnded) != 0;

    /// <summary>Counts a request that brought no good token; false when there were too many, and the connection ends.</summary>
    /// <remarks>How many there were, and not how many are open: an answer that is short is done with here long before its client takes it.</remarks>
    public bool MayAskUnknown()
    {
        if (Interlocked.Increment(ref _requests) <= Limits.UnknownRequestsMax)
        {
            return true;
        }

        End();
        return false;
    }

    /// <summary>It is no stranger any more.</summary>
    public void Leave()
    {
        if (Volatile.Read(ref _hasLeft) == 0 && Interlocked.Exchange(ref _hasLeft, 1) == 0)
        {
            leave(this);
        }
    }

    public void End()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) == 0)
        {
            abort();
        }
    }
}
