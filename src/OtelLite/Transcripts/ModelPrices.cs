using OtelLite.Telemetry;

namespace OtelLite.Transcripts;

/// <summary>
/// What models cost, as the client's own totals imply. A transcript has no dollars for a request, but running totals of tokens and dollars by model; and
/// prices stand in fixed relations: output 5 times input, a cache write 1.25 times for five minutes and 2 times for an hour, a web search a cent. A cache
/// read is a tenth of input, or a twentieth: of these the one holds with which the price of input is a round one. The totals themselves
/// never count: they hold requests that no line tells of, and a fork's go on from its parent's.
/// </summary>
internal sealed class ModelPrices
{
    private const int Unknown = 0;

    // A price's key is its cents times this, and its share.
    private const int Shares = 4;

    // A web search, in nano-dollars.
    private const long SearchNanoUsd = 10_000_000;

    // How near the price of a million tokens must be to whole cents: what double arithmetic leaves is far less, and a wrong relation hits it hardly ever.
    private const double Tolerance = 1e-7;

    // The price of a cache read in twentieths of that of input.
    private static readonly int[] ReadTwentieths = [2, 1];

    // How often each price fits, by its key: the price of a million input tokens in cents, and the share of a cache read, 0 where there was none.
    private readonly Dictionary<string, Dictionary<long, long>> _fits = [];
    private int _count;

    /// <summary>Adds the running totals of a session, and what came since the last ones of the same file.</summary>
    public void Add(TranscriptFile file, IReadOnlyList<ModelTotal> totals)
    {
        foreach (ModelTotal total in totals)
        {
            Weigh(total);
            if (file.Totals.TryGetValue(total.Model, out ModelTotal? before))
            {
                Weigh(Between(before, total));
            }

            if (file.Totals.ContainsKey(total.Model) || file.Totals.Count < Limits.TranscriptPricesMax)
            {
                file.Totals[total.Model] = total;
            }
        }
    }

    /// <summary>What a request cost, in nano-dollars; null where its price can't be told.</summary>
    public long? CostNanoUsd(TranscriptRequest request)
    {
        // A fast answer has another price, which no total tells apart.
        if (request.Speed is not (null or ClaudeTranscript.UsualSpeed) || !_fits.TryGetValue(request.Model, out Dictionary<long, long>? fits))
        {
            return null;
        }

        long best = 0, bestFits = 0;
        foreach ((long price, long times) in fits)
        {
            // A total without cache reads speaks for both shares, and alone only for a request without any.
            bool isOfReads = price % Shares != Unknown;
            long all = times + (isOfReads ? fits.GetValueOrDefault(price - (price % Shares)) : 0);
            if ((isOfReads || request.CacheRead == 0) && (all > bestFits || (all == bestFits && price < best)))
            {
                (best, bestFits) = (price, all);
            }
        }

        if (best == 0)
        {
            return null;
        }

        long hour = Math.Min(request.CacheCreation1h ?? 0, request.CacheCreation);
        double twentieths = Twentieths(request.Input, request.Output, request.CacheCreation - hour, hour) + ((double)(best % Shares) * request.CacheRead);

        // A cent for a million tokens is ten nano-dollars for one.
        return (long)Math.Round(Math.Min(twentieths * (best / Shares) / 2, 1e15)) + (SearchNanoUsd * Math.Min(request.WebSearches, 1_000_000));
    }

    private void Weigh(ModelTotal total)
    {
        long hour = total.CacheCreation1h ?? 0;
        long minutes = total.CacheCreation5m ?? (total.CacheCreation - hour);
        double costNanoUsd = (total.CostUsd * 1e9) - (SearchNanoUsd * (double)total.WebSearches);
        double withoutReads = Twentieths(total.Input, total.Output, minutes, hour);
        if (Math.Min(Math.Min(total.Input, total.Output), Math.Min(total.CacheRead, Math.Min(minutes, hour))) < 0)
        {
            return;
        }

        foreach (int share in total.CacheRead > 0 ? ReadTwentieths : [Unknown])
        {
            double twentieths = withoutReads + ((double)share * total.CacheRead);
            double cents = twentieths > 0 ? costNanoUsd * 2 / twentieths : 0;
            double whole = Math.Round(cents);
            if (whole >= 1 && Math.Abs(cents - whole) <= Tolerance * whole)
            {
                Fit(total.Model, ((long)Math.Min(whole, 1e12) * Shares) + share);
            }
        }
    }

    private void Fit(string model, long price)
    {
        if (!_fits.TryGetValue(model, out Dictionary<long, long>? fits) || !fits.TryGetValue(price, out long times))
        {
            if (_count >= Limits.TranscriptPricesMax)
            {
                return;
            }

            _count++;
            fits = _fits.TryGetValue(model, out fits) ? fits : _fits[model] = [];
            times = 0;
        }

        fits[price] = times + 1;
    }

    // Exact, as far as a double counts.
    private static double Twentieths(long input, long output, long cacheMinutes, long cacheHour) =>
        (20.0 * input) + (100.0 * output) + (25.0 * cacheMinutes) + (40.0 * cacheHour);

    private static ModelTotal Between(ModelTotal before, ModelTotal after) => new(after.Model)
    {
        Input = after.Input - before.Input,
        Output = after.Output - before.Output,
        CacheRead = after.CacheRead - before.CacheRead,
        CacheCreation = after.CacheCreation - before.CacheCreation,
        CacheCreation5m = after.CacheCreation5m - before.CacheCreation5m,
        CacheCreation1h = after.CacheCreation1h - before.CacheCreation1h,
        WebSearches = after.WebSearches - before.WebSearches,
        CostUsd = after.CostUsd - before.CostUsd,
    };
}
