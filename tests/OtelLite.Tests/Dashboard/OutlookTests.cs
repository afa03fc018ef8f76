using System.Globalization;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Dashboard;

/// <summary>Where the official limits stand and will stand, from readings and from what was billed.</summary>
public sealed class OutlookTests : IAsyncLifetime
{
    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;
    private RunningServer _server = null!;
    private int _requests;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    // Requests of a quarter of a dollar each, so many minutes ago.
    private async Task Bill(params int[] minutesAgo)
    {
        foreach (int ago in minutesAgo)
        {
            using HttpResponseMessage answer = await _server.Post("/v1/logs", Exports.Request(_now.AddMinutes(-ago).ToUnixTimeSeconds(), id: $"r{_requests++}"));
            answer.EnsureSuccessStatusCode();
        }
    }

    private async Task Scrape(int minutesAgo, string limits)
    {
        using HttpResponseMessage answer = await _server.Post("/api/scrapes", $$"""{"scrapedAt":"{{Time(-minutesAgo)}}","limits":{{limits}}}""");
        answer.EnsureSuccessStatusCode();
    }

    private string Time(double minutes) => _now.AddMinutes(minutes).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private string Limit(string name, double percent, double resetsInMinutes) => string.Create(
        CultureInfo.InvariantCulture, $$$"""{"{{{name}}}":{"usedPercent":{{{percent}}},"resetsAt":"{{{Time(resetsInMinutes)}}}"}}""");

    private async Task<JsonArray> Outlooks() => (await _server.Get("/api/now"))["limits"]!.AsArray();

    private static double Hours(JsonNode limit, string name, DateTimeOffset from) => ((DateTimeOffset)limit[name]! - from).TotalHours;

    [Fact]
    public async Task Two_readings_of_a_window_tell_what_a_dollar_takes()
    {
        await Bill(70, 50, 40, 20, 10);
        await Scrape(60, Limit("fiveHour", 10, 120));
        await Scrape(30, Limit("fiveHour", 20, 120.5));
        JsonNode limit = (await Outlooks()).Single()!;

        // From 60 to 30 minutes ago half a dollar took 10 %: another half since the reading, and a dollar an hour for the two hours left.
        Assert.Equal("readings", (string)limit["basis"]!);
        Assert.Equal(("fiveHour", 20.0, false), ((string)limit["name"]!, (double)limit["usedPercent"]!, (bool)limit["over"]!));
        Assert.Equal(30, (double)limit["estimatedPercent"]!, 9);
        Assert.Equal(30 + (20 * 2), (double)limit["projectedPercent"]!, 0);
        Assert.Null(limit["fullAt"]);
    }

    [Fact]
    public async Task Without_an_earlier_reading_of_the_window_its_cost_is_the_yardstick()
    {
        await Bill(400, 200, 100, 10);
        await Scrape(30, Limit("fiveHour", 40, 60));

        // The window began four hours ago: half a dollar took 40 %, the quarter since 20 % more, and as much in the hour that is left.
        JsonNode limit = (await Outlooks()).Single()!;
        Assert.Equal("cost", (string)limit["basis"]!);
        Assert.Equal(60, (double)limit["estimatedPercent"]!, 9);
        Assert.Equal(80, (double)limit["projectedPercent"]!, 0);
        await Bill(9, 8, 7);
        limit = (await Outlooks()).Single()!;
        Assert.Equal(120, (double)limit["estimatedPercent"]!, 9);
        Assert.Equal(0, Hours(limit, "fullAt", _now), 1);
    }

    [Fact]
    public async Task A_limit_that_will_be_full_before_its_reset_says_when()
    {
        await Bill(50, 10);
        await Scrape(30, Limit("sevenDay_opus", 50, 600));

        // A quarter of a dollar is 50 %: it is full now, and before that reading it was not.
        JsonNode limit = (await Outlooks()).Single()!;
        Assert.Equal(100, (double)limit["estimatedPercent"]!, 9);
        Assert.Equal(0, Hours(limit, "fullAt", _now), 1);
        await Scrape(5, Limit("sevenDay_opus", 55, 600));
        limit = (await Outlooks()).Single()!;

        // Five percent for a quarter: ten an hour, full in four and a half of the ten.
        Assert.Equal("readings", (string)limit["basis"]!);
        Assert.Equal(55, (double)limit["estimatedPercent"]!, 9);
        Assert.Equal(4.5, Hours(limit, "fullAt", _now), 1);
        Assert.Equal(155, (double)limit["projectedPercent"]!, 0);
    }

