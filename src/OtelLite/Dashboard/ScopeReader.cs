using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Primitives;
using OtelLite.Query;

namespace OtelLite.Dashboard;

/// <summary>A request that can't be answered as asked; the message says what was wrong and what would be right.</summary>
internal sealed class BadRequestException(string message) : Exception(message);

/// <summary>The scope that a request asks for, and how it came about.</summary>
/// <param name="From">Null: from the first record on.</param>
/// <param name="Since">"scrape", or "midnight" where there is no scrape yet; null when the request named the range itself.</param>
internal sealed record RequestedScope(
    Scope Scope, DateTimeOffset? From, DateTimeOffset? To, string? Since, TimeZoneInfo TimeZone, ScrapeReading? NewestScrape)
{
    /// <summary>A time in the zone of the reader.</summary>
    public DateTimeOffset Local(DateTimeOffset time) => TimeZoneInfo.ConvertTime(time, TimeZone);
}

/// <summary>Reads the query parameters that every figure's endpoint takes.</summary>
internal static class ScopeReader
{
    private static readonly TimeSpan RangeMax = TimeSpan.FromDays(36600);

    /// <summary>What names the time zone.</summary>
    public static readonly (string Name, string Does) ZoneParameter = ("tz", "IANA time zone of days, such as Europe/Berlin; default: the machine's");

    /// <summary>The parameters that narrow a figure, with what they do; <c>/openapi.json</c> is made from this.</summary>
    public static readonly IReadOnlyList<(string Name, string Does)> Parameters =
    [
        ("from", "start of the range, RFC 3339; what happened at this time is part of it"),
        ("to", "end of the range, RFC 3339; what happened at this time is not"),
        ("range", "the last 15m, 24h, 7d, ... until now; instead of from and to"),
        ("since", "'scrape': from the newest official reading on, or from the last midnight where there is none"),
        ZoneParameter,
        ("model", "only this model; may be given several times"),
        ("session", "only this session id; may be given several times"),
        ("project", "only this project; may be given several times"),
        ("machine", "only this machine; may be given several times"),
        ("repository", "only this repository, as owner/name; may be given several times"),
        ("branch", "only sessions on this branch; may be given several times"),
    ];

    /// <param name="others">Parameters of the endpoint that are read elsewhere.</param>
    /// <exception cref="BadRequestException">A parameter is unknown or makes no sense.</exception>
    public static RequestedScope Read(IQueryCollection query, SqliteConnection connection, DateTimeOffset now, params ReadOnlySpan<string> others)
    {
        foreach (string name in query.Keys)
        {
            if (!Parameters.Any(p => p.Name == name) && !others.Contains(name))
            {
                throw new BadRequestException($"there is no parameter '{name}' here; known are {string.Join(", ", Parameters.Select(p => p.Name))}");
            }
        }

        foreach (string name in (string[])["range", "since", "step", "limit", "figure", "by", "top", .. SessionsReader.Names])
        {
            if (query[name].Count > 1)
            {
                throw new BadRequestException($"{name} may be given once, here it is {query[name].Count} times");
            }
        }

        TimeZoneInfo zone = Zone(query["tz"]);
        ScrapeReading? newest = ScrapesQuery.Newest(connection, 1) is [var first] ? first : null;
        (DateTimeOffset? from, DateTimeOffset? to, string? since) = Range(query, zone, newest, now);
        var scope = new Scope
        {
            FromUnixNano = from is { } f ? UnixNano.From(f) : 0,
            ToUnixNano = to is { } t ? UnixNano.From(t) : long.MaxValue,
            Models = Values(query, "model"),
            Sessions = Values(query, "session"),
            Projects = Values(query, "project"),
            Machines = Values(query, "machine"),
            Repositories = Values(query, "repository"),
            Branches = Values(query, "branch"),
        };
        return new RequestedScope(scope, from, to, since, zone, newest);
    }

