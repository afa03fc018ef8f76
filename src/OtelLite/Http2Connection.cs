using System.Diagnostics;

namespace OtelLite;

/// <summary>A connection over HTTP/2, and whether it has brought a good token.</summary>
/// <param name="abort">Ends the connection.</param>
/// <param name="onKnown">Called once, when it is no stranger any more.</param>
internal sealed class Http2Connection(Action abort, Action<Http2Connection> onKnown)
{
    private const int Stranger = 0, Known = 1, Ended = 2;

    private long _begun;
    private int _requests;
    private int _state;

    /// <summary>How long it is read already.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_begun);

    public bool IsEnded => Volatile.Read(ref _state) == Ended;

    /// <summary>It began more requests than one may that brings no good token.</summary>
    public bool AskedTooMuch => Volatile.Read(ref _requests) > Limits.UnknownRequestsMax;

    /// <summary>Says that it is read from now on.</summary>
    public void Begin() => _begun = Stopwatch.GetTimestamp();

    /// <summary>Counts a request that brought no good token; false when there were too many, and the connection ends.</summary>
    /// <remarks>How many there were, and not how many are open: an answer that is short is done with here long before its client takes it.</remarks>
    public bool MayAskUnknown()
    {
        if (Interlocked.Increment(ref _requests) <= Limits.UnknownRequestsMax)
        {
            return true;
        }

        if (Interlocked.Exchange(ref _state, Ended) != Ended)
        {
            abort();
        }

        return false;
    }

    /// <summary>It brought a good token.</summary>
    public void BecomeKnown()
    {
        if (Volatile.Read(ref _state) == Stranger && Interlocked.CompareExchange(ref _state, Known, Stranger) == Stranger)
        {
            onKnown(this);
        }
    }

    /// <summary>Ends it, unless it has just brought a good token.</summary>
    public void EndStranger()
    {
        if (Interlocked.CompareExchange(ref _state, Ended, Stranger) == Stranger)
        {
            abort();
        }
    }
}
