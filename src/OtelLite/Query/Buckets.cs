namespace OtelLite.Query;

/// <summary>The buckets of a series, and how rows find theirs.</summary>
/// <param name="starts">Ascending, in Unix seconds: the first at or before the scope's start, each other a multiple of <paramref name="stepSeconds"/> or, for
/// steps above 15 minutes, of a quarter of an hour.</param>
internal sealed class Buckets(long[] starts, long stepSeconds)
{
    // Every time zone's offset is a whole number of quarters of an hour, so that days are whole numbers of these.
    private const long QuarterSeconds = 15 * 60;

    // SQLite adds up small steps; they are gathered into the buckets here, where days may have 23 or 25 hours.
    private readonly long _unitSeconds = Math.Min(stepSeconds, QuarterSeconds);

    public long[] Starts { get; } = starts;

    /// <summary>A quarter of an hour is too coarse: every row is to come with its own time.</summary>
    public bool NeedExactTimes => _unitSeconds < QuarterSeconds;

    /// <summary>A SQL expression over time_unix_nano: the start of a row's unit, in Unix seconds, for <see cref="Of"/>.</summary>
    public string Unit => $"time_unix_nano / {_unitSeconds * 1_000_000_000} * {_unitSeconds}";

    /// <summary>The place of the bucket that holds a unit.</summary>
    public int Of(long unixSeconds)
    {
        int index = Array.BinarySearch(Starts, unixSeconds);
        return Math.Max(0, index >= 0 ? index : ~index - 1);
    }
}
