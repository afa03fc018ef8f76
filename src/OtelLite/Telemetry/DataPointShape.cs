namespace OtelLite.Telemetry;

/// <summary>
/// What a point of a histogram, an exponential histogram or a summary says beside its sum. One is reused for every point of a batch: a decoder
/// fills it in any order, the batch checks it and keeps it as JSON in one canonical form.
/// </summary>
internal sealed class DataPointShape
{
    // Outside of these the bounds of neighbouring buckets are the same double, or none at all. SDKs use -10 to 20.
    private const int ScaleMin = -11, ScaleMax = 52;

    // The exponents of two between which a double is neither zero nor infinite.
    private const double ExponentMin = -1075, ExponentMax = 1024;

    private bool _tooMany;

    public ulong Count { get; set; }

    /// <summary>Absent differs from 0 (a histogram that does not record its sum).</summary>
    public double? Sum { get; set; }

    public double? Min { get; set; }

    public double? Max { get; set; }

    public Column<ulong> BucketCounts { get; } = new(Limits.BucketsPerPointMax);

    public Column<double> ExplicitBounds { get; } = new(Limits.BucketsPerPointMax);

    public int Scale { get; set; }

    public ulong ZeroCount { get; set; }

    public double ZeroThreshold { get; set; }

    public int PositiveOffset { get; set; }

    public Column<ulong> Positive { get; } = new(Limits.BucketsPerPointMax);

    public int NegativeOffset { get; set; }

    public Column<ulong> Negative { get; } = new(Limits.BucketsPerPointMax);

    public Column<(double Quantile, double Value)> Quantiles { get; } = new(Limits.BucketsPerPointMax);

    public void Clear()
    {
        _tooMany = false;
        Count = 0;
        Sum = Min = Max = null;
        Scale = 0;
        ZeroCount = 0;
        ZeroThreshold = 0;
        PositiveOffset = NegativeOffset = 0;
        BucketCounts.Clear();
        ExplicitBounds.Clear();
        Positive.Clear();
        Negative.Clear();
        Quantiles.Clear();
    }

    /// <summary>Adds to one of the lists; what is past the limit makes the point invalid, and only that point.</summary>
    public void Add<T>(Column<T> list, T value)
        where T : unmanaged
    {
        if (list.Count == Limits.BucketsPerPointMax)
        {
            _tooMany = true;
            return;
        }

        list.Add() = value;
    }

    /// <summary>Why this is no valid point of its kind (opentelemetry-proto's comments on it), or null.</summary>
    public string? Wrong(MetricKind kind) =>
        _tooMany ? $"it has more than {Limits.BucketsPerPointMax} buckets"
        : kind switch
        {
            MetricKind.Histogram => WrongHistogram(),
            MetricKind.ExponentialHistogram => WrongExponentialHistogram(),
            _ => WrongSummary(),
        };

    /// <summary>Appends the shape as a JSON object.</summary>
    public TextRange Write(MetricKind kind, Utf8Text text)
    {
        int start = text.Length;
        text.Append("{\"count\":"u8);
        text.AppendJson(Count);
        AppendReal(text, ",\"sum\":"u8, Sum);
        AppendReal(text, ",\"min\":"u8, Min);
        AppendReal(text, ",\"max\":"u8, Max);
        switch (kind)
        {
            case MetricKind.Histogram:
                AppendCounts(text, ",\"bucketCounts\":["u8, BucketCounts);
                AppendBounds(text);
                break;
            case MetricKind.ExponentialHistogram:
                text.Append(",\"scale\":"u8);
                text.AppendJson(Scale);
                text.Append(",\"zeroCount\":"u8);
                text.AppendJson(ZeroCount);
                AppendReal(text, ",\"zeroThreshold\":"u8, ZeroThreshold);
                AppendBuckets(text, ",\"positive\":{\"offset\":"u8, PositiveOffset, Positive);
                AppendBuckets(text, ",\"negative\":{\"offset\":"u8, NegativeOffset, Negative);
                break;
            default:
                AppendQuantiles(text);
                break;
        }

        text.Append((byte)'}');
        return text.Since(start);
    }

