using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace OtelLite.Tests.Dashboard;

/// <summary>What <c>/api/summary</c> answers, and how a range and filters are named.</summary>
public sealed class SummaryTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly RunningServer _empty = shared.Server;

    private async Task<(HttpStatusCode Status, JsonNode Body)> Ask(string path)
    {
        using HttpResponseMessage answer = await _empty.Http.GetAsync(new Uri(_empty.Url + path));
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    [Fact]
    public async Task On_an_empty_database_every_promised_figure_is_there_and_zero()
    {
        JsonNode summary = await _empty.Get("/api/summary");
        var promised = (JsonObject)JsonNode.Parse("""
            {"tokens": {"input": 0, "output": 0, "cacheRead": 0, "cacheCreation": 0}, "costUsd": 0, "sessions": {"total": 0, "active": 0},
             "apiRequests": 0, "apiErrors": 0, "prompts": 0, "linesOfCode": {"added": 0, "removed": 0}, "commits": 0, "pullRequests": 0,
             "activeSeconds": {"user": 0, "cli": 0}, "editDecisions": {"accept": 0, "reject": 0}, "models": [], "tools": []}
            """)!;
        foreach ((string name, JsonNode? value) in promised)
        {
            Assert.True(JsonNode.DeepEquals(value, summary[name]), $"{name} is {summary[name]?.ToJsonString() ?? "missing"}");
        }

        Assert.True(summary.AsObject().ContainsKey("from"));
        Assert.InRange(DateTimeOffset.UtcNow - (DateTimeOffset)summary["to"]!, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Models_and_tools_have_the_promised_names()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("json", "s02"));
        await server.Replay(Recorded.Bodies("json", "s04"));
        JsonNode summary = await server.Get("/api/summary");
        foreach (JsonNode? model in summary["models"]!.AsArray())
        {
            Assert.Equal(["model", "tokens", "costUsd", "apiRequests"], model!.AsObject().Select(m => m.Key));
            Assert.Equal(["input", "output", "cacheRead", "cacheCreation"], model["tokens"]!.AsObject().Select(m => m.Key));
        }

        Assert.NotEmpty(summary["models"]!.AsArray());
        Assert.NotEmpty(summary["tools"]!.AsArray());
        foreach (JsonNode? tool in summary["tools"]!.AsArray())
        {
            Assert.Equal(["name", "calls", "failures", "p50Ms", "p95Ms"], tool!.AsObject().Select(m => m.Key));
            Assert.InRange((double)tool["p95Ms"]!, (double)tool["p50Ms"]!, 1e6);
        }
    }

    [Fact]
    public async Task A_range_holds_its_start_and_not_its_end()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Post("/v1/metrics", Exports.Commit(Exports.Noon));
        async Task<int> Commits(string query) => (int)(await server.Get($"/api/summary?{query}"))["commits"]!;
        Assert.Equal(1, await Commits("from=2026-01-15T12:00:00Z"));
        Assert.Equal(1, await Commits("from=2026-01-15T13:00:00%2B01:00"));
        Assert.Equal(1, await Commits("from=2026-01-15T13:00:00+01:00"));
        Assert.Equal(0, await Commits("from=2026-01-15T12:00:00.0000001Z"));
        Assert.Equal(0, await Commits("to=2026-01-15T12:00:00Z"));
        Assert.Equal(1, await Commits("to=2026-01-15T12:00:00.0000001Z"));
        Assert.Equal(1, await Commits("from=2026-01-15T12:00Z&to=2026-01-15T12:01Z"));
    }

    [Fact]
    public async Task A_range_until_now_holds_what_happened_lately_and_what_a_client_ahead_of_time_sends()
    {
        await using RunningServer server = await RunningServer.Start();
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        foreach (long ago in (long[])[-30, 60, 1000, 90_000])
        {
            await server.Post("/v1/metrics", Exports.Commit(now - ago));
        }

        async Task<int> Commits(string range) => (int)(await server.Get($"/api/summary?range={range}"))["commits"]!;
        Assert.Equal(1, await Commits("30s"));
        Assert.Equal(2, await Commits("15m"));
        Assert.Equal(3, await Commits("24h"));
        Assert.Equal(4, await Commits("7d"));
    }

    [Fact]
    public async Task Times_are_told_in_the_zone_that_was_asked_for()
    {
        JsonNode summary = await _empty.Get("/api/summary?from=2026-07-01T00:00:00Z&to=2026-12-01T00:00:00Z&tz=Europe/Berlin");
        Assert.Equal("2026-07-01T02:00:00+02:00", (string)summary["from"]!);
        Assert.Equal("2026-12-01T01:00:00+01:00", (string)summary["to"]!);
        Assert.Equal("Europe/Berlin", (string)summary["timeZone"]!);
    }

    [Theory]
    [InlineData("nosuch=1", "nosuch")]
    [InlineData("From=2026-01-15T12:00:00Z", "known are from, to")]
    [InlineData("step=1h", "step")]
    [InlineData("from=yesterday", "2026-01-31T09:30:00Z")]
    [InlineData("from=2026-01-15", "from")]
    [InlineData("from=2026-01-15T12:00:00", "from")]
    [InlineData("from=2026-02-30T12:00:00Z", "from")]
    [InlineData("to=", "to")]
    [InlineData("to=1768478400", "to")]
    [InlineData("from=2026-01-15T12:00:00Z&from=2026-01-16T12:00:00Z", "from")]
    [InlineData("from=2026-01-15T12:00:00Z&to=2026-01-15T12:00:00Z", "before")]
    [InlineData("from=2026-01-15T12:00:00Z&to=2026-01-15T13:00:00%2B02:00", "before")]
    [InlineData("range=24", "range")]
    [InlineData("range=", "range")]
    [InlineData("range=24h&range=7d", "range")]
    [InlineData("since=lunch", "scrape")]
    [InlineData("since=scrape&since=scrape", "since")]
    [InlineData("range=24h&since=scrape", "exclude")]
    [InlineData("range=24h&to=2026-01-15T12:00:00Z", "exclude")]
    [InlineData("tz=Berlin", "Europe/Berlin")]
    [InlineData("tz=", "tz")]
    [InlineData("tz=../../etc/passwd", "tz")]
    [InlineData("tz=UTC&tz=UTC", "tz")]
    [InlineData("tz=a%00b", "tz")]
    public async Task What_can_not_be_asked_is_a_problem_that_says_what_would_be_right(string query, string says)
    {
        foreach (string path in (string[])["/api/summary", "/api/sessions", "/api/live", "/api/timeseries"])
        {
            if (path == "/api/timeseries" && query.StartsWith("step", StringComparison.Ordinal))
            {
                continue;
            }

            (HttpStatusCode status, JsonNode problem) = await Ask($"{path}?{query}");
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Equal(400, (int)problem["status"]!);
            Assert.Equal("Bad Request", (string)problem["title"]!);
            Assert.Contains(says, (string)problem["detail"]!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("model")]
    [InlineData("session")]
    [InlineData("project")]
    [InlineData("machine")]
    public async Task As_many_values_of_a_filter_as_allowed_are_taken_and_one_more_is_refused(string filter)
    {
        string most = string.Join('&', Enumerable.Range(0, Limits.FilterValuesMax).Select(i => $"{filter}={i}"));
        (HttpStatusCode taken, _) = await Ask($"/api/summary?{most}&{filter}=0");
        Assert.Equal(HttpStatusCode.OK, taken);
        (HttpStatusCode refused, JsonNode problem) = await Ask($"/api/summary?{most}&{filter}=more");
        Assert.Equal(HttpStatusCode.BadRequest, refused);
        Assert.Contains("50", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("from=0001-01-01T00:00:00Z")]
    [InlineData("to=9999-12-31T23:59:59Z")]
    [InlineData("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.9999999Z")]
    [InlineData("range=36600d")]
    public async Task The_ends_of_the_calendar_are_no_accident(string query)
    {
        foreach (string zone in (string[])["UTC", "Europe/Berlin", "America/New_York"])
        {
            foreach (string path in (string[])["summary", "timeseries", "sessions"])
            {
                (HttpStatusCode status, JsonNode body) = await Ask($"/api/{path}?{query}&tz={zone}");
                Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
            }
        }
    }

    [Fact]
    public async Task Text_in_a_filter_is_text_and_never_sql()
    {
        (HttpStatusCode status, JsonNode body) = await Ask($"/api/summary?model={Uri.EscapeDataString("x') OR 1=1 --")}&session=%00&project=%27&machine=%F0%9F%98%80");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(0, (int)body["apiRequests"]!);
    }

    [Fact]
    public async Task A_database_that_can_not_be_read_is_a_503_and_not_the_end_of_the_program()
    {
        await using RunningServer server = await RunningServer.Start();
        using (var other = new SqliteConnection($"Data Source={Path.Combine(server.DataDir, "otellite.db")};Pooling=False"))
        {
            other.Open();
            using SqliteCommand drop = other.CreateCommand();
            drop.CommandText = "DROP TABLE scrape";
            drop.ExecuteNonQuery();
        }

        using HttpResponseMessage answer = await server.Http.GetAsync(new Uri(server.Url + "/api/summary"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        await server.Get("/healthz");
    }

    [Fact]
    public async Task Filters_narrow_and_their_parts_add_up()
    {
        await using RunningServer server = await RunningServer.Start();
        int id = 0;
        foreach (string session in (string[])["a", "b", "c"])
        {
            foreach (string model in (string[])["opus", "haiku"])
            {
                await server.Post("/v1/logs", Exports.Request(Exports.Noon + id, session, model, $"r{id++}"));
            }
        }

        async Task<(int Requests, double Cost, int Sessions)> Figures(string query)
        {
            JsonNode summary = await server.Get("/api/summary?" + query);
            return ((int)summary["apiRequests"]!, (double)summary["costUsd"]!, (int)summary["sessions"]!["total"]!);
        }

        Assert.Equal((6, 1.5, 3), await Figures(""));
        Assert.Equal((3, 0.75, 3), await Figures("model=opus"));
        Assert.Equal((2, 0.5, 1), await Figures("session=a"));
        Assert.Equal((4, 1, 2), await Figures("session=a&session=b"));
        Assert.Equal((1, 0.25, 1), await Figures("session=a&model=haiku"));
        Assert.Equal((6, 1.5, 3), await Figures("model=opus&model=haiku"));
        Assert.Equal((0, 0, 0), await Figures("model=nosuch"));
        Assert.Equal((0, 0, 0), await Figures("project=nosuch"));

        // Active are the sessions of which something arrived just now; narrowing narrows them too.
        Assert.Equal(3, (int)(await server.Get("/api/summary?model=opus"))["sessions"]!["active"]!);
        Assert.Equal(0, (int)(await server.Get("/api/summary?model=nosuch"))["sessions"]!["active"]!);
        Assert.Equal(1, (int)(await server.Get("/api/summary?session=a"))["sessions"]!["active"]!);
    }

    [Fact]
    public async Task Adjoining_days_of_a_zone_add_up_over_a_change_of_the_clock()
    {
        await using RunningServer server = await RunningServer.Start();
        DateTimeOffset start = DateTimeOffset.Parse("2026-10-24T21:30:00Z", CultureInfo.InvariantCulture);
        for (int quarter = 0; quarter < 120; quarter++)
        {
            await server.Post("/v1/metrics", Exports.Commit(start.AddMinutes(15 * quarter).ToUnixTimeSeconds()));
        }

        async Task<int> Commits(string from, string to) => (int)(await server.Get($"/api/summary?from={from}&to={to}"))["commits"]!;
        Assert.Equal(2, await Commits("2026-10-24T00:00:00%2B02:00", "2026-10-25T00:00:00%2B02:00"));
        Assert.Equal(100, await Commits("2026-10-25T00:00:00%2B02:00", "2026-10-26T00:00:00%2B01:00"));
        Assert.Equal(18, await Commits("2026-10-26T00:00:00%2B01:00", "2026-10-27T00:00:00%2B01:00"));
    }
}
