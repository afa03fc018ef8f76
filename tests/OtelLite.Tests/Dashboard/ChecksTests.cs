using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Dashboard;

/// <summary>The count that checks itself: what metrics and events say of each session is compared, and what is missing is said.</summary>
public sealed partial class ChecksTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Real_sessions_agree_to_the_token_and_to_the_cent()
    {
        await _server.Replay(Recorded.Bodies("json"));
        await _server.Replay(Recorded.Bodies("versions"));
        JsonNode checks = (await _server.Get("/api/summary"))["checks"]!;
        Assert.True((int)checks["sessions"]! > 10);
        Assert.Equal((int)checks["sessions"]!, (int)checks["agree"]!);
        Assert.Equal(0, (int)checks["missingEvents"]!);
    }

    [Fact]
    public async Task What_only_metrics_know_in_auto_mode_is_named()
    {
        await _server.Replay(Recorded.Bodies("auto-mode"));
        LetSessionsFallSilent();
        JsonNode summary = await _server.Get("/api/summary");
        Assert.Equal((1, 0, 0), ((int)summary["checks"]!["auxiliary"]!, (int)summary["checks"]!["agree"]!, (int)summary["checks"]!["missingEvents"]!));

        // The safety classifier's share (23 % of this session's cost) is the metrics' total less the events'.
        JsonNode all = summary["auxiliary"]!;
        foreach ((string kind, string type) in ((string, string)[])[("input", "input_tokens"), ("output", "output_tokens"), ("cacheRead", "cache_read_tokens"), ("cacheCreation", "cache_creation_tokens")])
        {
            long events = (long)_server.Sql($"SELECT sum(attributes ->> '{type}') FROM otel_events WHERE event_name = 'api_request'")!;
            Assert.Equal((long)summary["tokens"]![kind]! - events, (long)all["tokens"]![kind]!);
        }

        Assert.InRange((double)all["costUsd"]! / (double)summary["costUsd"]!, 0.2, 0.26);
        Assert.Equal("""{"tokens":{"input":120,"output":40,"cacheRead":0,"cacheCreation":2048},"costUsd":0.00576}""", all.ToJsonString());
        Assert.Equal(NoPart, summary["noRequestDetail"]!.ToJsonString());
    }

    [Fact]
    public async Task Lost_events_are_not_taken_for_requests_that_have_none()
    {
        // The last quarter of the events: no number is missing between those that came.
        IReadOnlyList<RecordedBody> bodies = Recorded.Bodies("json", "s20");
        RecordedBody[] events = [.. bodies.Where(b => b.Signal == "logs")];
        await _server.Replay(bodies.Except(events.TakeLast(events.Length / 4 + 1)));
        LetSessionsFallSilent();
        JsonNode summary = await _server.Get("/api/summary");
        Assert.Equal((1, 0), ((int)summary["checks"]!["eventsIncomplete"]!, (int)summary["checks"]!["missingEvents"]!));
        Assert.True((double)summary["noRequestDetail"]!["costUsd"]! > 0);
        long auxiliary = (long)_server.Sql("""
            SELECT CAST(sum(value) AS INTEGER) FROM otel_metrics WHERE attributes ->> 'query_source' = 'auxiliary' AND attributes ->> 'type' = 'input'
            """)!;
        Assert.InRange((long)summary["auxiliary"]!["tokens"]!["input"]!, 0, auxiliary);
        Assert.Equal(
            (long)summary["tokens"]!["input"]! - (long)_server.Sql("SELECT sum(attributes ->> 'input_tokens') FROM otel_events WHERE event_name = 'api_request'")!,
            (long)summary["auxiliary"]!["tokens"]!["input"]! + (long)summary["noRequestDetail"]!["tokens"]!["input"]!);
    }

    [Theory]
    [InlineData("main", "eventsIncomplete")]
    [InlineData("auxiliary", "auxiliary")]
    [InlineData("", "auxiliary")] // An older client, which does not tell.
    public async Task What_only_metrics_know_is_auxiliary_when_they_call_it_so(string source, string expected)
    {
        string[] attributes = [Export.Text("session.id", "a"), Export.Text("model", "m"), Export.Text("type", "input"), .. Source(source)];
        await Post("/v1/logs", Exports.Prompt());
        await Post("/v1/metrics", Export.Metrics(Export.Sum("claude_code.token.usage", [Export.Point(100, Export.Time, attributes)])));
        LetSessionsFallSilent();
        JsonNode summary = await _server.Get("/api/summary");
        Assert.Equal(1, (int)summary["checks"]![expected]!);
        Assert.Equal(expected == "auxiliary" ? 100 : 0, (int)summary["auxiliary"]!["tokens"]!["input"]!);
        Assert.Equal(expected == "auxiliary" ? 0 : 100, (int)summary["noRequestDetail"]!["tokens"]!["input"]!);
    }

    [Fact]
    public async Task An_auxiliary_request_that_has_its_event_does_not_hide_one_that_lost_it()
    {
        string Point(string source) => Export.Point(
            100, Export.Time, [Export.Text("session.id", "a"), Export.Text("model", "m"), Export.Text("type", "input"), .. Source(source)]);
        await Post("/v1/metrics", Export.Metrics(Export.Sum("claude_code.token.usage", [Point("main"), Point("auxiliary")])));
        await Post("/v1/logs", Export.Logs(Export.Event(
            "api_request", Export.Time - 1, [Export.Text("session.id", "a"), Export.Text("model", "m"), Export.Int("input_tokens", 100), .. Source("generate_session_title")])));
        LetSessionsFallSilent();
        Assert.Equal(1, (int)(await _server.Get("/api/summary"))["checks"]!["eventsIncomplete"]!);
    }

    [Theory]
    [InlineData(0.005, 0, "agree")]
    [InlineData(0.005000001, 0, "eventsIncomplete")]
    [InlineData(0.005000001, 0.000000001, "auxiliary")]
    [InlineData(-0.005, 0, "agree")]
    [InlineData(-0.005000001, 0, "metricsIncomplete")]
    public async Task Costs_agree_to_half_a_cent(double more, double auxiliary, string expected)
    {
        string Cost(double usd, string source) => Export.Point(usd, Export.Time, [Export.Text("session.id", "a"), Export.Text("model", "m"), .. Source(source)]);
        await Post("/v1/metrics", Export.Metrics(Export.Sum("claude_code.cost.usage", [Cost(1 + more - auxiliary, "main"), Cost(auxiliary, "auxiliary")])));
        await Post("/v1/logs", Export.Logs(Export.Event(
            "api_request", Export.Time - 1, Export.Text("session.id", "a"), Export.Text("model", "m"), Export.Attribute("cost_usd", """{"doubleValue":1}"""))));
        LetSessionsFallSilent();
        Assert.Equal(1, (int)(await _server.Get("/api/summary"))["checks"]![expected]!);
    }

    [Theory]
    [InlineData("logs", "eventsIncomplete")]
    [InlineData("metrics", "metricsIncomplete")]
    public async Task A_signal_of_which_one_export_arrived_is_exported_and_its_others_are_lost(string lost, string expected)
    {
        // What comes first tells of no request yet.
        RecordedBody[] bodies = [.. Recorded.Bodies("json", "s20")];
        RecordedBody first = bodies.First(b => b.Signal == lost);
        await _server.Replay(bodies.Where(b => b.Signal != lost));
        await Post(first.Path, lost == "logs"
            ? Export.Logs(Export.Event("plugin_loaded", Export.Time, Export.Text("session.id", S20)))
            : Export.Metrics(Export.Sum("claude_code.session.count", [Export.Point(1, Export.Time, Export.Text("session.id", S20))])));
        LetSessionsFallSilent();
        Assert.Equal(1, (int)(await _server.Get("/api/summary"))["checks"]![expected]!);
    }

    [Fact]
    public async Task A_stream_with_a_quarter_of_its_events_dropped_is_reported_as_such()
    {
        Random random = new(1);
        int dropped = 0;
        foreach (RecordedBody body in Recorded.Bodies("json", "s20"))
        {
            string json = System.Text.Encoding.UTF8.GetString(body.Bytes);
            if (body.Signal == "logs")
            {
                JsonNode request = JsonNode.Parse(json)!;
                JsonArray records = request["resourceLogs"]![0]!["scopeLogs"]![0]!["logRecords"]!.AsArray();
                for (int i = records.Count - 1; i >= 0; i--)
                {
                    if (random.Next(4) == 0)
                    {
                        records.RemoveAt(i);
                        dropped++;
                    }
                }

                json = request.ToJsonString();
            }

            using HttpResponseMessage answer = await _server.Post(body.Path, json);
            answer.EnsureSuccessStatusCode();
        }

        LetSessionsFallSilent();
        ExpectedTotals expected = Recorded.Expected("json").Single(t => t.Capture == "s20");
        JsonNode summary = await _server.Get("/api/summary");
        ExpectedSums.AssertTokensAndCost(summary, expected);
        Assert.Equal((1, 0), ((int)summary["checks"]!["eventsIncomplete"]!, (int)summary["checks"]!["agree"]!));
        // Holes at the very end can't be seen; all others are.
        Assert.InRange((int)summary["checks"]!["missingEvents"]!, dropped - 5, dropped);

        JsonNode details = await _server.Get($"/api/sessions/{expected.SessionId}");
        Assert.Equal("eventsIncomplete", (string)details["session"]!["check"]!);
        Assert.Contains(details["witnesses"]!.AsArray(), w => (double)w!["metrics"]! > (double)w["events"]!);
        Assert.True((long)details["toolCallsWithoutResult"]! > 0);
    }

    [Fact]
    public async Task A_session_whose_last_metrics_were_lost_is_told_from_one_that_is_still_under_way()
    {
        IReadOnlyList<RecordedBody> bodies = Recorded.Bodies("json", "s20");
        await _server.Replay(bodies.Where(b => b != bodies.Last(m => m.Signal == "metrics")));
        Assert.Equal(1, (int)(await _server.Get("/api/summary"))["checks"]!["open"]!);
        LetSessionsFallSilent();
        JsonNode checks = (await _server.Get("/api/summary"))["checks"]!;
        Assert.Equal((0, 1), ((int)checks["open"]!, (int)checks["metricsIncomplete"]!));
        await _server.Replay(bodies);
        Assert.Equal(1, (int)(await _server.Get("/api/summary"))["checks"]!["agree"]!);
    }

    [Theory]
    [InlineData("metrics", "metricsOnly")]
    [InlineData("logs", "eventsOnly")]
    public async Task A_client_that_exports_one_signal_only_has_lost_nothing(string signal, string expected)
    {
        await _server.Replay(Recorded.Bodies("json", "s20").Where(b => b.Signal == signal));
        LetSessionsFallSilent();
        JsonNode checks = (await _server.Get("/api/summary"))["checks"]!;
        Assert.Equal((1, 0), ((int)checks[expected]!, (int)checks["missingEvents"]!));
    }

    [Fact]
    public async Task A_resumed_session_s_numbers_start_again_and_nothing_is_missing()
    {
        foreach (RecordedBody body in Recorded.Bodies("json", "s02").Where(b => b.Signal == "logs"))
        {
            string json = System.Text.Encoding.UTF8.GetString(body.Bytes);
            using HttpResponseMessage first = await _server.Post(body.Path, json);
            // The same numbers an hour later: another process of the same session.
            using HttpResponseMessage second = await _server.Post(
                body.Path, Times().Replace(json, m => $"{m.Groups[1].Value}{long.Parse(m.Groups[2].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) + 3_600_000_000_000}\""));
            Assert.True(first.IsSuccessStatusCode && second.IsSuccessStatusCode);
        }

        Assert.Equal(0L, _server.Sql("SELECT missing_events FROM usage_session"));
        Assert.True((long)_server.Sql("SELECT count(*) FROM usage_sequence")! > 40);
    }

    [Fact]
    public async Task A_session_is_told_prompt_by_prompt()
    {
        await _server.Replay(Recorded.Bodies("json", "s20"));
        ExpectedTotals expected = Recorded.Expected("json").Single(t => t.Capture == "s20");
        JsonNode details = await _server.Get($"/api/sessions/{expected.SessionId}");
        JsonArray prompts = details["prompts"]!.AsArray();
        Assert.Equal(expected["log:count api_request"], prompts.Sum(p => p!["requests"]!.AsArray().Count));
        Assert.Equal(expected["log:count tool_result"], prompts.Sum(p => p!["toolCalls"]!.AsArray().Count));
        Assert.Equal(expected["log:cost_usd"], prompts.Sum(p => (double)p!["costUsd"]!), 9);
        Assert.All(prompts.SelectMany(p => p!["requests"]!.AsArray()), r => Assert.NotNull(r!["cacheCreation1h"]));
        Assert.Contains(prompts, p => (string)p!["kind"]! == "human");
        using HttpResponseMessage unknown = await _server.Http.GetAsync(new Uri(_server.Url + "/api/sessions/nobody"));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Clients_without_session_ids_are_grouped_by_user_and_resource_and_are_no_sessions()
    {
        await _server.Replay(Recorded.Bodies("json", "s13"));
        await _server.Replay(Recorded.Bodies("json", "s02"));
        foreach (string user in (string[])["u1", "u2"])
        {
            using HttpResponseMessage answer = await _server.Post("/v1/logs", $$$"""
                {"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","attributes":[
                {"key":"event.name","value":{"stringValue":"user_prompt"}},{"key":"user.id","value":{"stringValue":"{{{user}}}"}}]}]}]}]}
                """);
            answer.EnsureSuccessStatusCode();
        }

        JsonArray sessions = (await _server.Get("/api/sessions"))["sessions"]!.AsArray();
        Assert.Equal(1, (int)(await _server.Get("/api/summary"))["sessions"]!["total"]!);
        JsonNode[] unnamed = [.. sessions.Where(s => !(bool)s!["named"]!)!];
        Assert.Equal(3, unnamed.Length);
        Assert.All(unnamed, s => Assert.StartsWith("unnamed-", (string)s["id"]!, StringComparison.Ordinal));
        JsonNode recorded = unnamed.MaxBy(s => (long)s["tokens"]!["output"]!)!;
        ExpectedTotals expected = Recorded.Expected("json").Single(t => t.Capture == "s13");
        ExpectedSums.AssertTokensAndCost(await _server.Get($"/api/summary?session={recorded["id"]}"), expected);
        Assert.Equal(3L, (long)_server.Sql("SELECT count(*) FROM usage_session WHERE NOT is_named")!);
    }

    [Fact]
    public async Task A_person_s_prompts_are_told_from_commands_and_from_agents_results()
    {
        await _server.Replay(Recorded.Bodies("json"));
        JsonNode summary = await _server.Get("/api/summary");
        long commands = (long)_server.Sql("SELECT count(*) FROM otel_events WHERE event_name = 'user_prompt' AND attributes ->> 'command_name' <> ''")!;
        long results = (long)_server.Sql("SELECT count(*) FROM otel_events WHERE event_name = 'user_prompt' AND attributes ->> 'prompt' LIKE '<task-notification>%'")!;
        Assert.True(commands > 0);
        JsonNode kinds = summary["promptKinds"]!;
        Assert.Equal((commands, results), ((long)kinds["command"]!, (long)kinds["taskNotification"]!));
        Assert.Equal((long)summary["prompts"]!, (long)kinds["human"]! + commands + results);
    }

    [Fact]
    public async Task Missing_events_of_a_session_that_billed_nothing_are_told_too()
    {
        await Post("/v1/logs", Export.Logs(
            Export.Event("user_prompt", Export.Time, Export.Text("session.id", "a"), Export.Int("event.sequence", 3)),
            Export.Event("user_prompt", Export.Time + 1, Export.Text("session.id", "a"), Export.Int("event.sequence", 7))));
        foreach (string path in (string[])["/api/summary", "/api/ingest"])
        {
            JsonNode checks = (await _server.Get(path))["checks"]!;
            Assert.Equal((0, 3), ((int)checks["sessions"]!, (int)checks["missingEvents"]!));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tool_that_was_accepted_and_gave_no_result_is_told_also_without_a_session_id(bool isNamed)
    {
        string session = isNamed ? Export.Text("session.id", "a") : Export.Text("user.id", "u");
        string Use(string name, int number, string decision, string id) => Export.Event(
            name, Export.Time + (ulong)number, session, Export.Text("decision", decision), id.Length > 0 ? Export.Text("tool_use_id", id) : Export.Text("x", "y"));
        await Post("/v1/logs", Export.Logs(
            Use("user_prompt", 0, "", ""), Use("tool_decision", 1, "accept", "t1"), Use("tool_result", 2, "", "t1"), Use("tool_decision", 3, "accept", "t2"),
            Use("tool_decision", 4, "reject", "t3"), Use("tool_decision", 5, "accept", ""), Use("tool_result", 6, "", "")));
        string id = (string)(await _server.Get("/api/sessions"))["sessions"]![0]!["id"]!;
        Assert.Equal(1, (int)(await _server.Get($"/api/sessions/{id}"))["toolCallsWithoutResult"]!);
        Assert.Equal(1, (int)(await _server.Get("/api/ingest"))["checks"]!["toolCallsWithoutResult"]!);
        await Post("/v1/logs", Export.Logs(Use("tool_result", 7, "", "t2")));
        Assert.Equal(0, (int)(await _server.Get("/api/ingest"))["checks"]!["toolCallsWithoutResult"]!);
    }

    [Fact]
    public async Task Groups_without_a_session_id_are_compared_apart_from_the_sessions()
    {
        await _server.Replay(Recorded.Bodies("json", "s13"));
        await _server.Replay(Recorded.Bodies("json", "s02"));
        JsonNode summary = await _server.Get("/api/summary");
        Assert.Equal((1, 1, 1), ((int)summary["sessions"]!["total"]!, (int)summary["checks"]!["sessions"]!, (int)summary["checks"]!["agree"]!));
        Assert.Equal((1, 1), ((int)summary["checks"]!["unnamedGroups"]!, (int)summary["checks"]!["unnamedAgree"]!));
    }

    [Fact]
    public async Task A_request_tells_on_whose_behalf_it_was_made_and_a_call_knows_its_prompt_without_its_request()
    {
        await _server.Replay(Recorded.Bodies("json", "s20"));
        JsonNode[] requests = [.. (await _server.Get($"/api/sessions/{S20}"))["prompts"]!.AsArray().SelectMany(p => p!["requests"]!.AsArray())!];
        Assert.Equal(["auxiliary", "main", "subagent"], requests.Select(r => (string)r["origin"]!).Distinct().Order());
        Assert.All(requests, r => Assert.NotNull(r["ttftMs"]));

        // Old clients tell neither.
        await Post("/v1/logs", Export.Logs(
            Export.Event("api_request", Export.Time, Export.Text("session.id", "old")),
            Export.Event("tool_result", Export.Time, Export.Text("session.id", "old"), Export.Text("prompt.id", "p"), Export.Text("request_id", "lost"))));
        JsonArray prompts = (await _server.Get("/api/sessions/old"))["prompts"]!.AsArray();
        JsonNode request = prompts.Single(p => p!["requests"]!.AsArray().Count > 0)!["requests"]![0]!;
        Assert.Equal((null, null), ((string?)request["origin"], (string?)request["ttftMs"]));
        JsonNode prompt = prompts.Single(p => p!["toolCalls"]!.AsArray().Count > 0)!;
        Assert.Equal(("p", "shell"), ((string)prompt["promptId"]!, (string)prompt["kind"]!));

        // With events missing, the prompt's may be one of them.
        await Post("/v1/logs", Export.Logs(
            Export.Event("plugin_loaded", Export.Time, Export.Text("session.id", "old"), Export.Int("event.sequence", 0)),
            Export.Event("plugin_loaded", Export.Time, Export.Text("session.id", "old"), Export.Int("event.sequence", 2))));
        Assert.Contains((await _server.Get("/api/sessions/old"))["prompts"]!.AsArray(), p => (string?)p!["promptId"] == "p" && (string)p["kind"]! == "unknown");
    }

    private const string S20 = "1a5fdf4a-a5f7-42da-9d48-db214f8e31cf";

    private const string NoPart = """{"tokens":{"input":0,"output":0,"cacheRead":0,"cacheCreation":0},"costUsd":0}""";

    private static string[] Source(string source) => source.Length > 0 ? [Export.Text("query_source", source)] : [];

    private async Task Post(string path, string body)
    {
        using HttpResponseMessage answer = await _server.Post(path, body);
        answer.EnsureSuccessStatusCode();
    }

    // As if the last export had been long ago: what differs now differs for good.
    private void LetSessionsFallSilent()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_server.DataDir, "otellite.db")};Pooling=False");
        connection.Open();
        OtelLite.Storage.Uncounted.WaitFor(connection);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "UPDATE usage_session SET received_unix_nano = 1";
        command.ExecuteNonQuery();
    }

    [GeneratedRegex("""(imeUnixNano":")(\d+)"(?!\d)""")]
    private static partial Regex Times();
}
