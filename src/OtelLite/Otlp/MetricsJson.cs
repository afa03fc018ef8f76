using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>
/// A metric into data points. Members may come in any order, so a point's row is made first and what its
/// envelope says (name, unit, temporality) is filled in when the envelope ends.
/// </summary>
internal static class MetricsJson
{
    /// <inheritdoc cref="ReadRecord"/>
    public static void ReadMetric(ref Utf8JsonReader reader, TelemetryBatch batch, int resource, int scope)
    {
        int first = batch.DataPoints.Count;
        var metric = new Metric { Name = TextRange.None, Unit = TextRange.None };
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("name"u8))
            {
                metric.Name = Json.ReadText(ref reader, batch.Text);
            }
            else if (name.SequenceEqual("unit"u8))
            {
                metric.Unit = Json.ReadText(ref reader, batch.Text);
            }
            else if (KindOf(name) is var kind && kind != MetricKind.None && Json.StartMessage(ref reader, "a metric's data"))
            {
                // Of two members of a oneof the last wins.
                batch.DataPoints.Truncate(first);
                metric.Kind = kind;
                ReadData(ref reader, batch, ref metric);
            }
            else
            {
                reader.Skip();
            }
        }

        batch.CloseMetric(first, resource, scope, metric);
    }

    private static MetricKind KindOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("sum"u8) ? MetricKind.Sum
        : name.SequenceEqual("gauge"u8) ? MetricKind.Gauge
        : name.SequenceEqual("histogram"u8) ? MetricKind.Histogram
        : name.SequenceEqual("exponentialHistogram"u8) ? MetricKind.ExponentialHistogram
        : name.SequenceEqual("summary"u8) ? MetricKind.Summary
        : MetricKind.None;

    private static void ReadData(ref Utf8JsonReader reader, TelemetryBatch batch, ref Metric metric)
    {
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("dataPoints"u8))
            {
                ReadDataPoints(ref reader, batch, metric.Kind);
            }
            else if (name.SequenceEqual("aggregationTemporality"u8) && metric.Kind is not (MetricKind.Gauge or MetricKind.Summary))
            {
                metric.Temporality = (AggregationTemporality)Json.ReadEnum(ref reader);
            }
            else if (name.SequenceEqual("isMonotonic"u8) && metric.Kind == MetricKind.Sum)
            {
                metric.IsMonotonic = Json.ReadBool(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void ReadDataPoints(ref Utf8JsonReader reader, TelemetryBatch batch, MetricKind kind)
    {
        if (!Json.StartArray(ref reader, "dataPoints"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "a data point"))
        {
            var point = new DataPoint { Kind = kind, Exemplars = TextRange.None };
            batch.Shape.Clear();
            int first = batch.Attributes.Count;
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("attributes"u8))
                {
                    AttributesJson.Read(ref reader, batch);
                }
                else if (name.SequenceEqual("exemplars"u8) && kind != MetricKind.Summary)
                {
                    point.Exemplars = ExemplarsJson.Read(ref reader, batch);
                }
                else if (!(point.IsDistribution ? DataPointShapeJson.TryRead(ref reader, name, kind, batch.Shape) : TryReadNumber(ref reader, name, ref point))
                    && !TryReadPoint(ref reader, name, ref point))
                {
                    reader.Skip();
                }
            }

            point.Attributes = batch.CloseAttributes(first, 0);
            batch.AddDataPoint(point);
        }
    }

    private static bool TryReadPoint(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, ref DataPoint point)
    {
        if (name.SequenceEqual("timeUnixNano"u8))
        {
            point.TimeUnixNano = Json.ReadUInt64(ref reader);
        }
        else if (name.SequenceEqual("startTimeUnixNano"u8))
        {
            point.StartTimeUnixNano = Json.ReadUInt64(ref reader);
        }
        else if (name.SequenceEqual("flags"u8))
        {
            point.Flags = Json.ReadUInt32(ref reader);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static bool TryReadNumber(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, ref DataPoint point)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return false;
        }

        if (name.SequenceEqual("asDouble"u8))
        {
            point.AsDouble = Json.ReadDouble(ref reader);
            point.IsInt = false;
        }
        else if (name.SequenceEqual("asInt"u8))
        {
            point.AsInt = Json.ReadInt64(ref reader);
            point.IsInt = true;
        }
        else
        {
            return false;
        }

        point.HasValue = true;
        return true;
    }
}
