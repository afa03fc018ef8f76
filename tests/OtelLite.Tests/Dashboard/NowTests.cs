using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Dashboard;

/// <summary>What goes on at this moment: who works at what, how fast, and where the day leads.</summary>
public sealed class NowTests : IAsyncLifetime
{
    // Some seconds ago, so that everything here is of the last minutes.
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow.AddSeconds(-60);
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private ulong At(double seconds) => (ulong)(_start.AddSeconds(seconds) - DateTimeOffset.UnixEpoch).Ticks * 100;

    private async Task Post(string body, string path = "/v1/logs")
    {
        using HttpResponseMessage answer = await _server.Post(path, body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    // Events such as "prompt 1", "request 2 r1", "decision 3 t1 Bash", "result 4 t1 r1", "error 5", at so many seconds, of one session.
    private Task Happen(string session, params string[] events) => Post(Export.Logs([.. events.Select(e =>
    {
        string[] part = e.Split(' ');
        ulong at = At(double.Parse(part[1], CultureInfo.InvariantCulture));
        string id = Export.Text("session.id", session), model = Export.Text("model", "opus");
        return part[0] switch
        {
            "prompt" => Export.Event("user_prompt", at, id),
            "request" => Export.Event("api_request", at, id, model, Export.Text("request_id", part[2]), Export.Int("input_tokens", 100), Export.Int("output_tokens", 20),
                Export.Attribute("cost_usd", """{"doubleValue":0.5}"""), Export.Text("query_source", part.Length > 3 ? part[3] : "repl_main_thread")),
            "decision" => Export.Event("tool_decision", at, id, Export.Text("decision", "accept"), Export.Text("tool_use_id", part[2]), Export.Text("tool_name", part[3])),
            "result" => Export.Event("tool_result", at, id, Export.Text("tool_use_id", part[2]), Export.Text("tool_name", "Bash"), Export.Text("request_id", part[3])),
            _ => Export.Event("api_error", at, id, model),
        };
    })]));

    private async Task<JsonNode> Session(string id) =>
        (await _server.Get("/api/now"))["sessions"]!.AsArray().Single(s => (string)s!["id"]! == id)!;

    [Theory]
    [InlineData("thinking 1", "prompt 1")]
    [InlineData("waiting 2", "prompt 1", "request 2 r1")]
    [InlineData("tool 2.5", "prompt 1", "request 2 r1", "decision 2.5 t1 Bash")]
    [InlineData("thinking 4", "prompt 1", "request 2 r1", "decision 2.5 t1 Bash", "result 4 t1 r1")]
    [InlineData("waiting 6", "prompt 1", "request 2 r1", "decision 2.5 t1 Bash", "result 4 t1 r1", "request 6 r2")]
    [InlineData("tool 3", "prompt 1", "decision 2 t1 Bash", "decision 3 t2 Read", "result 2.5 t1 r1")]
    [InlineData("tool 2", "prompt 1", "decision 2 t1 Bash", "decision 3 t2 Bash", "result 4 t2 r1")]
    [InlineData("thinking 5", "prompt 1", "decision 2 t1 Bash", "prompt 5")]
    [InlineData("thinking 3", "prompt 1", "result 2 t1 r1", "request 3 r1")]
    [InlineData("error 4", "prompt 1", "request 2 r1", "error 4")]
    [InlineData("thinking 5", "error 4", "prompt 5")]
    [InlineData("thinking 3", "prompt 1", "request 3 r1 agent:custom")]
    [InlineData("thinking 1", "prompt 1", "request 3 r1 compact")]
    [InlineData("waiting 2", "request 2 r1", "request 3 r2 compact")]
    [InlineData("tool 2", "decision 2 t1 Bash", "request 3 r1")]
    [InlineData("tool 1", "prompt 1", "decision 1 t1 Bash")]
    public async Task What_a_session_does_is_told_by_its_newest_event(string expected, params string[] events)
    {
        await Happen("s", events);
        JsonNode session = await Session("s");
        double since = ((DateTimeOffset)session["doingSince"]! - _start).TotalSeconds;
        Assert.Equal(expected, string.Create(CultureInfo.InvariantCulture, $"{(string)session["doing"]!} {Math.Round(since, 3)}"));
        Assert.Equal(expected.StartsWith("tool", StringComparison.Ordinal) ? events.Last(e => e.StartsWith($"decision {Math.Round(since, 3)}", StringComparison.Ordinal)).Split(' ')[3] : null, (string?)session["tool"]);
    }

    [Fact]
    public async Task Nothing_is_known_of_what_a_session_does_that_sends_metrics_alone()
    {
        await Post(Exports.Commit(_start.ToUnixTimeSeconds(), "silent"), "/v1/metrics");
        JsonNode session = await Session("silent");
        Assert.Equal("unknown", (string)session["doing"]!);
        Assert.Null(session["doingSince"]);
        Assert.Null(session["model"]);
    }

    [Fact]
    public async Task Another_sessions_events_say_nothing_of_this_one()
    {
        await Happen("a", "prompt 1", "request 2 r1");
        await Happen("b", "prompt 3", "decision 4 t1 Bash", "result 5 t1 r1", "error 6");
        Assert.Equal("waiting", (string)(await Session("a"))["doing"]!);
        Assert.Equal("error", (string)(await Session("b"))["doing"]!);
    }

    [Fact]
    public async Task The_pace_is_that_of_the_last_minutes_and_the_sums_are_the_summarys()
    {
        await Happen("s", "prompt -9000", "request -8000 r0", "request -1000 r1", "prompt 1", "request 2 r2", "request 3 r3", "error 4");
        await Happen("t", "request 5 r4");
        JsonNode now = await _server.Get("/api/now?tz=UTC"), hour = await _server.Get("/api/summary?range=1h");
        Assert.Equal(["t", "s"], now["sessions"]!.AsArray().Select(s => (string)s!["id"]!));
        Assert.Equal(2, (int)now["activeTotal"]!);
        Assert.Equal("""{"costUsd":2,"tokens":480,"apiRequests":4}""", now["lastHour"]!.ToJsonString());
        Assert.Equal((double)hour["costUsd"]!, (double)now["lastHour"]!["costUsd"]!);
        Assert.Equal(3 * 120 / 5.0, (double)now["tokensPerMinute"]!);
        JsonNode session = now["sessions"]![1]!;
        Assert.Equal(
            (48.0, 2.0, 1.5, 480L, 2L, 1L),
            ((double)session["tokensPerMinute"]!, (double)session["costUsd"]!, (double)session["costUsdLastHour"]!, (long)session["tokens"]!,
                (long)session["prompts"]!, (long)session["apiErrors"]!));
        Assert.Equal("opus", (string)session["model"]!);
        Assert.Equal(_start.AddSeconds(-9000), (DateTimeOffset)session["startedAt"]!);
    }

    [Theory]
    [InlineData("Asia/Kathmandu")]
    [InlineData("America/New_York")]
    [InlineData("Pacific/Apia")]
    public async Task The_day_is_the_zones_and_goes_on_like_the_last_hour(string zone)
    {
        await Happen("s", [.. Enumerable.Range(0, 26).Select(i => $"request {-3600 * i} r{i}"), "request 1 x"]);
        JsonNode now = await _server.Get($"/api/now?tz={zone}"), today = now["today"]!;
        Assert.Equal(zone, (string)now["timeZone"]!);
        Assert.EndsWith("T00:00:00", ((string)today["from"]!)[..19], StringComparison.Ordinal);
        Assert.EndsWith("T00:00:00", ((string)today["to"]!)[..19], StringComparison.Ordinal);
        DateTimeOffset at = (DateTimeOffset)now["at"]!, to = (DateTimeOffset)today["to"]!;
        Assert.InRange(at, (DateTimeOffset)today["from"]!, to);
        JsonNode summary = await _server.Get($"/api/summary?from={Uri.EscapeDataString((string)today["from"]!)}&to={Uri.EscapeDataString((string)today["to"]!)}");
        Assert.Equal((double)summary["costUsd"]!, (double)today["costUsd"]!);
        Assert.Equal((long)summary["apiRequests"]!, (long)today["apiRequests"]!);
        Assert.Equal(summary["tokens"]!.ToJsonString(), today["tokens"]!.ToJsonString());
        double hours = (to - at).TotalHours;
        Assert.Equal((double)today["costUsd"]! + (1.0 * hours), (double)today["projectedCostUsd"]!, 6);
        Assert.Equal((120 * (long)today["apiRequests"]!) + (240 * hours), (double)today["projectedTokens"]!, 3);
    }

    [Fact]
    public async Task Every_recorded_session_has_its_own_figures()
    {
        foreach (string kind in (string[])["json", "versions", "cumulative", "auto-mode"])
        {
            await _server.Replay(Recorded.Bodies(kind));
        }

        JsonNode now = await _server.Get("/api/now"), list = await _server.Get("/api/sessions?limit=1000");
        Assert.Equal((long)(await _server.Get("/api/summary"))["sessions"]!["active"]!, (long)now["activeTotal"]!);
        Dictionary<string, JsonNode> sessions = list["sessions"]!.AsArray().ToDictionary(s => (string)s!["id"]!, s => s!);
        Assert.NotEmpty(now["sessions"]!.AsArray());
        foreach (JsonNode? active in now["sessions"]!.AsArray())
        {
            JsonNode session = sessions[(string)active!["id"]!];
            foreach (string same in (string[])["named", "project", "machine", "startedAt", "lastSeenAt", "costUsd", "prompts", "apiErrors"])
            {
                Assert.Equal(session[same]?.ToJsonString(), active[same]?.ToJsonString());
            }

            Assert.Equal(session["tokens"]!.AsObject().Sum(k => (long)k.Value!), (long)active["tokens"]!);
            Assert.True(active["model"] is null || session["models"]!.AsArray().Any(m => (string)m! == (string)active["model"]!));
        }
    }

    [Fact]
    public async Task Since_the_scrape_is_what_the_summary_says_of_it()
    {
        await Happen("s", "request 1 r1", "request 3 r2");
        Assert.Null((await _server.Get("/api/now"))["sinceScrape"]);
        await Post($$"""{"scrapedAt":"{{_start.AddSeconds(2):O}}"}""", "/api/scrapes");
        JsonNode since = (await _server.Get("/api/now"))["sinceScrape"]!, summary = await _server.Get("/api/summary?since=scrape");
        Assert.Equal(_start.AddSeconds(2), (DateTimeOffset)since["from"]!);
        Assert.Equal(0.5, (double)since["costUsd"]!);
        Assert.Equal(1, (int)since["apiRequests"]!);
        Assert.Equal(summary["tokens"]!.ToJsonString(), since["tokens"]!.ToJsonString());
    }

    [Fact]
    public async Task As_many_sessions_as_allowed_are_listed_and_one_more_is_counted()
    {
        await Post(Export.Logs([.. Enumerable.Range(0, Limits.NowSessionsMax + 1).Select(i => Export.Event("user_prompt", At(i), Export.Text("session.id", $"s{i}")))]));
        JsonNode now = await _server.Get("/api/now");
        Assert.Equal(Limits.NowSessionsMax, now["sessions"]!.AsArray().Count);
        Assert.Equal(Limits.NowSessionsMax + 1, (int)now["activeTotal"]!);
        Assert.Equal($"s{Limits.NowSessionsMax}", (string)now["sessions"]![0]!["id"]!);
    }

    [Theory]
    [InlineData("model=opus", "tz")]
    [InlineData("range=24h", "tz")]
    [InlineData("tz=Berlin", "Europe/Berlin")]
    public async Task The_present_knows_a_time_zone_and_nothing_else(string query, string says)
    {
        using HttpResponseMessage answer = await _server.Http.GetAsync(new Uri($"{_server.Url}/api/now?{query}"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(says, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
