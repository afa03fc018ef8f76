using System.Globalization;
using System.Text.Json;

namespace OtelLite.Query;

/// <summary>One official limit as a reading tells it.</summary>
/// <param name="Name">As its poster calls it.</param>
internal sealed record LimitReading(string Name, double UsedPercent, DateTimeOffset? ResetsAt, DateTimeOffset ReadAt)
{
    // A percent past this is no reading of a limit, and none below nothing.
    private const double PercentMax = 100_000;

    /// <summary>All limits of a reading, in its order.</summary>
    public static IEnumerable<LimitReading> In(ScrapeReading scrape) => In(scrape.Limits, scrape.ScrapedAt);

    /// <summary>
    /// Whether limits say more than the newest reading. Each session goes on telling what the answer to its last request said, however old that is, also under
    /// a new id: of one window the larger share is the newer one, and a window that has ended says nothing.
    /// </summary>
    /// <param name="newest">Of those with limits; none or one.</param>
    public static bool IsNews(JsonElement limits, DateTimeOffset toldAt, IReadOnlyList<ScrapeReading> newest)
    {
        if (newest is not [{ Limits.ValueKind: JsonValueKind.Object } reading])
        {
            return true;
        }

        LimitReading[] known = [.. In(reading)];
        return toldAt >= reading.ScrapedAt && In(limits, toldAt).Any(told => told.SaysMoreThan(known.FirstOrDefault(k => k.Name == told.Name)));
    }

    private bool SaysMoreThan(LimitReading? known) => !(ResetsAt <= ReadAt) && (known is null || ResetsAt - known.ResetsAt > Limits.SameWindow
        || (!(known.ResetsAt - ResetsAt > Limits.SameWindow) && UsedPercent > known.UsedPercent));

    // The shape is the poster's: what has a percent is a limit, all else is left alone.
    private static IEnumerable<LimitReading> In(JsonElement? posted, DateTimeOffset readAt)
    {
        if (posted is not { ValueKind: JsonValueKind.Object } limits)
        {
            yield break;
        }

        foreach (JsonProperty member in limits.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Object && member.Value.TryGetProperty("usedPercent", out JsonElement used)
                && used.ValueKind == JsonValueKind.Number && used.TryGetDouble(out double percent) && percent is >= 0 and <= PercentMax)
            {
                yield return new LimitReading(member.Name, percent, ResetIn(member.Value), readAt);
            }
        }
    }

    // A time before 1970 or after all times that are stored ends no window.
    private static DateTimeOffset? ResetIn(JsonElement limit) =>
        limit.TryGetProperty("resetsAt", out JsonElement text) && text.ValueKind == JsonValueKind.String
        && DateTimeOffset.TryParse(text.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
        && UnixNano.ToTime(UnixNano.From(time)) == time
            ? time
            : null;
}
