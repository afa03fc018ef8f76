using System.IO.Hashing;

namespace OtelLite.Telemetry;

/// <summary>Which series a data point is of (metrics data model, "Timeseries Model").</summary>
internal static class Timeseries
{
    /// <summary>Notes which series each cumulative point is of, before anything of what makes it that is taken out or put in.</summary>
    public static void Note(TelemetryBatch batch)
    {
        // Many points have one resource and scope.
        (int resource, int scope, UInt128 owners) = (-1, -1, default);
        foreach (ref DataPoint point in batch.DataPoints.Rows)
        {
            if (point.Temporality != AggregationTemporality.Cumulative)
            {
                continue;
            }

            if (point.Resource != resource || point.Scope != scope)
            {
                (resource, scope, owners) = (point.Resource, point.Scope, OwnersOf(batch, point));
            }

            point.Series = owners + OwnOf(batch, point);
        }
    }

    /// <summary>
    /// The identity of a series (metrics data model, "Timeseries Model") together with its start time. The order of attributes
    /// does not matter, of the resource's and scope's neither: their hashes are added.
    /// </summary>
    public static UInt128 Key(TelemetryBatch batch, in DataPoint point) => OwnersOf(batch, point) + OwnOf(batch, point);

    private static UInt128 OwnersOf(TelemetryBatch batch, in DataPoint point) =>
        HashOf(batch, batch.Resources[point.Resource].Attributes, 1) + HashOf(batch, batch.Scopes[point.Scope].Attributes, 2);

    private static UInt128 OwnOf(TelemetryBatch batch, in DataPoint point)
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
        return hash.GetCurrentHashAsUInt128() + HashOf(batch, point.Attributes, 3);
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
            // However it is kept, a string is one.
            hash.Append([0, (byte)(attribute.Kind == ValueKind.QuotedString ? ValueKind.String : attribute.Kind), owner]);
            if (attribute.Kind == ValueKind.Json)
            {
                hash.Append(batch.Text[attribute.Text]);
            }
            else if (attribute.Kind is ValueKind.String or ValueKind.QuotedString)
            {
                int end = batch.Text.Length;
                hash.Append(batch.Text[AttributeJson.PlainOf(batch.Text, attribute)]);
                batch.Text.Rewind(end);
            }
            else
            {
                hash.Append(BitConverter.GetBytes(attribute.Int));
            }

            sum += hash.GetCurrentHashAsUInt128();
        }

        return sum;
    }
}
