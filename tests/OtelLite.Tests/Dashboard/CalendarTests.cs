using System.Globalization;
using OtelLite.Dashboard;
using Calendar = OtelLite.Dashboard.Calendar;

namespace OtelLite.Tests.Dashboard;

/// <summary>Days and buckets where clocks are changed.</summary>
public sealed class CalendarTests
{
    private static TimeZoneInfo Zone(string name) => TimeZoneInfo.FindSystemTimeZoneById(name);

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static string[] Local(IEnumerable<long> starts, TimeZoneInfo zone) =>
        [.. starts.Select(s => TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(s), zone).ToString("MM-dd HH:mmzzz", CultureInfo.InvariantCulture))];

    [Theory]
    [InlineData("Europe/Berlin", "2026-03-29", 23)]
    [InlineData("Europe/Berlin", "2026-10-25", 25)]
    [InlineData("Europe/Berlin", "2026-01-15", 24)]
    [InlineData("America/New_York", "2026-11-01", 25)]
    [InlineData("Australia/Lord_Howe", "2026-04-05", 24.5)]
    [InlineData("Africa/Cairo", "2026-04-24", 23)]
    [InlineData("Asia/Beirut", "2026-03-29", 23)]
    [InlineData("America/Sao_Paulo", "2018-11-04", 23)]
    [InlineData("America/Havana", "2026-11-01", 25)]
    public void A_day_is_as_long_as_its_zone_makes_it(string zone, string day, double hours)
    {
        var date = DateOnly.Parse(day, CultureInfo.InvariantCulture);
        DateTimeOffset start = Calendar.StartOfDay(date, Zone(zone)), end = Calendar.StartOfDay(date.AddDays(1), Zone(zone));
        Assert.Equal(hours, (end - start).TotalHours);

        // The first moment of a day: what is a moment earlier belongs to the day before.
        Assert.Equal(date, DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(start, Zone(zone)).DateTime));
        Assert.Equal(date.AddDays(-1), DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(start.AddTicks(-1), Zone(zone)).DateTime));
    }

    [Theory]
    [InlineData("Africa/Cairo", "2026-04-24", "2026-04-24T01:00:00+03:00")]
    [InlineData("Asia/Beirut", "2026-03-29", "2026-03-29T01:00:00+03:00")]
    [InlineData("America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00")]
    public void Where_there_is_no_midnight_the_day_begins_at_the_jump_and_where_it_comes_twice_at_the_first(string zone, string day, string start) =>
        Assert.Equal(Time(start), Calendar.StartOfDay(DateOnly.Parse(day, CultureInfo.InvariantCulture), Zone(zone)));

    [Theory]
    [InlineData("Europe/Berlin", "2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z", "03-28 00:00+01:00|03-29 00:00+01:00|03-30 00:00+02:00")]
    [InlineData("Europe/Berlin", "2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z", "10-24 00:00+02:00|10-25 00:00+02:00|10-26 00:00+01:00")]
    [InlineData("Africa/Cairo", "2026-04-22T22:00:00Z", "2026-04-24T21:00:00Z", "04-23 00:00+02:00|04-24 01:00+03:00")]
    [InlineData("Asia/Kolkata", "2026-01-14T18:30:00Z", "2026-01-16T18:30:00Z", "01-15 00:00+05:30|01-16 00:00+05:30")]
    public void Days_begin_at_the_zones_midnight(string zone, string from, string to, string starts)
    {
        (long[] buckets, long step) = Calendar.Buckets(Time(from), Time(to), TimeSpan.FromDays(1), Zone(zone));
        Assert.Equal(86400, step);
        Assert.Equal(starts.Split('|'), Local(buckets, Zone(zone)));
    }

    [Fact]
    public void Steps_of_hours_begin_anew_at_midnight_on_days_of_23_and_25_hours()
    {
        TimeZoneInfo berlin = Zone("Europe/Berlin");
        (long[] spring, _) = Calendar.Buckets(Time("2026-03-29T00:00:00+01:00"), Time("2026-03-30T00:00:00+02:00"), TimeSpan.FromHours(12), berlin);
        Assert.Equal(["03-29 00:00+01:00", "03-29 13:00+02:00"], Local(spring, berlin));
        (long[] autumn, _) = Calendar.Buckets(Time("2026-10-25T00:00:00+02:00"), Time("2026-10-26T00:00:00+01:00"), TimeSpan.FromHours(12), berlin);
        Assert.Equal(["10-25 00:00+02:00", "10-25 11:00+01:00", "10-25 23:00+01:00"], Local(autumn, berlin));
    }

    [Theory]
    [InlineData("Asia/Kolkata", "2026-01-15T00:00:00+05:30", "2026-01-16T00:00:00+05:30", 3600, 24)]
    [InlineData("Asia/Kolkata", "2026-01-15T00:00:00+05:30", "2026-01-16T00:00:00+05:30", 1800, 48)]
    [InlineData("Asia/Kathmandu", "2026-01-15T00:00:00+05:45", "2026-01-16T00:00:00+05:45", 1800, 48)]
    [InlineData("Asia/Kathmandu", "2026-01-15T00:00:00+05:45", "2026-01-16T00:00:00+05:45", 900, 96)]
    [InlineData("Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 3600, 23)]
    [InlineData("Europe/Berlin", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 3600, 25)]
    [InlineData("Australia/Lord_Howe", "2026-04-05T00:00:00+11:00", "2026-04-06T00:00:00+10:30", 3600, 24)]
    [InlineData("Australia/Lord_Howe", "2026-04-05T00:00:00+11:00", "2026-04-06T00:00:00+10:30", 1800, 49)]
    [InlineData("Australia/Lord_Howe", "2026-10-04T00:00:00+10:30", "2026-10-05T00:00:00+11:00", 3600, 23)]
    public void Steps_of_up_to_an_hour_stand_on_the_zones_clock_over_one_of_its_days(string zone, string from, string to, int step, int count)
    {
        (long[] starts, _) = Calendar.Buckets(Time(from), Time(to), TimeSpan.FromSeconds(step), Zone(zone));
        Assert.Equal(count, starts.Length);
        Assert.Equal(Time(from).ToUnixTimeSeconds(), starts[0]);
        Assert.All(starts, s => Assert.Equal(0, TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(s), Zone(zone)).TimeOfDay.TotalSeconds % step));

        // A range that begins in a bucket has that bucket's start.
        (long[] later, _) = Calendar.Buckets(Time(from).AddSeconds(step + 1), Time(to), TimeSpan.FromSeconds(step), Zone(zone));
        Assert.Equal(starts[1..], later);
    }

    [Fact]
    public void Where_clocks_were_off_by_odd_minutes_there_are_buckets_too()
    {
        (long[] starts, _) = Calendar.Buckets(Time("1970-01-01T00:00:00Z"), Time("1970-01-02T00:00:00Z"), TimeSpan.FromHours(1), Zone("Africa/Monrovia"));
        Assert.InRange(starts.Length, 24, 25);
        Assert.All(starts, s => Assert.Equal(0, s % 900));
    }

    [Fact]
    public void The_first_bucket_holds_the_ranges_start_and_the_last_its_end()
    {
        (long[] minutes, _) = Calendar.Buckets(Time("2026-01-15T12:00:30Z"), Time("2026-01-15T12:02:00.5Z"), TimeSpan.FromMinutes(1), TimeZoneInfo.Utc);
        Assert.Equal([Exports.Noon, Exports.Noon + 60, Exports.Noon + 120], minutes);
        (long[] exact, _) = Calendar.Buckets(Time("2026-01-15T12:00:00Z"), Time("2026-01-15T12:02:00Z"), TimeSpan.FromMinutes(1), TimeZoneInfo.Utc);
        Assert.Equal([Exports.Noon, Exports.Noon + 60], exact);
        (long[] hours, _) = Calendar.Buckets(Time("2026-01-15T12:00:30Z"), Time("2026-01-15T18:00:00.5Z"), TimeSpan.FromHours(6), TimeZoneInfo.Utc);
        Assert.Equal([Exports.Noon, Exports.Noon + 6 * 3600], hours);
    }

    [Fact]
    public void Weeks_do_not_move_with_the_range()
    {
        TimeZoneInfo berlin = Zone("Europe/Berlin");
        (long[] whole, _) = Calendar.Buckets(Time("2026-01-01T00:00:00+01:00"), Time("2026-06-01T00:00:00+02:00"), TimeSpan.FromDays(7), berlin);
        for (int day = 0; day < 30; day++)
        {
            (long[] part, _) = Calendar.Buckets(Time("2026-03-10T12:00:00+01:00").AddDays(day), Time("2026-06-01T00:00:00+02:00"), TimeSpan.FromDays(7), berlin);
            Assert.Equal(whole[^part.Length..], part);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(6 * 3600)]
    [InlineData(86400)]
    public void The_most_buckets_are_given_and_one_more_is_refused(int step)
    {
        DateTimeOffset from = Time("2026-01-15T00:00:00Z");
        (long[] most, _) = Calendar.Buckets(from, from.AddSeconds((long)step * Limits.BucketsMax), TimeSpan.FromSeconds(step), TimeZoneInfo.Utc);
        Assert.Equal(Limits.BucketsMax, most.Length);
        BadRequestException refused = Assert.Throws<BadRequestException>(
            () => Calendar.Buckets(from, from.AddSeconds((long)step * Limits.BucketsMax + 1), TimeSpan.FromSeconds(step), TimeZoneInfo.Utc));
        Assert.Contains("1000 buckets", refused.Message, StringComparison.Ordinal);
        Assert.Throws<BadRequestException>(
            () => Calendar.Buckets(from.AddSeconds(0.5), from.AddSeconds((long)step * Limits.BucketsMax + 0.5), TimeSpan.FromSeconds(step), TimeZoneInfo.Utc));
    }

    [Fact]
    public void Without_a_step_every_range_has_a_readable_number_of_buckets()
    {
        DateTimeOffset from = Time("2026-03-01T00:00:07Z");
        for (double seconds = 1; seconds < 3e9; seconds *= 1.37)
        {
            (long[] starts, long step) = Calendar.Buckets(from, from.AddSeconds(seconds), null, Zone("Europe/Berlin"));
            Assert.InRange(starts.Length, 1, 210);
            Assert.True(step == 1 || starts.Length >= 20 || seconds < 100, $"{seconds} s in {starts.Length} buckets");
            Assert.Equal(starts.Distinct().Order(), starts);
        }
    }

    [Theory]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(5 * 3600)]
    [InlineData(90000)]
    public void A_step_that_does_not_fit_into_days_is_refused(int seconds) => Assert.Throws<BadRequestException>(
        () => Calendar.Buckets(Time("2026-01-15T00:00:00Z"), Time("2026-01-15T01:00:00Z"), TimeSpan.FromSeconds(seconds), TimeZoneInfo.Utc));

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("24h", 86400)]
    [InlineData("7d", 604800)]
    public void A_duration_is_a_number_and_its_unit(string text, double seconds) =>
        Assert.Equal(seconds, Calendar.Duration("range", text, TimeSpan.FromDays(400)).TotalSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("d")]
    [InlineData("7")]
    [InlineData("0d")]
    [InlineData("-1d")]
    [InlineData("1.5h")]
    [InlineData("1w")]
    [InlineData("401d")]
    [InlineData("99999999999d")]
    [InlineData(" 1d")]
    public void What_is_no_duration_is_refused_with_an_example(string text) => Assert.Contains(
        "such as 15m, 24h or 7d", Assert.Throws<BadRequestException>(() => Calendar.Duration("range", text, TimeSpan.FromDays(400))).Message, StringComparison.Ordinal);
}
