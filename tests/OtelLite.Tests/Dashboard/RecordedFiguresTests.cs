using System.Globalization;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Dashboard;

/// <summary>All recordings in one running program, asked in every way.</summary>
public sealed class RecordedServer : IAsyncLifetime
{
    internal RunningServer Server { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await RunningServer.Start();
        foreach (string kind in (string[])["json", "versions", "cumulative", "auto-mode"])
        {
            await Server.Replay(Recorded.Bodies(kind));
        }
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>The series, the list of sessions and the summary tell the same story, whatever part of it is asked for.</summary>
public sealed class RecordedFiguresTests(RecordedServer recorded) : IClassFixture<RecordedServer>
{
    private readonly RunningServer _server = recorded.Server;

    private static double Sum(JsonNode numbers) => numbers.AsArray().Sum(n => (double)n!);

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    private async Task AssertSeriesIsSummary(string query, string step)
    {
        JsonNode summary = await _server.Get($"/api/summary?{query}"), series = await _server.Get($"/api/timeseries?{query}{step}");
        foreach (string kind in (string[])["input", "output", "cacheRead", "cacheCreation"])
        {
            Assert.Equal((double)summary["tokens"]![kind]!, Sum(series["tokens"]![kind]!));
        }

        Assert.Equal((double)summary["costUsd"]!, Sum(series["costUsd"]!), 9);
        foreach (string name in (string[])["apiRequests", "apiErrors", "prompts"])
        {
            Assert.Equal((double)summary[name]!, Sum(series[name]!));
        }

        Assert.Equal(summary["tools"]!.AsArray().Sum(t => (double)t!["calls"]!), Sum(series["toolCalls"]!));
        int buckets = series["times"]!.AsArray().Count;
        Assert.All((string[])["costUsd", "apiRequests", "apiErrors", "toolCalls", "prompts"], name => Assert.Equal(buckets, series[name]!.AsArray().Count));
        Assert.All(series["tokens"]!.AsObject(), kind => Assert.Equal(buckets, kind.Value!.AsArray().Count));
    }

    // Ranges that cut through the recordings, laid by the times of what is in them.
    private IEnumerable<string> Ranges()
    {
        yield return "";
        yield return "tz=Asia/Kolkata";
        object? times = _server.Sql("SELECT group_concat(time_unix_nano) FROM (SELECT time_unix_nano FROM usage_request ORDER BY 1)");
        long[] requests = [.. ((string)times!).Split(',').Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
        foreach (int at in (int[])[1, requests.Length / 3, requests.Length - 2])
        {
            DateTimeOffset cut = DateTimeOffset.UnixEpoch.AddTicks(requests[at] / 100);
            yield return $"from={Time(cut.AddHours(-1))}&to={Time(cut)}&tz=Europe/Berlin";
            yield return $"from={Time(cut)}&to={Time(cut.AddSeconds(31.5))}&tz=America/New_York";
            yield return $"from={Time(cut.AddDays(-2))}&to={Time(cut.AddMilliseconds(1))}";
        }
    }

    [Fact]
    public async Task The_sums_of_a_series_are_the_summary_for_every_range()
    {
        foreach (string range in Ranges())
        {
            await AssertSeriesIsSummary(range, "");
        }
    }

    [Theory]
    [InlineData("1d")]
    [InlineData("7d")]
    [InlineData("12h")]
    public async Task The_sums_of_a_series_do_not_depend_on_its_step(string step)
    {
        foreach (string range in Ranges().Where(r => r.Length > 0))
        {
            await AssertSeriesIsSummary(range, $"&step={step}");
        }
    }

    [Theory]
    [InlineData("1s")]
    [InlineData("1m")]
    [InlineData("15m")]
    [InlineData("1h")]
    [InlineData("3h")]
    public async Task A_bucket_holds_what_happened_between_its_start_and_the_next(string step)
    {
        DateTimeOffset middle = DateTimeOffset.UnixEpoch.AddTicks((long)_server.Sql("SELECT time_unix_nano FROM usage_request ORDER BY 1 LIMIT 1 OFFSET 5")! / 100);
        string range = $"from={Time(middle.AddMinutes(-4))}&to={Time(middle.AddMinutes(5))}&tz=Europe/Berlin";
        JsonNode series = await _server.Get($"/api/timeseries?{range}&step={step}");
        long[] times = [.. series["times"]!.AsArray().Select(t => (long)t!)];
        for (int i = 0; i < times.Length; i++)
        {
            long until = i + 1 < times.Length ? times[i + 1] : long.MaxValue / 1_000_000_000;
            Assert.Equal(
                _server.Sql($"SELECT count(*) FROM usage_request WHERE time_unix_nano BETWEEN {times[i]}000000000 AND {until}000000000 - 1 "
                    + $"AND time_unix_nano >= {(middle.AddMinutes(-4) - DateTimeOffset.UnixEpoch).Ticks}00 AND time_unix_nano < {(middle.AddMinutes(5) - DateTimeOffset.UnixEpoch).Ticks}00"),
                (long)series["apiRequests"]![i]!);
        }
    }

    [Fact]
    public async Task The_sums_of_a_series_are_the_summary_for_every_filter()
    {
        JsonNode summary = await _server.Get("/api/summary");
        foreach (JsonNode? model in summary["models"]!.AsArray())
        {
            await AssertSeriesIsSummary($"model={Uri.EscapeDataString((string)model!["model"]!)}", "");
        }

        foreach (string session in Recorded.Expected("json", "versions", "cumulative").Select(t => t.SessionId).Distinct())
        {
            await AssertSeriesIsSummary($"session={session}", "");
        }
    }

    [Fact]
    public async Task The_models_add_up_to_the_whole()
    {
        JsonNode summary = await _server.Get("/api/summary");
        JsonArray models = summary["models"]!.AsArray();
        Assert.Equal((double)summary["costUsd"]!, models.Sum(m => (double)m!["costUsd"]!), 9);
        Assert.Equal((int)summary["apiRequests"]!, models.Sum(m => (int)m!["apiRequests"]!));
        foreach (JsonNode? model in models)
        {
            JsonNode one = await _server.Get($"/api/summary?model={Uri.EscapeDataString((string)model!["model"]!)}");
            Assert.Equal(model.ToJsonString(), one["models"]!.AsArray().Single()!.ToJsonString());
        }
    }

    [Fact]
    public async Task Each_session_of_the_list_has_the_figures_of_its_own_summary()
    {
        JsonNode list = await _server.Get("/api/sessions?limit=1000"), whole = await _server.Get("/api/summary");
        JsonArray sessions = list["sessions"]!.AsArray();
        Assert.Equal(sessions.Count, (int)list["total"]!);
        Assert.Equal((int)whole["sessions"]!["total"]!, sessions.Count(s => (bool)s!["named"]!));
        foreach (JsonNode? session in sessions)
        {
            JsonNode summary = await _server.Get($"/api/summary?session={(string)session!["id"]!}");
            Assert.Equal(summary["tokens"]!.ToJsonString(), session["tokens"]!.ToJsonString());
            Assert.Equal(summary["costUsd"]!.ToJsonString(), session["costUsd"]!.ToJsonString());
            foreach (string name in (string[])["apiRequests", "apiErrors", "prompts"])
            {
                Assert.Equal((long)summary[name]!, (long)session[name]!);
            }

            Assert.Equal(summary["tools"]!.AsArray().Sum(t => (long)t!["calls"]!), (long)session["toolCalls"]!);
            Assert.Equal(
                summary["models"]!.AsArray().Select(m => (string)m!["model"]!).Order(),
                session["models"]!.AsArray().Select(m => (string)m!).Order());
        }

        DateTimeOffset[] seen = [.. sessions.Select(s => (DateTimeOffset)s!["lastSeenAt"]!)];
        Assert.Equal(seen.OrderDescending(), seen);
    }

    [Fact]
    public async Task A_shorter_list_has_the_latest_sessions_and_tells_how_many_there_are()
    {
        JsonNode all = await _server.Get("/api/sessions"), three = await _server.Get("/api/sessions?limit=3");
        Assert.Equal(3, three["sessions"]!.AsArray().Count);
        Assert.Equal((int)all["total"]!, (int)three["total"]!);
        Assert.Equal(all["sessions"]!.AsArray().Take(3).Select(s => s!.ToJsonString()), three["sessions"]!.AsArray().Select(s => s!.ToJsonString()));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1001")]
    [InlineData("-1")]
    [InlineData("many")]
    [InlineData("")]
    [InlineData("3&limit=4")]
    public async Task A_list_of_no_sensible_length_is_refused(string limit)
    {
        using HttpResponseMessage answer = await _server.Http.GetAsync(new Uri($"{_server.Url}/api/sessions?limit={limit}"));
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("limit", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("step=7s")]
    [InlineData("step=")]
    [InlineData("step=367d")]
    [InlineData("step=1h&step=1d")]
    [InlineData("step=1s&range=7d")]
    public async Task A_step_that_can_not_be_is_refused(string query)
    {
        using HttpResponseMessage answer = await _server.Http.GetAsync(new Uri($"{_server.Url}/api/timeseries?{query}"));
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("step", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
