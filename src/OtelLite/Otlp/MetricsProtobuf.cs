using System.Buffers.Binary;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>A <c>Metric</c> into data points. Fields may come in any order, so what the metric says of its points is filled in at its end.</summary>
internal static class MetricsProtobuf
{
    private const int Name = 1, Unit = 3, Gauge = 5, Sum = 7, Histogram = 9, ExponentialHistogram = 10, Summary = 11;

    public static void ReadMetric(ProtobufReader message, TelemetryBatch batch, int resource, int scope)
    {
        int first = batch.DataPoints.Count;
        var metric = new Metric { Name = TextRange.None, Unit = TextRange.None };
        while (message.Next())
        {
            switch (message.Field)
            {
                case Name:
                    metric.Name = batch.Text.AppendChecked(message.ReadBytes());
                    break;
                case Unit:
                    metric.Unit = batch.Text.AppendChecked(message.ReadBytes());
                    break;
                case Gauge or Sum or Histogram or ExponentialHistogram or Summary:
                    MetricKind kind = KindOf(message.Field);
                    if (kind != metric.Kind)
                    {
                        // Of two members of a oneof the last wins; two of the same are one.
                        batch.DataPoints.Truncate(first);
                        metric.Kind = kind;
                    }

                    ReadData(message.ReadMessage(), batch, ref metric);
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        batch.CloseMetric(first, resource, scope, metric);
    }

    private static MetricKind KindOf(int field) => field switch
    {
        Gauge => MetricKind.Gauge,
        Sum => MetricKind.Sum,
        Histogram => MetricKind.Histogram,
        ExponentialHistogram => MetricKind.ExponentialHistogram,
        _ => MetricKind.Summary,
    };

    // Gauge and Summary have their points alone, Histogram and ExponentialHistogram the temporality too, Sum all three.
    private static void ReadData(ProtobufReader data, TelemetryBatch batch, ref Metric metric)
    {
        const int dataPoints = 1, aggregationTemporality = 2, isMonotonic = 3;
        bool hasTemporality = metric.Kind is not (MetricKind.Gauge or MetricKind.Summary);
        while (data.Next())
        {
            switch (data.Field)
            {
                case dataPoints: ReadDataPoint(data.ReadMessage(), batch, metric.Kind); break;
                case aggregationTemporality when hasTemporality: metric.Temporality = (AggregationTemporality)data.ReadInt32(); break;
                case isMonotonic when metric.Kind == MetricKind.Sum: metric.IsMonotonic = data.ReadBool(); break;
                default: data.Skip(); break;
            }
        }
    }

    // All five kinds of point have their times in 2 and 3; the rest differs.
    private static void ReadDataPoint(ProtobufReader message, TelemetryBatch batch, MetricKind kind)
    {
        const int startTimeUnixNano = 2, timeUnixNano = 3;
        (int attributes, int exemplars, int flags) = kind switch
        {
            MetricKind.Histogram => (9, 8, 10),
            MetricKind.ExponentialHistogram => (1, 11, 10),
            MetricKind.Summary => (7, 0, 8),
            _ => (7, 5, 8),
        };
        var point = new DataPoint { Kind = kind, Exemplars = TextRange.None };
        bool hasExemplars = false;
        batch.Shape.Clear();
        int first = batch.Attributes.Count;
        ProtobufReader again = message;
        while (message.Next())
        {
            if (message.Field == attributes)
            {
                AnyValueProtobuf.ReadAttribute(message.ReadMessage(), batch);
            }
            else if (message.Field == timeUnixNano)
            {
                point.TimeUnixNano = message.ReadFixed64();
            }
            else if (message.Field == startTimeUnixNano)
            {
                point.StartTimeUnixNano = message.ReadFixed64();
            }
            else if (message.Field == flags)
            {
                point.Flags = message.ReadUInt32();
            }
            else if (message.Field == exemplars)
            {
                hasExemplars = true;
                message.Skip();
            }
            else
            {
                ReadNumber(ref message, batch.Shape, ref point);
            }
        }

        // They are one JSON array but may stand apart: a second walk, as nearly nobody sends any.
        point.Exemplars = hasExemplars ? ReadExemplars(again, exemplars, batch) : TextRange.None;
        point.Attributes = batch.CloseAttributes(first, 0);
        batch.AddDataPoint(point);
    }

    private static void ReadNumber(ref ProtobufReader message, DataPointShape shape, ref DataPoint point)
    {
        const int asDouble = 4, asInt = 6;
        switch (point.Kind)
        {
            case MetricKind.Histogram: ReadHistogram(ref message, shape); break;
            case MetricKind.ExponentialHistogram: ReadExponentialHistogram(ref message, shape); break;
            case MetricKind.Summary: ReadSummary(ref message, shape); break;
            default:
                switch (message.Field)
                {
                    case asDouble: (point.AsDouble, point.IsInt, point.HasValue) = (message.ReadDouble(), false, true); break;
                    case asInt: (point.AsInt, point.IsInt, point.HasValue) = ((long)message.ReadFixed64(), true, true); break;
                    default: message.Skip(); break;
                }

                break;
        }
    }

    private static void ReadHistogram(ref ProtobufReader message, DataPointShape shape)
    {
        const int count = 4, sum = 5, bucketCounts = 6, explicitBounds = 7, min = 11, max = 12;
        switch (message.Field)
        {
            case count: shape.Count = message.ReadFixed64(); break;
            case sum: shape.Sum = message.ReadDouble(); break;
            case min: shape.Min = message.ReadDouble(); break;
            case max: shape.Max = message.ReadDouble(); break;
            case bucketCounts:
                for (ReadOnlySpan<byte> packed = message.ReadPackedFixed64(); !packed.IsEmpty; packed = packed[sizeof(ulong)..])
                {
                    shape.Add(shape.BucketCounts, BinaryPrimitives.ReadUInt64LittleEndian(packed));
                }

                break;
            case explicitBounds:
                for (ReadOnlySpan<byte> packed = message.ReadPackedFixed64(); !packed.IsEmpty; packed = packed[sizeof(double)..])
                {
                    shape.Add(shape.ExplicitBounds, BinaryPrimitives.ReadDoubleLittleEndian(packed));
                }

                break;
            default: message.Skip(); break;
        }
    }

    private static void ReadExponentialHistogram(ref ProtobufReader message, DataPointShape shape)
    {
        const int count = 4, sum = 5, scale = 6, zeroCount = 7, positive = 8, negative = 9, min = 12, max = 13, zeroThreshold = 14;
        switch (message.Field)
        {
            case count: shape.Count = message.ReadFixed64(); break;
            case sum: shape.Sum = message.ReadDouble(); break;
            case scale: shape.Scale = message.ReadSInt32(); break;
            case zeroCount: shape.ZeroCount = message.ReadFixed64(); break;
            case positive: shape.PositiveOffset = ReadBuckets(message.ReadMessage(), shape, shape.Positive, shape.PositiveOffset); break;
            case negative: shape.NegativeOffset = ReadBuckets(message.ReadMessage(), shape, shape.Negative, shape.NegativeOffset); break;
            case min: shape.Min = message.ReadDouble(); break;
            case max: shape.Max = message.ReadDouble(); break;
            case zeroThreshold: shape.ZeroThreshold = message.ReadDouble(); break;
            default: message.Skip(); break;
        }
    }

    private static int ReadBuckets(ProtobufReader buckets, DataPointShape shape, Column<ulong> counts, int before)
    {
        const int offset = 1, bucketCounts = 2;
        int value = before;
        while (buckets.Next())
        {
            switch (buckets.Field)
            {
                case offset:
                    value = buckets.ReadSInt32();
                    break;
                case bucketCounts:
                    ProtobufReader packed = buckets.ReadPackedVarints();
                    while (packed.NextVarint(out ulong count))
                    {
                        shape.Add(counts, count);
                    }

                    break;
                default:
                    buckets.Skip();
                    break;
            }
        }

        return value;
    }

    private static void ReadSummary(ref ProtobufReader message, DataPointShape shape)
    {
        const int count = 4, sum = 5, quantileValues = 6, quantile = 1, value = 2;
        switch (message.Field)
        {
            case count: shape.Count = message.ReadFixed64(); break;
            case sum: shape.Sum = message.ReadDouble(); break;
            case quantileValues:
                (double Quantile, double Value) at = default;
                ProtobufReader valueAtQuantile = message.ReadMessage();
                while (valueAtQuantile.Next())
                {
                    switch (valueAtQuantile.Field)
                    {
                        case quantile: at.Quantile = valueAtQuantile.ReadDouble(); break;
                        case value: at.Value = valueAtQuantile.ReadDouble(); break;
                        default: valueAtQuantile.Skip(); break;
                    }
                }

                shape.Add(shape.Quantiles, at);
                break;
            default: message.Skip(); break;
        }
    }

    private static TextRange ReadExemplars(ProtobufReader point, int field, TelemetryBatch batch)
    {
        Utf8Text text = batch.Text;
        int start = text.Length;
        while (point.Next())
        {
            if (point.Field != field)
            {
                point.Skip();
                continue;
            }

            batch.BeginEmbedded(start);
            AppendExemplar(point.ReadMessage(), text);
        }

        return batch.EndEmbedded(start);
    }

    private static void AppendExemplar(ProtobufReader exemplar, Utf8Text text)
    {
        const int timeUnixNano = 2, asDouble = 3, spanId = 4, traceId = 5, asInt = 6, filteredAttributes = 7;
        ulong time = 0;
        long integer = 0;
        double? real = null;
        bool isInt = false;
        ReadOnlySpan<byte> trace = default;
        ReadOnlySpan<byte> span = default;
        ProtobufReader again = exemplar;
        while (exemplar.Next())
        {
            switch (exemplar.Field)
            {
                case timeUnixNano: time = exemplar.ReadFixed64(); break;
                case asDouble: (real, isInt) = (exemplar.ReadDouble(), false); break;
                case asInt: (integer, isInt) = ((long)exemplar.ReadFixed64(), true); break;
                case traceId: trace = exemplar.ReadBytes(); break;
                case spanId: span = exemplar.ReadBytes(); break;
                default: exemplar.Skip(); break;
            }
        }

        text.Append("{\"timeUnixNano\":"u8);
        text.AppendJson(time);
        text.Append(",\"value\":"u8);
        ExemplarsJson.AppendNumber(text, isInt, integer, real);
        TracesProtobuf.AppendId(trace, TracesProtobuf.TraceIdBytes, text, ",\"traceId\":\""u8);
        TracesProtobuf.AppendId(span, TracesProtobuf.SpanIdBytes, text, ",\"spanId\":\""u8);
        AnyValueProtobuf.AppendAttributes(again, filteredAttributes, text, ",\"filteredAttributes\":{"u8);
        text.Append((byte)'}');
    }
}