    [Theory]
    [InlineData("over, so of the new window nothing is known", """{"fiveHour":{"usedPercent":40,"resetsAt":"PAST"}}""", true)]
    [InlineData("without an end", """{"fiveHour":{"usedPercent":40}}""", false)]
    [InlineData("of a length that is not known", """{"monthly":{"usedPercent":40,"resetsAt":"FUTURE"}}""", false)]
    [InlineData("with an end that is no time", """{"fiveHour":{"usedPercent":40,"resetsAt":"soon"}}""", false)]
    [InlineData("with an end beyond all times", """{"sevenDay":{"usedPercent":40,"resetsAt":"9999-12-31T23:59:59Z"}}""", false)]
    [InlineData("among what is no limit", """{"plan":"max","a":[],"b":{},"c":{"usedPercent":"7"},"d":{"usedPercent":-1},"e":{"usedPercent":1e300},"fiveHour":{"usedPercent":40}}""", false)]
    public async Task A_limit_is_told_and_not_estimated(string _, string limits, bool over)
    {
        await Bill(50, 10);
        await Scrape(30, limits.Replace("PAST", Time(-1), StringComparison.Ordinal).Replace("FUTURE", Time(60), StringComparison.Ordinal));
        JsonNode limit = (await Outlooks()).Single()!;
        Assert.Equal(40, (double)limit["usedPercent"]!);
        Assert.Equal(over, (bool)limit["over"]!);
        Assert.All((string[])["estimatedPercent", "projectedPercent", "fullAt", "basis"], name => Assert.Null(limit[name]));
    }

    [Fact]
    public async Task Readings_of_another_window_or_that_fell_are_not_compared()
    {
        await Bill(100, 50, 10);
        await Scrape(60, Limit("fiveHour", 50, 120));
        await Scrape(55, Limit("fiveHour", 10, 90));
        await Scrape(54, Limit("sevenDay", 10, 120));
        await Scrape(30, Limit("fiveHour", 20, 120));
        JsonNode limit = (await Outlooks()).Single()!;
        Assert.Equal("cost", (string)limit["basis"]!);
        Assert.Equal(30, (double)limit["estimatedPercent"]!, 9);
    }

    [Fact]
    public async Task The_newest_reading_with_limits_counts_and_where_nothing_was_billed_nothing_is_guessed()
    {
        Assert.Empty(await Outlooks());
        await Scrape(30, Limit("fiveHour", 20, 120));
        await Scrape(20, "{}");
        await Scrape(10, "null");
        JsonNode limit = (await Outlooks()).Single()!;
        Assert.Equal(20, (double)limit["usedPercent"]!);
        Assert.Equal(-0.5, Hours(limit, "readAt", _now), 1);
        Assert.Null(limit["basis"]);
    }

    [Fact]
    public async Task As_many_limits_as_allowed_are_told_and_one_more_is_not()
    {
        await Scrape(10, $$"""{{{string.Join(',', Enumerable.Range(0, Limits.ReadLimitsMax + 1).Select(i => $$"""  "l{{i}}":{"usedPercent":{{i}}} """))}}}""");
        Assert.Equal(Enumerable.Range(0, Limits.ReadLimitsMax).Select(i => $"l{i}"), (await Outlooks()).Select(l => (string)l!["name"]!));
    }

    [Fact]
    public async Task A_reading_one_past_those_looked_through_is_not_compared()
    {
        await Bill(250, 10);
        for (int ago = Limits.ReadingsComparedMax - 1; ago > 1; ago--)
        {
            await Scrape(ago, """{"other":{"usedPercent":1}}""");
        }

        await Scrape(299, Limit("fiveHour", 10, 60));
        await Scrape(1, Limit("fiveHour", 20, 60));
        Assert.Equal("readings", (string)(await Outlooks()).Single()!["basis"]!);
        await Scrape(200, """{"other":{"usedPercent":1}}""");
        Assert.NotEqual("readings", (string?)(await Outlooks()).Single()!["basis"]);
    }
}
