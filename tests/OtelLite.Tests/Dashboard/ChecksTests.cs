using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

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

    // As if the last export had been long ago: what differs now differs for good.
    private void LetSessionsFallSilent()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_server.DataDir, "otellite.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "UPDATE usage_session SET received_unix_nano = 1";
        command.ExecuteNonQuery();
    }

    [GeneratedRegex("""(imeUnixNano":")(\d+)"(?!\d)""")]
    private static partial Regex Times();
}
