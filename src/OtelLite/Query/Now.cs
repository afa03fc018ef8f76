using Microsoft.Data.Sqlite;

namespace OtelLite.Query;

/// <summary>The last 60 minutes.</summary>
internal sealed record LastHour(double CostUsd, long Tokens, long ApiRequests);

/// <summary>The day of the reader's time zone, so far, and what it comes to if the rest of it goes on like the last hour.</summary>
internal sealed record Today(
    DateTimeOffset From, DateTimeOffset To, double CostUsd, Tokens Tokens, long ApiRequests, double ProjectedCostUsd, double ProjectedTokens);

internal sealed record SinceScrape(DateTimeOffset From, double CostUsd, Tokens Tokens, long ApiRequests);

/// <summary>What goes on at this moment.</summary>
/// <param name="Sessions">Those of which something arrived in the last five minutes, the one that did something last first; at most
/// <see cref="Limits.NowSessionsMax"/>.</param>
/// <param name="ActiveTotal">All active sessions, as the summary counts them: groups without session ids are listed and not counted.</param>
/// <param name="TokensPerMinute">Of all sessions, over the last five minutes.</param>
/// <param name="SinceScrape">Null while no official reading was posted.</param>
internal record NowFigures(
    IReadOnlyList<ActiveSession> Sessions, long ActiveTotal, LastHour LastHour, double TokensPerMinute, Today Today, SinceScrape? SinceScrape,
    IReadOnlyList<LimitOutlook> Limits);

/// <summary>The present, from one snapshot. Like every range until now, the last hour and minutes are open at their end.</summary>
internal static class NowQuery
{
    /// <param name="midnight">When the reader's day began.</param>
    /// <param name="nextMidnight">When it ends.</param>
    public static NowFigures Read(SqliteConnection connection, DateTimeOffset now, DateTimeOffset midnight, DateTimeOffset nextMidnight)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        Dictionary<long, Pace> paces = PaceQuery.Read(connection, now);
        var lastHour = new LastHour(
            SummaryQuery.Usd(paces.Values.Sum(p => p.CostNanoUsd)), paces.Values.Sum(p => p.Tokens), paces.Values.Sum(p => p.ApiRequests));
        IReadOnlyList<ActiveSession> sessions = ActiveSessionsQuery.Read(connection, paces, now);
        return new NowFigures(
            sessions,
            ActiveSessionsQuery.Count(connection, now),
            lastHour,
            paces.Values.Sum(p => p.TokensOfMinutes) / PaceQuery.Minutes.TotalMinutes,
            OfDay(connection, midnight, nextMidnight, lastHour, now),
            Since(connection),
            OutlookQuery.Read(connection, lastHour.CostUsd, now));
    }

    private static Today OfDay(SqliteConnection connection, DateTimeOffset from, DateTimeOffset to, LastHour lastHour, DateTimeOffset now)
    {
        Billed day = BilledQuery.Read(connection, new Scope { FromUnixNano = UnixNano.From(from), ToUnixNano = UnixNano.From(to) });
        double hoursLeft = Math.Max(0, (to - now).TotalHours);
        return new Today(
            from, to, day.CostUsd, day.Tokens, day.ApiRequests, day.CostUsd + (lastHour.CostUsd * hoursLeft), day.AllTokens + (lastHour.Tokens * hoursLeft));
    }

    private static SinceScrape? Since(SqliteConnection connection)
    {
        if (ScrapesQuery.Newest(connection, 1) is not [var newest])
        {
            return null;
        }

        Billed since = BilledQuery.Read(connection, new Scope { FromUnixNano = UnixNano.From(newest.ScrapedAt) });
        return new SinceScrape(newest.ScrapedAt, since.CostUsd, since.Tokens, since.ApiRequests);
    }
}
