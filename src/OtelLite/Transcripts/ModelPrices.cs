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

    // A web search, in nano-dollars.
    private const long SearchNanoUsd = 10_000_000;

    // How near the price of a million tokens must be to whole cents: what double arithmetic leaves is far less, and a wrong relation hits it hardly ever.
    private const double Tolerance = 1e-7;

    // The price of a cache read in twentieths of that of input.
    private static readonly int[] ReadTwentieths = [2, 1];

    // How often each price fits: the price of a million input tokens in cents, and the share of a cache read, 0 where there was none.
    private readonly Dictionary<string, Dictionary<(long Cents, int ReadTwentieths), long>> _fits = [];
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
        if (request.Speed is not (null or ClaudeTranscript.UsualSpeed) || !_fits.TryGetValue(request.Model, out Dictionary<(long Cents, int ReadTwentieths), long>? fits))
        {
            return null;
        }

        // A total without cache reads speaks for both shares.
        (long Cents, int ReadTwentieths) best = fits.Keys
            .Where(p => p.ReadTwentieths != Unknown || request.CacheRead == 0)
            .OrderByDescending(p => fits[p] + (p.ReadTwentieths != Unknown ? fits.GetValueOrDefault((p.Cents, Unknown)) : 0))
            .ThenByDescending(p => p.ReadTwentieths).ThenBy(p => p.Cents).FirstOrDefault();
        if (best.Cents == 0)
        {
            return null;
        }

        long hour = Math.Min(request.CacheCreation1h ?? 0, request.CacheCreation);
        Int128 twentieths = Twentieths(request.Input, request.Output, request.CacheCreation - hour, hour) + ((Int128)best.ReadTwentieths * request.CacheRead);

        // A cent for a million tokens is ten nano-dollars for one.
        return (long)Int128.Min(twentieths * best.Cents / 2, long.MaxValue / 2) + (SearchNanoUsd * request.WebSearches);
    }

    private void Weigh(ModelTotal total)
    {
        long hour = total.CacheCreation1h ?? 0;
        long minutes = total.CacheCreation5m ?? (total.CacheCreation - hour);
        double costNanoUsd = (total.CostUsd * 1e9) - (SearchNanoUsd * (double)total.WebSearches);
        Int128 withoutReads = Twentieths(total.Input, total.Output, minutes, hour);
        if (Math.Min(Math.Min(total.Input, total.Output), Math.Min(total.CacheRead, Math.Min(minutes, hour))) < 0)
        {
            return;
        }

        foreach (int share in total.CacheRead > 0 ? ReadTwentieths : [Unknown])
        {
            double twentieths = (double)(withoutReads + ((Int128)share * total.CacheRead));
            double cents = twentieths > 0 ? costNanoUsd * 2 / twentieths : 0;
            double whole = Math.Round(cents);
            if (whole >= 1 && Math.Abs(cents - whole) <= Tolerance * whole)
            {
                Fit(total.Model, ((long)whole, share));
            }
        }
    }

    private void Fit(string model, (long, int) price)
    {
        if (!_fits.TryGetValue(model, out Dictionary<(long Cents, int ReadTwentieths), long>? fits) || !fits.TryGetValue(price, out long times))
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

    private static Int128 Twentieths(long input, long output, long cacheMinutes, long cacheHour) =>
        (20 * (Int128)input) + (100 * (Int128)output) + (25 * (Int128)cacheMinutes) + (40 * (Int128)cacheHour);

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
