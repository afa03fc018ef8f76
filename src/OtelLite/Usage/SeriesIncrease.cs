using OtelLite.Telemetry;

namespace OtelLite.Usage;

/// <summary>Where a cumulative series stands: the newest point that was counted.</summary>
/// <param name="Count">How many values a distribution held then; 0 for a sum.</param>
internal readonly record struct SeriesState(long TimeUnixNano, double Value, long Count = 0);

/// <summary>
/// From what a point says to what it adds (metrics data model, "Temporality" and "Resets and Gaps"). Delta points and gauges
/// need no memory; a cumulative point needs the state of its series.
/// </summary>
internal static class SeriesIncrease
{
    public static bool NeedsState(in DataPoint point) =>
        point.Kind != MetricKind.Gauge && point.Temporality == AggregationTemporality.Cumulative
        && point.HasValue && !point.NoRecordedValue && double.IsFinite(point.Value);

    /// <summary>
    /// What a point adds that needs no state. UNSPECIFIED counts as delta, which is what Claude Code 1.0.48 meant by it;
    /// the stored temporality tells such rows apart. A sum that is no number adds nothing: every total with it would be none either.
    /// </summary>
    public static double Stateless(in DataPoint point) =>
        point.NoRecordedValue || !point.HasValue || (point.Kind != MetricKind.Gauge && !double.IsFinite(point.Value)) ? 0 : point.Value;

    /// <summary>
    /// What a cumulative point adds, and the state after it. The start time is part of a series' key, so a new start is a
    /// series without state: it adds its whole value, or nothing when start and time are equal (a reset at an unknown time).
    /// A late or repeated point adds nothing: a newer one already contains it.
    /// </summary>
    public static double Cumulative(in DataPoint point, SeriesState? before, out SeriesState after)
    {
        after = new SeriesState((long)point.TimeUnixNano, point.Value, (long)Math.Min(point.Count, long.MaxValue));
        if (before is not { } state)
        {
            return point.StartTimeUnixNano == point.TimeUnixNano ? 0 : point.Value;
        }

        if ((long)point.TimeUnixNano <= state.TimeUnixNano)
        {
            after = state;
            return 0;
        }

        // The sum of a distribution may fall without a reset, when it holds values below 0; the count of its values may not.
        bool reset = point.IsDistribution ? after.Count < state.Count : point.IsMonotonic && point.Value < state.Value;
        return reset ? point.Value : point.Value - state.Value;
    }
}