    private string? WrongHistogram()
    {
        if (BucketCounts.Count != ExplicitBounds.Count + 1 && !(BucketCounts.Count == 0 && ExplicitBounds.Count == 0))
        {
            return $"there are {BucketCounts.Count} bucketCounts for {ExplicitBounds.Count} explicitBounds, where there must be one more, or none of both";
        }

        Span<double> bounds = ExplicitBounds.Rows;
        for (int i = 0; i < bounds.Length; i++)
        {
            if (double.IsNaN(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1]))
            {
                return "explicitBounds do not increase";
            }
        }

        return BucketCounts.Count > 0 && Total(BucketCounts) != Count ? "the bucketCounts do not add up to count"
            : Count == 0 && Sum is { } sum && sum != 0 ? "sum is not 0 where count is"
            : null;
    }

    private string? WrongExponentialHistogram() =>
        Scale is < ScaleMin or > ScaleMax ? $"scale {Scale} is not between {ScaleMin} and {ScaleMax}"
        : IsOutOfRange(PositiveOffset, Positive) || IsOutOfRange(NegativeOffset, Negative) ? "its buckets lie beyond what a double can hold"
        : Total(Positive) + Total(Negative) + ZeroCount != Count ? "the buckets and zeroCount do not add up to count"
        : null;

    // Bucket i lies between base^i and base^(i+1), where base is 2^(2^-scale); buckets that are empty do not matter.
    private bool IsOutOfRange(int offset, Column<ulong> counts)
    {
        int first = counts.Rows.IndexOfAnyExcept(0UL);
        int last = counts.Rows.LastIndexOfAnyExcept(0UL);
        return first >= 0
            && (Math.ScaleB((double)offset + first + 1, -Scale) <= ExponentMin || Math.ScaleB((double)offset + last, -Scale) >= ExponentMax);
    }

    private string? WrongSummary()
    {
        double before = double.NegativeInfinity;
        foreach ((double quantile, double value) in Quantiles.Rows)
        {
            // A quantile of nothing is NaN, and is sent so.
            if (!(quantile >= 0 && quantile <= 1 && quantile > before) || value < 0)
            {
                return "quantileValues must have increasing quantiles from 0 to 1 and values that are not negative";
            }

            before = quantile;
        }

        return null;
    }

    private static UInt128 Total(Column<ulong> counts)
    {
        UInt128 total = 0;
        foreach (ulong count in counts.Rows)
        {
            total += count;
        }

        return total;
    }

    private static void AppendReal(Utf8Text text, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } given)
        {
            text.Append(name);
            text.AppendJson(given);
        }
    }

    private static void AppendBuckets(Utf8Text text, ReadOnlySpan<byte> name, int offset, Column<ulong> counts)
    {
        text.Append(name);
        text.AppendJson(offset);
        AppendCounts(text, ",\"bucketCounts\":["u8, counts);
        text.Append((byte)'}');
    }

    private static void AppendCounts(Utf8Text text, ReadOnlySpan<byte> name, Column<ulong> counts)
    {
        text.Append(name);
        for (int i = 0; i < counts.Count; i++)
        {
            if (i > 0)
            {
                text.Append((byte)',');
            }

            text.AppendJson(counts[i]);
        }

        text.Append((byte)']');
    }

    private void AppendBounds(Utf8Text text)
    {
        text.Append(",\"explicitBounds\":["u8);
        for (int i = 0; i < ExplicitBounds.Count; i++)
        {
            if (i > 0)
            {
                text.Append((byte)',');
            }

            text.AppendJson(ExplicitBounds[i]);
        }

        text.Append((byte)']');
    }

    private void AppendQuantiles(Utf8Text text)
    {
        text.Append(",\"quantileValues\":["u8);
        for (int i = 0; i < Quantiles.Count; i++)
        {
            text.Append(i > 0 ? ",{\"quantile\":"u8 : "{\"quantile\":"u8);
            text.AppendJson(Quantiles[i].Quantile);
            text.Append(",\"value\":"u8);
            text.AppendJson(Quantiles[i].Value);
            text.Append((byte)'}');
        }

        text.Append((byte)']');
    }
}
