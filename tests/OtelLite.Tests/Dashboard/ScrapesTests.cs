using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OtelLite.Dashboard;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Dashboard;

/// <summary>Official usage readings: posted, listed, and the start of "since last scrape".</summary>
public sealed class ScrapesTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private async Task<(HttpStatusCode Status, JsonNode Body)> Post(byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage answer = await _server.Http.PostAsync(new Uri(_server.Url + "/api/scrapes"), content);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    private Task<(HttpStatusCode Status, JsonNode Body)> Post(string json) => Post(Encoding.UTF8.GetBytes(json));

    private async Task<JsonArray> List() => (await _server.Get("/api/scrapes"))["scrapes"]!.AsArray();

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"scrapedAt":null,"source":null,"limits":null}""")]
    public async Task A_reading_that_says_nothing_is_one_of_now(string json)
    {
        DateTimeOffset before = DateTimeOffset.UtcNow.AddSeconds(-1);
        (HttpStatusCode status, JsonNode reading) = await Post(json);
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.InRange((DateTimeOffset)reading["scrapedAt"]!, before, DateTimeOffset.UtcNow);
        Assert.Null(reading["source"]);
        Assert.Null(reading["limits"]);
        Assert.Equal(reading.ToJsonString(), (await List()).Single()!.ToJsonString());
    }

    [Fact]
    public async Task A_full_reading_comes_back_as_it_was_posted()
    {
        const string limits = """{"fiveHour":{"usedPercent":41.5,"resetsAt":"2026-01-15T15:00:00Z"},"sevenDay":{"usedPercent":7},"more":["\u00e4",1e3,null]}""";
        (HttpStatusCode status, JsonNode reading) = await Post($$"""{"scrapedAt":"2026-01-15T13:00:00+01:00","source":"my scraper","limits":{{limits}},"unknown":1}""");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(Exports.Noon), (DateTimeOffset)reading["scrapedAt"]!);
        Assert.Equal("my scraper", (string)reading["source"]!);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(limits), reading["limits"]));
        Assert.Equal(reading.ToJsonString(), (await _server.Get("/api/summary"))["scrape"]!.ToJsonString());
    }

    [Theory]
    [InlineData("2026-01-15T12:00:00.123456789Z")]
    [InlineData("2026-01-15t12:00:00.1234567z")]
    [InlineData("2026-01-15T13:00:00.12345670001+01:00")]
    public async Task A_time_may_be_as_fine_as_any_sender_writes_it(string text)
    {
        (HttpStatusCode status, JsonNode reading) = await Post($$"""{"scrapedAt":"{{text}}"}""");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(Exports.Noon).AddTicks(1_234_567), (DateTimeOffset)reading["scrapedAt"]!);
    }

    [Theory]
    [InlineData("""{"scrapedAt":"yesterday"}""", "scrapedAt")]
    [InlineData("""{"scrapedAt":"2026-01-15T12:00:00"}""", "scrapedAt")]
    [InlineData("""{"scrapedAt":1768478400}""", "scrapedAt")]
    [InlineData("""{"limits":[1]}""", "limits")]
    [InlineData("""{"limits":"none"}""", "limits")]
    [InlineData("""{"source":5}""", "source")]
    [InlineData("null", "null")]
    [InlineData("[]", "reading")]
    [InlineData("{", "reading")]
    public async Task A_reading_that_makes_no_sense_is_400_and_names_what(string json, string name)
    {
        (HttpStatusCode status, JsonNode problem) = await Post(json);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(name, (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Empty(await List());
    }

    [Fact]
    public async Task A_reading_nested_one_past_the_limit_is_400_and_one_at_it_harms_no_later_answer()
    {
        // The body and limits are the first two levels.
        static string Nested(int levels) =>
            "{\"limits\":{\"a\":" + new string('[', levels - 2) + new string(']', levels - 2) + "}}";
        Assert.Equal(HttpStatusCode.BadRequest, (await Post(Nested(Limits.ScrapeDepthMax + 1))).Status);
        Assert.Equal(HttpStatusCode.Created, (await Post(Nested(Limits.ScrapeDepthMax))).Status);
        Assert.Single(await List());
        Assert.NotNull((await _server.Get("/api/summary"))["scrape"]);
    }

    [Fact]
    public async Task A_reading_of_the_future_is_400_and_one_by_a_clock_a_little_ahead_is_taken()
    {
        static string At(TimeSpan ahead) => $$"""{"scrapedAt":"{{DateTimeOffset.UtcNow + ahead:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""";
        (HttpStatusCode status, JsonNode problem) = await Post(At(Limits.ScrapeAheadMax + TimeSpan.FromMinutes(1)));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("in the future", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await Post(At(Limits.ScrapeAheadMax - TimeSpan.FromMinutes(1)))).Status);
    }

    [Fact]
    public async Task A_reading_with_text_that_is_none_is_400_and_harms_no_later_answer()
    {
        foreach (byte[] body in (byte[][])
        [
            [.. "{\"limits\":{\"a\":\""u8, 0xFF, .. "\"}}"u8],
            [.. "{\"limits\":{\""u8, 0xC3, .. "\":1}}"u8],
            [.. "{\"source\":\""u8, 0xFF, .. "\"}"u8],
            [.. "{\"limits\":{\"a\":\"\\ud800\"}}"u8],
            [.. "{\"limits\":{\"\\udfff\":1}}"u8],
            [.. "{\"source\":\"\\ud800\"}"u8],
        ])
        {
            (HttpStatusCode status, _) = await Post(body);
            Assert.Equal(HttpStatusCode.BadRequest, status);
        }

        Assert.Empty(await List());
        await _server.Get("/api/summary?since=scrape");
    }

    [Fact]
    public async Task The_largest_reading_is_taken_and_one_byte_more_is_not()
    {
        (HttpStatusCode largest, _) = await Post("{}".PadRight(Limits.ScrapeBytesMax));
        Assert.Equal(HttpStatusCode.Created, largest);
        (HttpStatusCode larger, JsonNode problem) = await Post("{}".PadRight(Limits.ScrapeBytesMax + 1));
        Assert.Equal(HttpStatusCode.BadRequest, larger);
        Assert.Contains("65536", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Single(await List());
    }

    [Fact]
    public async Task The_list_has_the_newest_reading_first_whenever_it_arrived()
    {
        foreach (int hour in (int[])[12, 10, 14, 11])
        {
            await Post($$"""{"scrapedAt":"2026-01-15T{{hour}}:00:00Z","source":"{{hour}}"}""");
        }

        Assert.Equal(["14", "12", "11", "10"], (await List()).Select(s => (string)s!["source"]!));
    }

    [Fact]
    public async Task The_list_ends_after_the_most_that_is_shown()
    {
        // A few at a time: all at once may take a connection each, which are more than a server has.
        await Parallel.ForEachAsync(Enumerable.Range(0, Limits.ScrapesMax + 1), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (second, _) =>
            await Post($$"""{"scrapedAt":"{{DateTimeOffset.UnixEpoch.AddSeconds(Exports.Noon + second):yyyy-MM-dd'T'HH:mm:ss'Z'}}","source":"{{second}}"}"""));
        JsonArray list = await List();
        Assert.Equal(Limits.ScrapesMax, list.Count);
        Assert.Equal($"{Limits.ScrapesMax}", (string)list[0]!["source"]!);
        Assert.Equal("1", (string)list[^1]!["source"]!);
    }

    [Fact]
    public async Task A_reading_that_can_not_be_stored_now_is_503_and_asks_to_come_back()
    {
        var api = new Api(
            () => null!, (_, _, _, _) => Task.FromResult((new WriteResult(WriteOutcome.Unavailable, "the disk is full"), 0L)),
            (_, _) => Task.FromResult(new WriteResult(WriteOutcome.Unavailable, "the disk is full")),
            () => null, new LiveUpdates(), new IngestLog(), App.Version, CancellationToken.None);
        var context = new DefaultHttpContext();
        using var body = new MemoryStream();
        context.Response.Body = body;
        await api.Endpoints.Single(e => e is { Method: "POST", Path: "/api/scrapes" }).Serve(context);
        Assert.Equal(503, context.Response.StatusCode);
        Assert.Equal("1", context.Response.Headers.RetryAfter);
        Assert.Contains("the disk is full", Encoding.UTF8.GetString(body.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Since_scrape_starts_at_the_newest_reading()
    {
        await _server.Post("/v1/metrics", Exports.Commit(Exports.Noon - 1));
        await _server.Post("/v1/metrics", Exports.Commit(Exports.Noon));
        await Post("""{"scrapedAt":"2026-01-15T12:00:00Z"}""");
        await Post("""{"scrapedAt":"2026-01-15T11:00:00Z"}""");
        JsonNode since = await _server.Get("/api/summary?since=scrape&tz=UTC");
        Assert.Equal("scrape", (string)since["since"]!);
        Assert.Equal("2026-01-15T12:00:00+00:00", (string)since["from"]!);
        Assert.Equal(1, (int)since["commits"]!);
        Assert.Equal(2, (int)(await _server.Get("/api/summary"))["commits"]!);
    }

    [Fact]
    public async Task Without_a_reading_since_scrape_starts_at_the_last_midnight_and_says_so()
    {
        foreach (string zone in (string[])["UTC", "Asia/Tokyo", "America/New_York", "Asia/Kolkata"])
        {
            JsonNode summary = await _server.Get($"/api/summary?since=scrape&tz={zone}");
            Assert.Equal("midnight", (string)summary["since"]!);
            Assert.Contains("T00:00:00", (string)summary["from"]!, StringComparison.Ordinal);
            Assert.InRange(DateTimeOffset.UtcNow - (DateTimeOffset)summary["from"]!, TimeSpan.Zero, TimeSpan.FromHours(25));
        }
    }
}
