using System.Globalization;

namespace OtelLite.Dashboard;

/// <summary>Days as their reader has them: of a time zone, some of them 23 or 25 hours long.</summary>
internal static class Calendar
{
    private const int DaySeconds = 24 * 3600;

    // Every zone's offset is a whole number of these.
    private const int QuarterSeconds = 15 * 60;

    // Few enough points to see each, many enough to see a shape.
    private const int BucketsWanted = 200;

    private static readonly int[] StepSeconds = [1, 5, 15, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, DaySeconds, 7 * DaySeconds];

    /// <summary>The day that it is somewhere at a moment.</summary>
    public static DateOnly DayOf(DateTimeOffset time, TimeZoneInfo zone) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(time, zone).DateTime);

    /// <summary>The first moment of a day. Where the clock jumps over midnight, the day begins at the jump; where midnight comes twice, at the first.</summary>
    public static DateTimeOffset StartOfDay(DateOnly day, TimeZoneInfo zone)
    {
        var local = day.ToDateTime(TimeOnly.MinValue);
        while (zone.IsInvalidTime(local))
        {
            local = local.AddMinutes(15);
        }

        TimeSpan offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset);
    }

    /// <summary>A duration such as 15m, 24h or 7d.</summary>
    public static TimeSpan Duration(string name, string text, TimeSpan max)
    {
        double seconds = text.Length < 2 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => DaySeconds, _ => 0 };
        if (seconds == 0 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count == 0
            || seconds * count > max.TotalSeconds)
        {
            throw new BadRequestException($"{name}: '{text}' is not a duration such as 15m, 24h or 7d of at most {max.TotalDays:0} days");
        }

        return TimeSpan.FromSeconds(seconds * count);
    }

    /// <summary>
    /// The starts of the buckets of a range, in Unix seconds. Steps of up to an hour stand on the multiples of the zone's clock; longer ones begin
    /// anew at each of its midnights, and days are days.
    /// </summary>
    /// <param name="step">Null: chosen so that a chart has a readable number of points.</param>
    public static (long[] Starts, long StepSeconds) Buckets(DateTimeOffset from, DateTimeOffset to, TimeSpan? step, TimeZoneInfo zone)
    {
        double span = Math.Max(1, (to - from).TotalSeconds);
        long seconds = (long?)step?.TotalSeconds
            ?? StepSeconds.Where(s => span / s <= BucketsWanted).Select(s => (long?)s).FirstOrDefault()
            ?? (long)Math.Ceiling(span / BucketsWanted / DaySeconds) * DaySeconds;
        if (span / seconds > Limits.BucketsMax)
        {
            throw TooMany();
        }

        if (seconds >= DaySeconds ? seconds % DaySeconds != 0 : DaySeconds % seconds != 0 || (seconds > QuarterSeconds && seconds % QuarterSeconds != 0))
        {
            throw new BadRequestException("step: a day must be a whole number of steps, or a step a whole number of days; above 15m in quarters of an hour");
        }

        // Rounded up: what happened in the range's last, broken second may need a bucket of its own.
        long end = to.AddTicks(TimeSpan.TicksPerSecond - 1).ToUnixTimeSeconds();
        List<long> starts = seconds <= QuarterSeconds ? OnTheClock(from, end, seconds)
            : seconds <= 3600 ? OnTheClockOf(zone, from, end, seconds)
            : OnDays(from, end, seconds, zone);
        return starts.Count <= Limits.BucketsMax ? ([.. starts], seconds) : throw TooMany();
    }

    private static BadRequestException TooMany() =>
        new($"step: this range would have more than {Limits.BucketsMax} buckets; take a longer step or a shorter range");

    private static List<long> OnTheClock(DateTimeOffset from, long end, long step)
    {
        List<long> starts = [];
        for (long start = from.ToUnixTimeSeconds() / step * step; start < end || starts.Count == 0; start += step)
        {
            starts.Add(start);
        }

        return starts;
    }

    // Where the clock is changed by half an hour, the bucket in which that happens is so much longer or shorter.
    private static List<long> OnTheClockOf(TimeZoneInfo zone, DateTimeOffset from, long end, long step)
    {
        long quarter = from.ToUnixTimeSeconds() / QuarterSeconds * QuarterSeconds;
        long first = quarter;
        while (!IsStart(first, zone, step) && quarter - first < 2 * step)
        {
            first -= QuarterSeconds;
        }

        List<long> starts = [first];
        for (long start = first + QuarterSeconds; start < end; start += QuarterSeconds)
        {
            if (IsStart(start, zone, step))
            {
                starts.Add(start);
            }
        }

        return starts;
    }

    private static bool IsStart(long unixSeconds, TimeZoneInfo zone, long step)
    {
        // Before there were zones, clocks were off by odd minutes and seconds.
        long offset = (long)zone.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(unixSeconds)).TotalSeconds / QuarterSeconds * QuarterSeconds;
        return (unixSeconds + offset) % step == 0;
    }

    private static List<long> OnDays(DateTimeOffset from, long to, long step, TimeZoneInfo zone)
    {
        int days = (int)Math.Max(1, step / DaySeconds);
        List<long> starts = [];
        DateOnly day = DayOf(from, zone);
        day = day.AddDays(-(day.DayNumber % days));
        long end = Math.Max(to, StartOfDay(day, zone).ToUnixTimeSeconds() + 1);
        for (long start = StartOfDay(day, zone).ToUnixTimeSeconds(); start < end;)
        {
            day = day.AddDays(days);
            long next = StartOfDay(day, zone).ToUnixTimeSeconds();
            long stride = step >= DaySeconds ? next - start : step;
            for (long bucket = start; bucket < next && bucket < end; bucket += stride)
            {
                starts.Add(bucket);
            }

            start = next;
        }

        // The bucket that holds the range's start is the first.
        int first = starts.FindLastIndex(s => s <= from.ToUnixTimeSeconds());
        return first > 0 ? starts[first..] : starts;
    }
}
