using System.IO.Hashing;
using OtelLite.Telemetry;
using Attribute = OtelLite.Telemetry.Attribute;

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

    /// <summary>
    /// The identity of a series (metrics data model, "Timeseries Model") together with its start time. The order of attributes
    /// does not matter, of the resource's and scope's neither: their hashes are added.
    /// </summary>
    public static UInt128 Key(TelemetryBatch batch, in DataPoint point)
    {
        ref readonly InstrumentationScope scope = ref batch.Scopes[point.Scope];
        var hash = new XxHash128();
        hash.Append(batch.Text[scope.Name]);
        hash.Append("\0"u8);
        hash.Append(batch.Text[scope.Version]);
        hash.Append("\0"u8);
        hash.Append(batch.Text[point.Metric]);
        hash.Append("\0"u8);
        hash.Append(batch.Text[point.Unit]);
        hash.Append([(byte)point.Kind, (byte)(point.IsMonotonic ? 1 : 0)]);
        hash.Append(BitConverter.GetBytes(point.StartTimeUnixNano));
        UInt128 key = hash.GetCurrentHashAsUInt128();
        return key + HashOf(batch, batch.Resources[point.Resource].Attributes, 1) + HashOf(batch, scope.Attributes, 2) + HashOf(batch, point.Attributes, 3);
    }

    // The same attribute of another owner is another one.
    private static UInt128 HashOf(TelemetryBatch batch, in AttributeSet set, byte owner)
    {
        UInt128 sum = 0;
        var hash = new XxHash128();
        foreach (ref readonly Attribute attribute in batch.AttributesOf(set))
        {
            hash.Reset();
            hash.Append(batch.Text[attribute.Key]);
            hash.Append([0, (byte)attribute.Kind, owner]);
            hash.Append(attribute.Kind is ValueKind.String or ValueKind.Json
                ? batch.Text[attribute.Text]
                : BitConverter.GetBytes(attribute.Kind == ValueKind.Double ? BitConverter.DoubleToInt64Bits(attribute.Double) : attribute.Int));
            sum += hash.GetCurrentHashAsUInt128();
        }

        return sum;
    }
}
