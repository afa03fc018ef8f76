using System.Globalization;

namespace OtelLite;

/// <summary>The values of options, read as a person types them.</summary>
internal static class GivenValues
{
    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <exception cref="UsageException">It is no whole number, or none within the bounds.</exception>
    public static int Whole(string option, string text, int min, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
            ? value
            : throw new UsageException($"{option}: '{text}' is not a whole number from {min} to {max}.");

    /// <summary>A duration such as 90d, 24h, 15m or 30s.</summary>
    /// <exception cref="UsageException">It is none, or longer than a hundred years.</exception>
    public static TimeSpan Duration(string option, string text) =>
        TryDuration(text) ?? throw new UsageException($"{option}: '{text}' is not a duration such as 90d, 24h or 15m.");

    /// <summary>A number of bytes such as 4GB, 500MB or 4000000000; a GB is a billion.</summary>
    /// <exception cref="UsageException">It is none, or less than a megabyte.</exception>
    public static long Bytes(string option, string text)
    {
        (string Unit, long Bytes)[] units = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("", 1)];
        (string unit, long bytes) = units.First(u => text.EndsWith(u.Unit, StringComparison.OrdinalIgnoreCase));
        return long.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            && count <= long.MaxValue / bytes && count * bytes >= 1_000_000
            ? count * bytes
            : throw new UsageException($"{option}: '{text}' is not a size such as 4GB or 500MB, of 1MB or more.");
    }

    /// <summary>A moment: RFC 3339, a date (its first moment in UTC), or a duration back from now.</summary>
    /// <exception cref="UsageException">It is none of these.</exception>
    public static DateTimeOffset Moment(string option, string text, DateTimeOffset now) =>
        TryDuration(text) is { } ago ? now - ago
        : DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time
        : throw new UsageException($"{option}: '{text}' is neither a duration such as 7d nor a time such as 2026-01-31 or 2026-01-31T09:30:00Z.");

    private static TimeSpan? TryDuration(string text)
    {
        const int secondsOfDay = 86_400;
        int seconds = text.Length < 2 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => secondsOfDay, _ => 0 };
        return seconds > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
            && (long)seconds * count <= 36_600L * secondsOfDay
            ? TimeSpan.FromSeconds((long)seconds * count)
            : null;
    }
}