    /// <summary>The time zone alone, where nothing else can be asked for.</summary>
    /// <exception cref="BadRequestException">A parameter is unknown or makes no sense.</exception>
    public static TimeZoneInfo ReadZone(IQueryCollection query) => query.Keys.FirstOrDefault(name => name != "tz") is { } unknown
        ? throw new BadRequestException($"there is no parameter '{unknown}' here; known is tz")
        : Zone(query["tz"]);

    /// <summary>A whole number from 1 to <paramref name="max"/>.</summary>
    /// <exception cref="BadRequestException">It is none.</exception>
    public static int Count(IQueryCollection query, string name, int fallback, int max) => query[name] switch
    {
        [] => fallback,
        [{ } text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0 && count <= max => count,
        var values => throw new BadRequestException($"{name}: '{values}' is not a whole number from 1 to {max}"),
    };

    /// <summary>A time as RFC 3339 writes it, with its offset. The '+' of an offset, forgotten to be encoded, arrives as a blank.</summary>
    public static bool TryTime(string text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        WithoutFinerDigits(text.Replace(' ', '+').ToUpperInvariant()),
        ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mmzzz", "yyyy-MM-dd'T'HH:mm'Z'"],
        CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    // .NET's times have seven digits of a second; others write nine.
    private static string WithoutFinerDigits(string text)
    {
        const int digits = 7;
        int first = text.IndexOf('.', StringComparison.Ordinal) + 1;
        int end = first;
        while (first > 0 && end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return end - first <= digits ? text : text.Remove(first + digits, end - first - digits);
    }

    private static (DateTimeOffset? From, DateTimeOffset? To, string? Since) Range(
        IQueryCollection query, TimeZoneInfo zone, ScrapeReading? newest, DateTimeOffset now)
    {
        int ways = (query.ContainsKey("range") ? 1 : 0) + (query.ContainsKey("since") ? 1 : 0) + (query.ContainsKey("from") || query.ContainsKey("to") ? 1 : 0);
        if (ways > 1)
        {
            throw new BadRequestException("from and to, range and since exclude each other: name the range in one way");
        }

        if (query["since"] is [var since])
        {
            return since != "scrape" ? throw new BadRequestException($"since: '{since}' is not 'scrape'")
                : newest is not null ? (newest.ScrapedAt, null, "scrape")
                : (Calendar.StartOfDay(Calendar.DayOf(now, zone), zone), null, "midnight");
        }

        // Open at its end: a client whose clock is a little ahead is part of "until now".
        if (query["range"] is [var range])
        {
            return (now - Calendar.Duration("range", range!, RangeMax), null, null);
        }

        DateTimeOffset? from = Time(query, "from");
        DateTimeOffset? to = Time(query, "to");
        return from >= to ? throw new BadRequestException("from must be before to") : (from, to, null);
    }

    private static DateTimeOffset? Time(IQueryCollection query, string name) => query[name] switch
    {
        [] => null,
        // Within what the database's nanoseconds can tell; nothing is before or after, and calendars end soon after.
        [{ } text] when TryTime(text, out DateTimeOffset time) => UnixNano.ToTime(UnixNano.From(time)),
        var values => throw new BadRequestException($"{name}: '{values}' is not a time such as 2026-01-31T09:30:00Z or 2026-01-31T09:30:00+01:00"),
    };

    private static TimeZoneInfo Zone(StringValues values)
    {
        if (values is [])
        {
            return TimeZoneInfo.Local;
        }

        return values is [{ } name] && TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone)
            ? zone
            : throw new BadRequestException($"tz: '{values}' is not a time zone known here; it is written like Europe/Berlin");
    }

    private static string[] Values(IQueryCollection query, string name)
    {
        string[] values = [.. query[name].Where(v => v is not null).Select(v => v!).Distinct()];
        return values.Length <= Limits.FilterValuesMax
            ? values
            : throw new BadRequestException($"{name}: at most {Limits.FilterValuesMax} values may be given, these are {values.Length}");
    }
}
