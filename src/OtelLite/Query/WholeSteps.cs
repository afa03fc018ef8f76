using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>How the whole quarters of a range are covered by the fewest sums of days, hours and quarters.</summary>
internal static class WholeSteps
{
    // As Storage/SumTable.cs keeps them, in quarters; the longest first.
    private static readonly long[] Steps = [.. SumTable.Steps.OrderDescending()];

    /// <summary>The parts in time, each whole steps of one length from a quarter to another, without a gap; none where the range has no whole quarter.</summary>
    /// <param name="buckets">A step does not reach over the border of two; null: it may.</param>
    public static IReadOnlyList<(long Step, long First, long End)> Of(Scope scope, Buckets? buckets)
    {
        const long nano = QuarterTable.QuarterNano;
        long first = scope.FromUnixNano / nano + (scope.FromUnixNano % nano == 0 ? 0 : 1);
        long end = scope.ToUnixNano / nano;
        List<(long, long, long)> parts = [];
        if (first < end)
        {
            Cover(first, end, 0, buckets, parts);
        }

        return parts;
    }

    // The longest steps that fit, and what is left before and behind them by shorter ones.
    private static void Cover(long first, long end, int at, Buckets? buckets, List<(long, long, long)> parts)
    {
        if (first >= end)
        {
            return;
        }

        long step = Steps[at];
        if (at < Steps.Length - 1 && buckets is not null && !buckets.StandOn(step))
        {
            Cover(first, end, at + 1, buckets, parts);
            return;
        }

        long firstWhole = (first + step - 1) / step * step, endWhole = end / step * step;
        if (firstWhole >= endWhole)
        {
            Cover(first, end, at + 1, buckets, parts);
            return;
        }

        Cover(first, firstWhole, at + 1, buckets, parts);
        parts.Add((step, firstWhole, endWhole));
        Cover(endWhole, end, at + 1, buckets, parts);
    }
}
