using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>
/// <c>resourceMetrics</c> into data points. Members may come in any order, so a point's row is made first and what its
/// envelope says (name, unit, temporality) is filled in when the envelope ends.
/// </summary>
internal static class MetricsJson
{
    public static void ReadResourceMetrics(ref Utf8JsonReader reader, TelemetryBatch batch)
    {
        if (!Json.StartArray(ref reader, "resourceMetrics"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "a member of resourceMetrics"))
        {
            int resource = batch.AddResource();
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("resource"u8))
                {
                    ResourceJson.ReadResource(ref reader, batch, resource);
                }
                else if (name.SequenceEqual("scopeMetrics"u8))
                {
                    ReadScopeMetrics(ref reader, batch, resource);
                }
                else if (name.SequenceEqual("schemaUrl"u8))
                {
                    batch.Resources[resource].SchemaUrl = Json.ReadText(ref reader, batch.Text);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private static void ReadScopeMetrics(ref Utf8JsonReader reader, TelemetryBatch batch, int resource)
    {
        if (!Json.StartArray(ref reader, "scopeMetrics"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "a member of scopeMetrics"))
        {
            int scope = batch.AddScope();
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("scope"u8))
                {
                    ResourceJson.ReadScope(ref reader, batch, scope);
                }
                else if (name.SequenceEqual("metrics"u8))
                {
                    ReadMetrics(ref reader, batch, resource, scope);
                }
                else if (name.SequenceEqual("schemaUrl"u8))
                {
                    batch.Scopes[scope].SchemaUrl = Json.ReadText(ref reader, batch.Text);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private static void ReadMetrics(ref Utf8JsonReader reader, TelemetryBatch batch, int resource, int scope)
    {
        if (!Json.StartArray(ref reader, "metrics"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "a metric"))
        {
            int first = batch.DataPoints.Count;
            TextRange metric = TextRange.None;
            TextRange unit = TextRange.None;
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("name"u8))
                {
                    metric = Json.ReadText(ref reader, batch.Text);
                }
                else if (name.SequenceEqual("unit"u8))
                {
                    unit = Json.ReadText(ref reader, batch.Text);
                }
                else if (name.SequenceEqual("sum"u8))
                {
                    ReadData(ref reader, batch, MetricKind.Sum);
                }
                else if (name.SequenceEqual("gauge"u8))
                {
                    ReadData(ref reader, batch, MetricKind.Gauge);
                }
                else if (name.SequenceEqual("histogram"u8) || name.SequenceEqual("exponentialHistogram"u8) || name.SequenceEqual("summary"u8))
                {
                    RejectData(ref reader, batch);
                }
                else
                {
                    reader.Skip();
                }
            }

            MetricName known = ClaudeCode.Metrics.Find(batch.Text[metric]);
            foreach (ref NumberDataPoint point in batch.DataPoints.Rows[first..])
            {
                point.Resource = resource;
                point.Scope = scope;
                point.Metric = metric;
                point.Unit = unit;
                point.Name = known;
            }
        }
    }

    // Nothing is acknowledged that is not kept: these points are counted as rejected.
    private static void RejectData(ref Utf8JsonReader reader, TelemetryBatch batch)
    {
        if (!Json.StartMessage(ref reader, "a metric's data"))
        {
            return;
        }

        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (!name.SequenceEqual("dataPoints"u8))
            {
                reader.Skip();
                continue;
            }

            if (!Json.StartArray(ref reader, "dataPoints"))
            {
                continue;
            }

            while (Json.NextMessage(ref reader, "a data point"))
            {
                reader.Skip();
                batch.Reject("histograms and summaries are not stored by this version");
            }
        }
    }

    private static void ReadData(ref Utf8JsonReader reader, TelemetryBatch batch, MetricKind kind)
    {
        if (!Json.StartMessage(ref reader, "a metric's data"))
        {
            return;
        }

        int first = batch.DataPoints.Count;
        AggregationTemporality temporality = AggregationTemporality.Unspecified;
        bool monotonic = false;
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("dataPoints"u8))
            {
                ReadDataPoints(ref reader, batch);
            }
            else if (name.SequenceEqual("aggregationTemporality"u8))
            {
                temporality = (AggregationTemporality)Json.ReadEnum(ref reader);
            }
            else if (name.SequenceEqual("isMonotonic"u8))
            {
                monotonic = Json.ReadBool(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        foreach (ref NumberDataPoint point in batch.DataPoints.Rows[first..])
        {
            point.Kind = kind;
            point.Temporality = temporality;
            point.IsMonotonic = monotonic;
        }
    }

    private static void ReadDataPoints(ref Utf8JsonReader reader, TelemetryBatch batch)
    {
        if (!Json.StartArray(ref reader, "dataPoints"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "a data point"))
        {
            var point = default(NumberDataPoint);
            int first = batch.Attributes.Count;
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("attributes"u8))
                {
                    AttributesJson.Read(ref reader, batch);
                }
                else
                {
                    ReadNumber(ref reader, name, ref point);
                }
            }

            point.Attributes = batch.CloseAttributes(first, 0);
            batch.AddDataPoint(point);
        }
    }

    private static void ReadNumber(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, ref NumberDataPoint point)
    {
        if (name.SequenceEqual("timeUnixNano"u8))
        {
            point.TimeUnixNano = Json.ReadUInt64(ref reader);
        }
        else if (name.SequenceEqual("startTimeUnixNano"u8))
        {
            point.StartTimeUnixNano = Json.ReadUInt64(ref reader);
        }
        else if (name.SequenceEqual("asDouble"u8) && reader.TokenType != JsonTokenType.Null)
        {
            point.AsDouble = Json.ReadDouble(ref reader);
            point.IsInt = false;
            point.HasValue = true;
        }
        else if (name.SequenceEqual("asInt"u8) && reader.TokenType != JsonTokenType.Null)
        {
            point.AsInt = Json.ReadInt64(ref reader);
            point.IsInt = true;
            point.HasValue = true;
        }
        else if (name.SequenceEqual("flags"u8))
        {
            point.Flags = Json.ReadUInt32(ref reader);
        }
        else
        {
            reader.Skip();
        }
    }
}
