using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using OtelLite.Query;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Dashboard;

/// <summary>A figure by what it is made of adds up to the figure, whatever the split, the range and the zone.</summary>
public sealed class BreakdownTests(RecordedServer recorded) : IClassFixture<RecordedServer>
{
    private static readonly string[] Splits = [.. BreakdownQuery.Splits, "resource.service.version", "resource.os.type", "resource.nosuch"];

    private readonly RunningServer _server = recorded.Server;

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    // Ranges that cut through the recordings, laid by the times of what is in them; days of which one is a quarter of an hour off, and one of 25 hours.
    private IEnumerable<string> Ranges()
    {
        yield return "tz=UTC";
        yield return "tz=Asia/Kathmandu&step=1d";
        object? times = _server.Sql("SELECT group_concat(time_unix_nano) FROM (SELECT time_unix_nano FROM usage_request ORDER BY 1)");
        long[] requests = [.. ((string)times!).Split(',').Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
        foreach (int at in (int[])[1, requests.Length / 2, requests.Length - 2])
        {
            DateTimeOffset cut = DateTimeOffset.UnixEpoch.AddTicks(requests[at] / 100);
            yield return $"from={Time(cut)}&to={Time(cut.AddSeconds(31.5))}&tz=America/New_York&step=1s";
            yield return $"from={Time(cut.AddDays(-2))}&to={Time(cut.AddMilliseconds(1))}&tz=Asia/Kathmandu&step=1h";
        }

        yield return "from=2026-10-01T00:00:00Z&tz=Europe/Berlin&step=1d";
    }

    // What the summary and the series call each figure.
    private static double Told(JsonNode summary, string figure)
    {
        double Path(string path) => path.Split('.').Aggregate(summary, (n, name) => n[name]!).GetValue<double>();
        return figure switch
        {
            "tokens" => summary["tokens"]!.AsObject().Sum(k => (double)k.Value!),
            "input" or "output" or "cacheRead" or "cacheCreation" => Path($"tokens.{figure}"),
            "toolCalls" => summary["tools"]!.AsArray().Sum(t => (double)t!["calls"]!),
            "toolFailures" => summary["tools"]!.AsArray().Sum(t => (double)t!["failures"]!),
            "activeSeconds" => Path("activeSeconds.user") + Path("activeSeconds.cli"),
            "linesAdded" => Path("linesOfCode.added"),
            "linesRemoved" => Path("linesOfCode.removed"),
            "lines" => Path("linesOfCode.added") + Path("linesOfCode.removed"),
            _ => Path(figure),
        };
    }

    private static double[] InTime(JsonNode series, string figure)
    {
        double[] Of(JsonNode numbers) => [.. numbers.AsArray().Select(n => (double)n!)];
        return figure switch
        {
            "tokens" => [.. series["tokens"]!.AsObject().Select(k => Of(k.Value!)).Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)])],
            "input" or "output" or "cacheRead" or "cacheCreation" => Of(series["tokens"]![figure]!),
            "lines" => [.. Of(series["linesAdded"]!).Zip(Of(series["linesRemoved"]!), (a, b) => a + b)],
            _ => Of(series[figure]!),
        };
    }

    private static void AssertAddsUp(JsonNode breakdown, JsonNode summary, JsonNode series, string figure, string asked)
    {
        JsonNode[] parts = [.. breakdown["groups"]!.AsArray().Select(g => g!), .. breakdown["other"] is { } other ? [other] : (JsonNode[])[]];
        Assert.True(Math.Abs(Told(summary, figure) - (double)breakdown["total"]!) < 1e-9, $"{asked}: {breakdown["total"]} instead of {Told(summary, figure)}");
        Assert.Equal((double)breakdown["total"]!, parts.Sum(p => (double)p["total"]!), 9);
        Assert.Equal(series["times"]!.ToJsonString(), breakdown["times"]!.ToJsonString());
        double[] buckets = InTime(series, figure);
        for (int i = 0; i < buckets.Length; i++)
        {
            double sum = parts.Sum(p => (double)p["values"]![i]!);
            Assert.True(Math.Abs(buckets[i] - sum) < 1e-9, $"{asked}: bucket {i} is {sum} instead of {buckets[i]}");
        }

        Assert.All(parts, p => Assert.Equal((double)p["total"]!, p["values"]!.AsArray().Sum(v => (double)v!), 9));
        (double Total, string Name)[] order = [.. breakdown["groups"]!.AsArray().Select(g => ((double)g!["total"]!, (string)g["name"]!))];
        Assert.Equal(order.OrderByDescending(g => g.Total).ThenBy(g => g.Name, StringComparer.Ordinal), order);
        Assert.Equal(order.Length, order.Select(g => g.Name).Distinct().Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData("&top=1")]
    [InlineData("&top=50")]
    public async Task The_groups_add_up_to_the_summary_and_in_each_bucket_to_the_series(string top)
    {
        foreach (string range in Ranges())
        {
            JsonNode summary = await _server.Get($"/api/summary?{range.Split("&step=")[0]}"), series = await _server.Get($"/api/timeseries?{range}");
            foreach (Measure measure in Measures.All)
            {
                foreach (string by in Splits.Where(by => BreakdownQuery.GoesWith(by, measure)))
                {
                    string asked = $"figure={measure.Name}&by={by}{top}&{range}";
                    AssertAddsUp(await _server.Get($"/api/breakdown?{asked}"), summary, series, measure.Name, asked);
                }
            }
        }
    }

    [Fact]
    public async Task A_group_is_the_figure_narrowed_to_it()
    {
        JsonNode all = await _server.Get("/api/summary");
        foreach ((string by, string filter) in ((string, string)[])[("model", "model"), ("session", "session"), ("project", "project"), ("machine", "machine")])
        {
            foreach (string figure in (string[])["tokens", "costUsd", "apiRequests", "toolCalls", "linesAdded", "apiErrors"])
            {
                JsonNode breakdown = await _server.Get($"/api/breakdown?figure={figure}&by={by}&top=50");
                foreach (JsonNode? group in breakdown["groups"]!.AsArray().Where(g => (string)g!["name"]! != ""))
                {
                    JsonNode narrowed = await _server.Get($"/api/summary?{filter}={Uri.EscapeDataString((string)group!["name"]!)}");
                    Assert.Equal(Told(narrowed, figure), (double)group["total"]!, 9);
                }
            }
        }

        foreach (JsonNode? tool in all["tools"]!.AsArray())
        {
            JsonNode breakdown = await _server.Get("/api/breakdown?figure=toolCalls&by=tool&top=50");
            Assert.Equal((double)tool!["calls"]!, (double)breakdown["groups"]!.AsArray().Single(g => (string)g!["name"]! == (string)tool["name"]!)!["total"]!);
        }
    }

    [Fact]
    public async Task Kinds_are_the_summarys()
    {
        JsonNode summary = await _server.Get("/api/summary");
        async Task<Dictionary<string, double>> Kinds(string figure) => (await _server.Get($"/api/breakdown?figure={figure}&by=kind"))["groups"]!.AsArray()
            .ToDictionary(g => (string)g!["name"]!, g => (double)g!["total"]!);
        foreach ((string figure, string place) in ((string, string)[])[("tokens", "tokens"), ("lines", "linesOfCode"), ("activeSeconds", "activeSeconds"), ("prompts", "promptKinds")])
        {
            Dictionary<string, double> kinds = await Kinds(figure);
            Assert.NotEmpty(kinds);
            Assert.All(summary[place]!.AsObject(), kind => Assert.Equal((double)kind.Value!, kinds.GetValueOrDefault(kind.Key), 9));
        }

        Assert.Equal("costUsd", (await Kinds("costUsd")).Single().Key);
    }

    [Theory]
    [InlineData("source")]
    [InlineData("origin")]
    public async Task What_only_metrics_know_is_among_the_sources(string by)
    {
        JsonNode summary = await _server.Get("/api/summary"), breakdown = await _server.Get($"/api/breakdown?figure=costUsd&by={by}&top=50");
        double Group(string name) => breakdown["groups"]!.AsArray().Where(g => (string)g!["name"]! == name).Sum(g => (double)g!["total"]!);
        Assert.Equal((double)summary["noRequestDetail"]!["costUsd"]!, Group("noRequestDetail"), 9);
        Assert.InRange(Group("auxiliary"), (double)summary["auxiliary"]!["costUsd"]! - 1e-9, 1e9);
        Assert.True((double)summary["auxiliary"]!["costUsd"]! > 0);
    }

    [Theory]
    [InlineData("figure=nosuch", "costUsd")]
    [InlineData("by=nosuch", "resource.KEY")]
    [InlineData("by=resource.", "resource.KEY")]
    [InlineData("figure=costUsd&by=tool", "toolCalls, toolFailures")]
    [InlineData("figure=prompts&by=source", "tokens")]
    [InlineData("figure=toolCalls&by=origin", "apiRequests")]
    [InlineData("top=0", "top")]
    [InlineData("top=51", "50")]
    [InlineData("top=", "top")]
    [InlineData("figure=tokens&figure=costUsd", "figure")]
    [InlineData("by=model&by=session", "by")]
    [InlineData("step=7s", "step")]
    [InlineData("limit=3", "limit")]
    public async Task A_split_that_makes_no_sense_is_refused_and_says_what_would(string query, string says)
    {
        using HttpResponseMessage answer = await _server.Http.GetAsync(new Uri($"{_server.Url}/api/breakdown?{query}"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(says, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_day_of_25_hours_is_one_bucket_of_every_group()
    {
        await using RunningServer server = await RunningServer.Start();
        DateTimeOffset start = DateTimeOffset.Parse("2026-10-24T21:30:00Z", CultureInfo.InvariantCulture);
        using HttpResponseMessage sent = await server.Post("/v1/logs", Export.Logs([.. Enumerable.Range(0, 120).Select(quarter => Export.Event(
            "user_prompt", (ulong)start.AddMinutes(15 * quarter).ToUnixTimeMilliseconds() * 1_000_000, Export.Text("session.id", quarter % 2 == 0 ? "even" : "odd")))]));
        sent.EnsureSuccessStatusCode();
        foreach ((string zone, string expected) in ((string, string)[])
            [("Europe/Berlin", "[2,100,18] [1,50,9] [1,50,9]"), ("Asia/Kathmandu", "[83,37] [42,18] [41,19]")])
        {
            string[] sums = expected.Split(' ');
            foreach ((string by, string[] values) in ((string, string[])[])[("session", sums[1..]), ("model", sums[..1]), ("kind", sums[..1])])
            {
                JsonNode breakdown = await server.Get($"/api/breakdown?figure=prompts&by={by}&step=1d&tz={zone}&to=2026-10-27T00:00:00Z");
                Assert.Equal(values, breakdown["groups"]!.AsArray().Select(g => $"[{string.Join(',', g!["values"]!.AsArray().Select(v => (int)v!).Where(v => v > 0))}]"));
            }
        }
    }

    [Fact]
    public async Task What_was_not_told_has_no_name_and_a_session_is_known_by_project_and_beginning()
    {
        await using RunningServer server = await RunningServer.Start();
        string[] about = [Export.Text("session.id", "0123456789"), Export.Text("vcs.repository.name", "web")];
        foreach (string[] attributes in (string[][])[[.. about, Export.Text("model", "opus")], [Export.Text("session.id", "x"), Export.Text("model", "haiku")]])
        {
            using HttpResponseMessage sent = await server.Post("/v1/logs", Export.Logs(Export.Event("api_request", Export.Time, [.. attributes, Export.Int("input_tokens", 5)])));
            sent.EnsureSuccessStatusCode();
        }

        async Task<string> Groups(string by) => string.Join(", ", (await server.Get($"/api/breakdown?figure=tokens&by={by}"))["groups"]!.AsArray()
            .Select(g => $"'{g!["name"]}' '{g["label"]}' {g["total"]}"));
        Assert.Equal("'' 'not told' 5, 'web' 'web' 5", await Groups("project"));
        Assert.Equal("'0123456789' 'web 01234567' 5, 'x' 'x' 5", await Groups("session"));
        Assert.Equal("'' 'not told' 10", await Groups("source"));
        Assert.Equal("'' 'not told' 10", await Groups("origin"));
        Assert.Equal("'' 'not told' 10", await Groups("resource.team"));
    }

    [Fact]
    public async Task A_resources_attribute_is_that_of_the_sessions_newest_record()
    {
        await using RunningServer server = await RunningServer.Start();
        foreach ((ulong second, string session, string team) in ((ulong, string, string)[])[(1, "a", "\"stringValue\":\"red\""), (2, "a", "\"stringValue\":\"blue\""), (1, "b", "\"boolValue\":true"), (1, "c", "\"intValue\":7")])
        {
            string body = Export.Logs(Export.Event("user_prompt", Export.Time + (second * 1_000_000_000), Export.Text("session.id", session)))
                .Replace("\"resource\":{}", $$$"""
                    "resource":{"attributes":[{"key":"te\"am","value":{{{{team}}}}}]}
                    """, StringComparison.Ordinal);
            using HttpResponseMessage sent = await server.Post("/v1/logs", body);
            sent.EnsureSuccessStatusCode();
        }

        JsonNode breakdown = await server.Get($"/api/breakdown?figure=prompts&by={Uri.EscapeDataString("resource.te\"am")}");
        Assert.Equal(["blue 2", "7 1", "true 1"], breakdown["groups"]!.AsArray().Select(g => $"{g!["name"]} {g["total"]}"));
        Assert.Equal(["te\"am"], (await server.Get("/api/dimensions"))["resourceAttributes"]!.AsArray().Select(k => (string)k!));
    }
}
