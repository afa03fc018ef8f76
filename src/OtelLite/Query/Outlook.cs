using Microsoft.Data.Sqlite;

namespace OtelLite.Query;

/// <summary>
/// Where one official limit stands now and will stand. Only its percent is official; our cost is a yardstick of how fast it grows, no more: what a percent
/// costs is read from the past of the same window.
/// </summary>
/// <param name="Name">As the scraper calls it.</param>
/// <param name="ReadAt">When the official percent was read.</param>
/// <param name="Over">The window has ended since, and nothing is known of the new one.</param>
/// <param name="EstimatedPercent">Where it likely is now; null where nothing tells.</param>
/// <param name="ProjectedPercent">Where it will be at its reset if all goes on like the last hour.</param>
/// <param name="FullAt">When it will be at 100 %, if that is before its reset.</param>
/// <param name="Basis">What the estimate rests on: "readings", two of the same window, or "cost", what was billed in the window until it was read.</param>
internal sealed record LimitOutlook(
    string Name, double UsedPercent, DateTimeOffset ReadAt, DateTimeOffset? ResetsAt, bool Over, double? EstimatedPercent, double? ProjectedPercent,
    DateTimeOffset? FullAt, string? Basis);

/// <summary>From the official readings and from what was billed between and since them.</summary>
internal static class OutlookQuery
{
    /// <summary>Of each limit in the newest reading that names any, in its order; at most <see cref="Limits.ReadLimitsMax"/>.</summary>
    /// <param name="lastHourUsd">What the last hour cost: the rate of the projection.</param>
    public static IReadOnlyList<LimitOutlook> Read(SqliteConnection connection, double lastHourUsd, DateTimeOffset now)
    {
        IReadOnlyList<ScrapeReading> scrapes = ScrapesQuery.NewestWithLimits(connection, Limits.ReadingsComparedMax);
        int newest = Enumerable.Range(0, scrapes.Count).FirstOrDefault(i => LimitReading.In(scrapes[i]).Any(), -1);
        return newest < 0 ? [] :
        [
            .. LimitReading.In(scrapes[newest]).Take(Limits.ReadLimitsMax)
                .Select(limit => Outlook(connection, limit, scrapes.Skip(newest + 1), lastHourUsd, now)),
        ];
    }

    private static LimitOutlook Outlook(SqliteConnection connection, LimitReading limit, IEnumerable<ScrapeReading> older, double lastHourUsd, DateTimeOffset now)
    {
        bool over = limit.ResetsAt <= now;
        (double perUsd, string? basis) = over ? (0, null) : PercentPerUsd(connection, limit, older);
        if (basis is null)
        {
            return new LimitOutlook(limit.Name, limit.UsedPercent, limit.ReadAt, limit.ResetsAt, over, null, null, null, null);
        }

        double estimated = limit.UsedPercent + (perUsd * CostUsd(connection, limit.ReadAt, now));
        double perHour = perUsd * lastHourUsd;
        double hoursLeft = (limit.ResetsAt!.Value - now).TotalHours;
        double hoursToFull = estimated >= 100 ? 0 : (100 - estimated) / perHour;
        return new LimitOutlook(
            limit.Name, limit.UsedPercent, limit.ReadAt, limit.ResetsAt, over, estimated, estimated + (perHour * hoursLeft),
            hoursToFull < hoursLeft ? now.AddHours(hoursToFull) : null, basis);
    }

    // How much of the limit a dollar takes. Readings are rounded, so that the two that lie farthest apart tell best.
    private static (double PerUsd, string? Basis) PercentPerUsd(SqliteConnection connection, LimitReading limit, IEnumerable<ScrapeReading> older)
    {
        if (limit.ResetsAt is not { } resetsAt || WindowOf(limit.Name) is not { } window)
        {
            return (0, null);
        }

        LimitReading? first = older.SelectMany(LimitReading.In).LastOrDefault(r => r.Name == limit.Name && r.ReadAt < limit.ReadAt && r.UsedPercent <= limit.UsedPercent
            && r.ResetsAt is { } other && (other - resetsAt).Duration() <= Limits.SameWindow);
        if (first is not null && CostUsd(connection, first.ReadAt, limit.ReadAt) is > 0 and var between)
        {
            return ((limit.UsedPercent - first.UsedPercent) / between, "readings");
        }

        return limit.UsedPercent > 0 && CostUsd(connection, resetsAt - window, limit.ReadAt) is > 0 and var before
            ? (limit.UsedPercent / before, "cost")
            : (0, null);
    }

    private static double CostUsd(SqliteConnection connection, DateTimeOffset from, DateTimeOffset to) =>
        SummaryQuery.Usd(BilledQuery.CostNanoUsd(connection, from, to));

    private static TimeSpan? WindowOf(string name) =>
        name == "fiveHour" ? TimeSpan.FromHours(5)
        : name.StartsWith("sevenDay", StringComparison.Ordinal) ? TimeSpan.FromDays(7)
        : null;
}
