using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>The members that only points of distributions have. Of a list that comes twice the last wins.</summary>
internal static class DataPointShapeJson
{
    /// <summary>False for a member that points of this kind do not have; then nothing was read.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, MetricKind kind, DataPointShape shape)
    {
        if (name.SequenceEqual("count"u8))
        {
            shape.Count = Json.ReadUInt64(ref reader);
            return true;
        }

        if (name.SequenceEqual("sum"u8))
        {
            shape.Sum = OptionalDouble(ref reader);
            return true;
        }

        return kind switch
        {
            MetricKind.Summary => TryReadSummary(ref reader, name, shape),
            MetricKind.Histogram => TryReadExtreme(ref reader, name, shape) || TryReadHistogram(ref reader, name, shape),
            _ => TryReadExtreme(ref reader, name, shape) || TryReadExponential(ref reader, name, shape),
        };
    }

    private static bool TryReadExtreme(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, DataPointShape shape)
    {
        if (name.SequenceEqual("min"u8))
        {
            shape.Min = OptionalDouble(ref reader);
            return true;
        }

        if (name.SequenceEqual("max"u8))
        {
            shape.Max = OptionalDouble(ref reader);
            return true;
        }

        return false;
    }

    private static bool TryReadSummary(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, DataPointShape shape)
    {
        if (!name.SequenceEqual("quantileValues"u8))
        {
            return false;
        }

        ReadQuantiles(ref reader, shape);
        return true;
    }

    private static bool TryReadHistogram(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, DataPointShape shape)
    {
        if (name.SequenceEqual("bucketCounts"u8))
        {
            ReadCounts(ref reader, shape, shape.BucketCounts);
            return true;
        }

        if (name.SequenceEqual("explicitBounds"u8))
        {
            ReadBounds(ref reader, shape);
            return true;
        }

        return false;
    }

    private static bool TryReadExponential(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, DataPointShape shape)
    {
        if (name.SequenceEqual("scale"u8))
        {
            shape.Scale = Json.ReadInt32(ref reader);
        }
        else if (name.SequenceEqual("zeroCount"u8))
        {
            shape.ZeroCount = Json.ReadUInt64(ref reader);
        }
        else if (name.SequenceEqual("zeroThreshold"u8))
        {
            shape.ZeroThreshold = OptionalDouble(ref reader) ?? 0;
        }
        else if (name.SequenceEqual("positive"u8))
        {
            shape.PositiveOffset = ReadBuckets(ref reader, shape, shape.Positive);
        }
        else if (name.SequenceEqual("negative"u8))
        {
            shape.NegativeOffset = ReadBuckets(ref reader, shape, shape.Negative);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static int ReadBuckets(ref Utf8JsonReader reader, DataPointShape shape, Column<ulong> counts)
    {
        int offset = 0;
        counts.Clear();
        if (Json.StartMessage(ref reader, "buckets"))
        {
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("offset"u8))
                {
                    offset = Json.ReadInt32(ref reader);
                }
                else if (name.SequenceEqual("bucketCounts"u8))
                {
                    ReadCounts(ref reader, shape, counts);
                }
                else
                {
                    reader.Skip();
                }
            }
        }

        return offset;
    }

    private static void ReadCounts(ref Utf8JsonReader reader, DataPointShape shape, Column<ulong> counts)
    {
        counts.Clear();
        if (Json.StartArray(ref reader, "bucketCounts"))
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                shape.Add(counts, Json.ReadUInt64(ref reader));
            }
        }
    }

    private static void ReadBounds(ref Utf8JsonReader reader, DataPointShape shape)
    {
        shape.ExplicitBounds.Clear();
        if (Json.StartArray(ref reader, "explicitBounds"))
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                shape.Add(shape.ExplicitBounds, Json.ReadDouble(ref reader));
            }
        }
    }

    private static void ReadQuantiles(ref Utf8JsonReader reader, DataPointShape shape)
    {
        shape.Quantiles.Clear();
        if (!Json.StartArray(ref reader, "quantileValues"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "a quantile"))
        {
            double quantile = 0;
            double value = 0;
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("quantile"u8))
                {
                    quantile = OptionalDouble(ref reader) ?? 0;
                }
                else if (name.SequenceEqual("value"u8))
                {
                    // JavaScript writes NaN as null, and NaN is what a quantile of nothing is.
                    value = OptionalDouble(ref reader) ?? double.NaN;
                }
                else
                {
                    reader.Skip();
                }
            }

            shape.Add(shape.Quantiles, (quantile, value));
        }
    }

    private static double? OptionalDouble(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Null ? null : Json.ReadDouble(ref reader);
}
