using System.Net;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Dashboard;

/// <summary>What happened in one session, as its events tell it, and all that one of them says.</summary>
public sealed class SessionEventsTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_recorded_session_tells_its_prompts_tools_decisions_and_compactions_in_time()
    {
        await _server.Replay(Recorded.Bodies("json", "s20"));
        ExpectedTotals expected = Recorded.Expected("json").Single(t => t.Capture == "s20");
        JsonNode answer = await _server.Get($"/api/sessions/{expected.SessionId}/events");
        JsonNode[] events = [.. answer["events"]!.AsArray().Select(e => e!)];
        Assert.False((bool)answer["truncated"]!);
        double Named(string name) => events.Count(e => (string)e["name"]! == name);
        Assert.Equal(expected["log:count user_prompt"], Named("user_prompt"));
        Assert.Equal(expected["log:count api_request"], Named("api_request"));
        Assert.Equal(expected["log:count tool_result"], Named("tool_result"));
        Assert.Equal(expected["log:count tool_decision"], Named("tool_decision"));
        Assert.Equal(events.Select(e => (string)e["at"]!).Order(StringComparer.Ordinal), events.Select(e => (string)e["at"]!));
        Assert.All(events.Where(e => (string)e["name"]! == "tool_result"), e => Assert.True((double)e["durationMs"]! >= 0 && (string)e["subject"]! != ""));
        Assert.Contains(events, e => (string)e["name"]! == "compaction" && ((string)e["note"]!).EndsWith(" tokens", StringComparison.Ordinal));
        Assert.Contains(events, e => (string)e["name"]! == "tool_decision" && (string)e["note"]! == "accept by config" && !(bool)e["failed"]!);

        // What is listed is what the event itself says.
        JsonNode tool = events.First(e => (string)e["name"]! == "tool_result");
        JsonNode whole = await _server.Get($"/api/events/{tool["id"]}");
        Assert.Equal((string)tool["subject"]!, (string)whole["attributes"]!["tool_name"]!);
        Assert.Equal(expected.SessionId, (string)whole["sessionId"]!);
    }

    [Fact]
    public async Task A_prompt_is_told_where_it_was_sent_and_a_long_one_is_cut_in_the_list_alone()
    {
        string text = new('x', Limits.EventTextCharactersMax + 1);
        foreach ((int second, string prompt) in ((int, string)[])[(1, "<REDACTED>"), (2, "hello"), (3, text)])
        {
            using HttpResponseMessage sent = await _server.Post("/v1/logs", Otlp.Export.Logs(Otlp.Export.Event(
                "user_prompt", Otlp.Export.Time + (ulong)second, Otlp.Export.Text("session.id", "s"), Otlp.Export.Text("prompt", prompt))));
            sent.EnsureSuccessStatusCode();
        }

        JsonArray events = (await _server.Get("/api/sessions/s/events"))["events"]!.AsArray();
        Assert.Equal([null, "hello", text[1..] + "…"], events.Select(e => (string?)e!["text"]));
        Assert.Equal(text, (string)(await _server.Get($"/api/events/{events[2]!["id"]}"))["attributes"]!["prompt"]!);
    }

    [Fact]
    public async Task An_error_and_a_rejected_decision_are_failures()
    {
        string session = Otlp.Export.Text("session.id", "s");
        using HttpResponseMessage sent = await _server.Post("/v1/logs", Otlp.Export.Logs(
            Otlp.Export.Event("api_error", Otlp.Export.Time, session, Otlp.Export.Text("error", "Overloaded"), Otlp.Export.Text("model", "opus"), Otlp.Export.Int("duration_ms", 12)),
            Otlp.Export.Event("tool_decision", Otlp.Export.Time + 1, session, Otlp.Export.Text("tool_name", "Bash"), Otlp.Export.Text("decision", "reject"), Otlp.Export.Text("source", "user_reject")),
            Otlp.Export.Event("tool_result", Otlp.Export.Time + 2, session, Otlp.Export.Text("tool_name", "Read"), Otlp.Export.Text("success", "false"), Otlp.Export.Text("error_type", "ENOENT")),
            Otlp.Export.Event("plugin_loaded", Otlp.Export.Time + 3, session)));
        sent.EnsureSuccessStatusCode();
        JsonArray events = (await _server.Get("/api/sessions/s/events"))["events"]!.AsArray();
        Assert.Equal(
            ["api_error opus Overloaded 12 true", "tool_decision Bash reject by user_reject  true", "tool_result Read ENOENT  true"],
            events.Select(e => $"{e!["name"]} {e["subject"]} {e["note"]} {e["durationMs"]} {e["failed"]!.ToJsonString()}"));
    }

    [Fact]
    public async Task Past_the_limit_the_oldest_are_told_and_that_there_are_more()
    {
        using HttpResponseMessage sent = await _server.Post("/v1/logs", Otlp.Export.Logs(
            [.. Enumerable.Range(0, Limits.SessionRowsMax + 1).Select(i => Otlp.Export.Event("user_prompt", Otlp.Export.Time + (ulong)i, Otlp.Export.Text("session.id", "s")))]));
        sent.EnsureSuccessStatusCode();
        JsonNode answer = await _server.Get("/api/sessions/s/events");
        Assert.True((bool)answer["truncated"]!);
        Assert.Equal(Limits.SessionRowsMax, answer["events"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("/api/events/999999")]
    [InlineData("/api/events/x")]
    [InlineData("/api/events/-1")]
    public async Task An_event_that_is_not_there_is_404(string path)
    {
        using HttpResponseMessage answer = await _server.Http.GetAsync(new Uri(_server.Url + path));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a%41b")]
    [InlineData("a b?c#d")]
    public async Task A_session_is_found_by_whatever_its_client_calls_it(string id)
    {
        using HttpResponseMessage sent = await _server.Post("/v1/logs", Exports.Prompt(session: id));
        sent.EnsureSuccessStatusCode();
        Assert.Equal(id, (string)(await _server.Get($"/api/sessions/{Uri.EscapeDataString(id)}"))["session"]!["id"]!);
        Assert.Single((await _server.Get($"/api/sessions/{Uri.EscapeDataString(id)}/events"))["events"]!.AsArray());
    }

    [Fact]
    public async Task A_figure_of_one_session_without_a_range_goes_from_its_first_to_its_last()
    {
        foreach ((long second, string session) in ((long, string)[])[(0, "early"), (3600, "mine"), (7200, "mine"), (900_000, "late")])
        {
            using HttpResponseMessage sent = await _server.Post("/v1/logs", Exports.Request(Exports.Noon + second, session, id: $"r{second}"));
            sent.EnsureSuccessStatusCode();
        }

        JsonNode series = await _server.Get("/api/timeseries?session=mine&tz=UTC");
        Assert.StartsWith("2026-01-15T13:00:00", (string)series["from"]!, StringComparison.Ordinal);
        Assert.StartsWith("2026-01-15T14:00:00", (string)series["to"]!, StringComparison.Ordinal);
        Assert.Equal(20, series["tokens"]!["input"]!.AsArray().Sum(n => (long)n!));
        Assert.StartsWith("2026-01-15T13:00:00", (string)(await _server.Get("/api/summary?session=mine&tz=UTC"))["from"]!, StringComparison.Ordinal);
    }
}
