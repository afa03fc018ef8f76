namespace OtelLite.Usage;

/// <summary>
/// The second witness, weighed against the first. For one session, model and kind the total is the larger of what metrics
/// and what events say. Every event counts in full when it happened; the rest (metrics minus events, when positive) is laid on
/// the metric points in which it shows, so that totals over adjoining ranges add up to the total over both.
/// <para>
/// How much is unexplained up to a point is <c>R(t) = min over s ≥ t of max(0, M(s) − E(s))</c>, where M and E are what metrics
/// and events had said by the time s, s being the points' times and the end. It never falls, and at the end it is the whole
/// rest; a point's share is how much R grows there. An event that comes a moment after its point, or a whole export later, so takes back
/// what had looked unexplained.
/// </para>
/// Points are visited from the newest to the oldest, and the visit ends where nothing changes any more: at the second point,
/// nearly always.
/// </summary>
internal struct Unexplained
{
    private readonly long _changedSinceUnixNano;
    private long _metrics;
    private long _events;
    private long _restBefore;

    /// <param name="metrics">What all points now say together.</param>
    /// <param name="events">What all events now say together.</param>
    /// <param name="restBefore">The sum of the shares as they are stored.</param>
    /// <param name="changedSinceUnixNano">The time of the oldest point or event that is new.</param>
    public Unexplained(long metrics, long events, long restBefore, long changedSinceUnixNano)
    {
        _metrics = metrics;
        _events = events;
        _restBefore = restBefore;
        _changedSinceUnixNano = changedSinceUnixNano;
        Rest = Math.Max(0, metrics - events);
    }

    /// <summary>How much is unexplained up to the point that was visited last; before the first visit, in all.</summary>
    public long Rest { get; private set; }

    /// <summary>
    /// Visits the next older point. Afterwards <see cref="Rest"/> is what is unexplained up to and with it. True when
    /// this point and all that are older keep their shares.
    /// </summary>
    /// <param name="timeUnixNano">The point's time.</param>
    /// <param name="eventsAfter">What events said after this point and not after the one visited before.</param>
    /// <param name="newerValue">The value of the point visited before; 0 for the first.</param>
    /// <param name="newerShareBefore">The stored share of the point visited before; 0 for the first.</param>
    public bool Visit(long timeUnixNano, long eventsAfter, long newerValue, long newerShareBefore)
    {
        _metrics -= newerValue;
        _events -= eventsAfter;
        _restBefore -= newerShareBefore;
        Rest = Math.Min(Rest, Math.Max(0, _metrics - _events));
        return timeUnixNano < _changedSinceUnixNano && Rest == _restBefore;
    }
}
