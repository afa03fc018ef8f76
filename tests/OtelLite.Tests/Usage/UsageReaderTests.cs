using System.Text;
using OtelLite.Otlp;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;
using OtelLite.Usage;

namespace OtelLite.Tests.Usage;

/// <summary>Every metric and event of Claude Code's goes into its figure, and everything else into none.</summary>
public sealed class UsageReaderTests
{
    private const ulong Received = Export.Time + 1_000_000_000;

    [Theory]
    [InlineData("input", "Input")]
    [InlineData("output", "Output")]
    [InlineData("cacheRead", "CacheRead")]
    [InlineData("cacheCreation", "CacheCreation")]
    public void Tokens_of_each_type_are_a_billed_point(string type, string kind)
    {
        Facts facts = Facts.OfPoint("claude_code.token.usage", 1234, Export.Text("type", type), Export.Text("model", "m"), Export.Text("session.id", "s"));
        Assert.Equal([$"{kind} s m 1234 @{Export.Time}"], facts.Points);
        Assert.True(facts.DidSomething);
    }

    [Fact]
    public void Cost_is_billed_in_nano_dollars()
    {
        Facts facts = Facts.OfPoint("claude_code.cost.usage", 0.0123456789, Export.Text("model", "m"), Export.Text("session.id", "s"));
        Assert.Equal([$"Cost s m 12345679 @{Export.Time}"], facts.Points);
    }

    [Theory]
    [InlineData("claude_code.lines_of_code.count", "type", "added", "LinesAdded 3")]
    [InlineData("claude_code.lines_of_code.count", "type", "removed", "LinesRemoved 3")]
    [InlineData("claude_code.commit.count", "x", "y", "Commits 3")]
    [InlineData("claude_code.pull_request.count", "x", "y", "PullRequests 3")]
    [InlineData("claude_code.active_time.total", "type", "user", "ActiveUser 3000000")]
    [InlineData("claude_code.active_time.total", "type", "cli", "ActiveCli 3000000")]
    [InlineData("claude_code.code_edit_tool.decision", "decision", "accept", "EditsAccepted 3")]
    [InlineData("claude_code.code_edit_tool.decision", "decision", "reject", "EditsRejected 3")]
    public void A_counter_goes_into_its_figure(string metric, string key, string value, string expected)
    {
        Facts facts = Facts.OfPoint(metric, 3, Export.Text(key, value), Export.Text("session.id", "s"));
        Assert.Equal([$"{expected} s @{Export.Time}"], facts.Tallies);
        Assert.Empty(facts.Points);
        Assert.True(facts.DidSomething);
    }

    [Fact]
    public void An_event_that_is_named_with_the_agent_s_prefix_is_the_same_event() =>
        Assert.Single(Facts.OfEvent("claude_code.api_request", Export.Text("session.id", "s")).Requests);

    [Theory]
    [InlineData("claude_code.session.count", 1)]
    [InlineData("claude_code.token.usage", 1)]
    [InlineData("claude_code.something.new", 1)]
    [InlineData("token.usage", 1)]
    [InlineData("claude_code.commit.count", 0)]
    public void What_adds_to_no_figure_still_shows_its_session_but_as_one_that_did_nothing(string metric, double value)
    {
        Facts facts = Facts.OfPoint(metric, value, Export.Text("type", "unheard-of"), Export.Text("session.id", "s"));
        Assert.Empty(facts.Points);
        Assert.Empty(facts.Tallies);
        Assert.Equal(["s"], facts.Sessions);
        Assert.False(facts.DidSomething);
    }

    [Fact]
    public void An_api_request_is_billed_with_all_it_says()
    {
        string[] attributes =
        [
            Export.Text("session.id", "s"), Export.Text("prompt.id", "p"), Export.Text("model", "m"), Export.Text("request_id", "r"), Export.Text("query_source", "q"),
            Export.Int("input_tokens", 1), Export.Int("output_tokens", 2), Export.Int("cache_read_tokens", 3), Export.Int("cache_creation_tokens", 4),
            Export.Attribute("cost_usd", """{"doubleValue":0.0000000051}"""), Export.Int("duration_ms", 6), Export.Int("ttft_ms", 7),
        ];
        Facts facts = Facts.OfEvent("api_request", attributes);
        Assert.Equal([$"s p m r q 1 2 3 4 5 6 7 @{Export.Time}"], facts.Requests);
        Assert.True(facts.DidSomething);
    }

    // 1.0.60 and 2.0.60 send every number of an event as a string.
    [Theory]
    [InlineData("""{"stringValue":"12"}""", 12)]
    [InlineData("""{"stringValue":"12.6"}""", 13)]
    [InlineData("""{"stringValue":"1e3"}""", 1000)]
    [InlineData("""{"doubleValue":12.4}""", 12)]
    [InlineData("""{"intValue":"12"}""", 12)]
    [InlineData("""{"stringValue":"12 tokens"}""", 0)]
    [InlineData("""{"stringValue":""}""", 0)]
    [InlineData("""{"boolValue":true}""", 0)]
    [InlineData("""{"doubleValue":"NaN"}""", 0)]
    [InlineData("""{"doubleValue":"Infinity"}""", 0)]
    [InlineData("""{"stringValue":"Infinity"}""", 0)]
    [InlineData("{}", 0)]
    [InlineData("""{"doubleValue":1e300}""", 1_000_000_000_000)]
    [InlineData("""{"intValue":9223372036854775807}""", 1_000_000_000_000)]
    public void A_number_of_an_event_counts_however_it_was_sent_and_nonsense_can_not_overflow_a_sum(string sent, long expected)
    {
        Facts facts = Facts.OfEvent("api_request", Export.Attribute("input_tokens", sent));
        Assert.Contains($" {expected} 0 0 0 0 0 -1 @", facts.Requests.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_too_long_for_an_id_is_none_and_one_of_the_longest_is()
    {
        string longest = new('s', Limits.NameBytesMax);
        Assert.Contains(longest, Facts.OfEvent("api_request", Export.Text("session.id", longest)).Requests.Single(), StringComparison.Ordinal);
        Assert.DoesNotContain(longest, Facts.OfEvent("api_request", Export.Text("session.id", longest + "s")).Requests.Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", 2_500_000)]
    [InlineData("""{"stringValue":"undefined"}""", 2_500_000)]
    [InlineData("""{"doubleValue":"NaN"}""", 2_500_000)]
    [InlineData("""{"stringValue":"0"}""", 0)]
    [InlineData("""{"doubleValue":0.003}""", 3_000_000)]
    [InlineData("""{"doubleValue":250}""", 250_000_000_000)]
    [InlineData("""{"doubleValue":1e300}""", 1_000_000_000_000)]
    public void A_cost_is_the_dollars_that_were_sent_or_else_the_millionths_of_one(string dollars, long expected)
    {
        string[] both = [Export.Attribute("cost_usd", dollars), Export.Int("cost_usd_micros", 2500)];
        foreach (string[] attributes in (string[][])[both, [both[1], both[0]]])
        {
            Assert.Contains($" 0 0 0 0 {expected} 0 -1 @", Facts.OfEvent("api_request", attributes).Requests.Single(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("main", 0)]
    [InlineData("subagent", 0)]
    [InlineData("auxiliary", 1234)]
    [InlineData("", 1234)]
    public void A_point_says_whether_it_may_be_of_requests_that_have_no_event(string source, long expected)
    {
        var facts = new UsageFacts();
        Facts.Of(Export.Metrics(Export.Sum("claude_code.token.usage", [Export.Point(
            1234, Export.Time, Export.Text("type", "input"), source.Length > 0 ? Export.Text("query_source", source) : Export.Text("x", "y"))])), facts);
        Assert.Equal(expected, facts.Points[0].Auxiliary);
    }

    [Theory]
    [InlineData("repl_main_thread", "Main")]
    [InlineData("sdk", "Main")]
    [InlineData("agent:builtin:general-purpose", "Subagent")]
    [InlineData("agent.custom", "Subagent")]
    [InlineData("compact", "Auxiliary")]
    [InlineData("generate_session_title", "Auxiliary")]
    [InlineData("", "Unknown")]
    public void An_event_s_source_comes_to_what_the_metrics_call_it(string source, string origin)
    {
        var facts = new UsageFacts();
        Facts.Of(Export.Logs(Export.Event("api_request", Export.Time, Export.Text("query_source", source))), facts);
        Assert.Equal(origin, facts.Requests[0].Origin.ToString());
    }

    [Fact]
    public void As_many_commands_as_one_request_may_hold_are_counted()
    {
        string command = Export.Event("user_prompt", Export.Time, Export.Text("session.id", "s"), Export.Text("command_name", "c"));
        Facts facts = Facts.Of(Export.Logs([.. Enumerable.Repeat(command, Limits.RecordsPerRequestMax)]));
        Assert.Equal(2 * Limits.RecordsPerRequestMax, facts.Tallies.Length);
    }

    [Fact]
    public void Texts_that_are_no_text_are_none()
    {
        string array = Export.Array("""{"stringValue":"m"}""");
        string[] names = ["model", "request_id", "query_source", "agent.name", "skill.name", "mcp_server.name", "mcp_tool.name", "prompt.id"];
        Assert.Equal(
            [$"s     0 0 0 0 0 0 -1 @{Export.Time}"],
            Facts.OfEvent("api_request", [Export.Text("session.id", "s"), .. names.Select(n => Export.Attribute(n, array))]).Requests);
        Assert.Equal(
            [$"s   True 0 @{Export.Time}"],
            Facts.OfEvent("tool_result", Export.Text("session.id", "s"), Export.Attribute("tool_name", array), Export.Attribute("request_id", array)).ToolCalls);

        Facts facts = Facts.OfEvent("api_request", Export.Int("model", 5), Export.Int("request_id", 6), Export.Int("session.id", 7));
        Assert.Equal([$"unnamed-fd7e07cf     0 0 0 0 0 0 -1 @{Export.Time}"], facts.Requests);
    }

    [Theory]
    [InlineData("""{"stringValue":"true"}""", "True")]
    [InlineData("""{"stringValue":"false"}""", "False")]
    [InlineData("""{"boolValue":false}""", "False")]
    [InlineData("""{"boolValue":true}""", "True")]
    [InlineData("{}", "True")]
    public void A_tool_call_says_which_tool_and_whether_it_failed(string success, string succeeded)
    {
        Facts facts = Facts.OfEvent(
            "tool_result", Export.Text("session.id", "s"), Export.Text("tool_name", "Bash"), Export.Attribute("success", success),
            Export.Text("duration_ms", "102"), Export.Text("request_id", "r"));
        Assert.Equal([$"s Bash r {succeeded} 102 @{Export.Time}"], facts.ToolCalls);
        Assert.True(facts.DidSomething);
    }

    [Theory]
    [InlineData("user_prompt", "Prompts 1")]
    [InlineData("api_error", "ApiErrors 1")]
    public void Prompts_and_errors_are_counted(string name, string expected) =>
        Assert.Equal([$"{expected} s @{Export.Time}"], Facts.OfEvent(name, Export.Text("session.id", "s")).Tallies);

    [Theory]
    [InlineData("tool_decision")]
    [InlineData("mcp_server_connection")]
    [InlineData("")]
    public void Another_event_is_counted_in_no_figure(string name)
    {
        Facts facts = Facts.OfEvent(name, Export.Text("session.id", "s"), Export.Int("input_tokens", 5));
        Assert.Empty(facts.Requests);
        Assert.Empty(facts.Tallies);
        Assert.Empty(facts.ToolCalls);
        Assert.False(facts.DidSomething);
    }

    [Theory]
    [InlineData("\"timeUnixNano\":\"5\",\"observedTimeUnixNano\":\"6\"", 5)]
    [InlineData("\"timeUnixNano\":\"0\",\"observedTimeUnixNano\":\"6\"", 6)]
    [InlineData("\"severityNumber\":9", Received)]
    public void A_record_without_a_time_happened_when_it_was_observed_else_when_it_arrived(string times, ulong expected)
    {
        Facts facts = Facts.Of(Export.Logs(Export.Record($"{times},\"attributes\":[{Export.Text("event.name", "user_prompt")}]")));
        Assert.Equal([$"Prompts 1 unnamed-fd7e07cf @{expected}"], facts.Tallies);
    }

    [Fact]
    public void A_session_knows_its_first_and_last_time_its_project_and_its_machine()
    {
        string Prompt(ulong time, params string[] attributes) =>
            Export.Event("user_prompt", time, [Export.Text("session.id", "s"), .. attributes]);
        string records = string.Join(',', Prompt(20), Prompt(10, Export.Text("vcs.repository.name", "project")), Prompt(30));
        // Of two at one time the one that sorts last, whichever comes first.
        Assert.EndsWith(" b ", Facts.Of(Export.Logs(
            Prompt(5, Export.Text("vcs.repository.name", "b")), Prompt(5, Export.Text("vcs.repository.name", "a")))).LastSession, StringComparison.Ordinal);
        string body = Export.Logs(records).Replace(
            "\"resource\":{}", $"\"resource\":{{\"attributes\":[{Export.Text("host.name", "machine")}]}}", StringComparison.Ordinal);
        Facts facts = Facts.Of(body);
        Assert.Equal(["s"], facts.Sessions);
        Assert.Equal("10 30 project machine", facts.LastSession);
    }

    [Fact]
    public void Facts_of_one_batch_are_gone_in_the_next()
    {
        var facts = new UsageFacts();
        Assert.NotEmpty(Facts.Of(Export.Logs(Export.Event("api_request", 1), Export.Event("tool_result", 2), Export.Event("user_prompt", 3)), facts).Requests);
        Facts next = Facts.Of(Export.Metrics(), facts);
        Assert.Equal(0, next.Requests.Length + next.Tallies.Length + next.ToolCalls.Length + next.Sessions.Length + next.Points.Length);
    }

    /// <summary>What was read from a body, each fact as a line.</summary>
    private sealed record Facts(
        string[] Points, string[] Tallies, string[] Requests, string[] ToolCalls, string[] Sessions, bool DidSomething, string LastSession)
    {
        public static Facts OfPoint(string metric, double value, params string[] attributes) =>
            Of(Export.Metrics(Export.Sum(metric, [Export.Point(value, Export.Time, attributes)])));

        public static Facts OfEvent(string name, params string[] attributes) => Of(Export.Logs(Export.Event(name, Export.Time, attributes)));

        public static Facts Of(string body) => Of(body, new UsageFacts());

        public static Facts Of(string body, UsageFacts facts)
        {
            Assert.True(OtlpJson.TryRead(Encoding.UTF8.GetBytes(body), out TelemetryBatch batch, out string error), error);
            foreach (ref DataPoint point in batch.DataPoints.Rows)
            {
                point.Increase = SeriesIncrease.Stateless(point);
            }

            UsageReader.Read(batch, facts, (long)Received);
            string Show(TextRange range) => Encoding.UTF8.GetString(batch.Text[range]);
            SessionSeen last = facts.Sessions.Count > 0 ? facts.Sessions[facts.Sessions.Count - 1] : default;
            Facts read = new(
                [.. facts.Points.Rows.ToArray().Select(p => $"{p.Kind} {Show(p.Session)} {Show(p.Model)} {p.Value} @{p.TimeUnixNano}")],
                [.. facts.Tallies.Rows.ToArray().Select(t => $"{t.Figure} {t.Value} {Show(t.Session)} @{t.TimeUnixNano}")],
                [.. facts.Requests.Rows.ToArray().Select(r =>
                    $"{Show(r.Session)} {Show(r.PromptId)} {Show(r.Model)} {Show(r.RequestId)} {Show(r.QuerySource)} " +
                    $"{r.Input} {r.Output} {r.CacheRead} {r.CacheCreation} {r.CostNanoUsd} {r.DurationMs} {r.TtftMs} @{r.TimeUnixNano}")],
                [.. facts.ToolCalls.Rows.ToArray().Select(c =>
                    $"{Show(c.Session)} {Show(c.Tool)} {Show(c.RequestId)} {c.Succeeded} {c.DurationMs} @{c.TimeUnixNano}")],
                [.. facts.Sessions.Rows.ToArray().Select(s => Show(s.Session))],
                last.DidSomething,
                $"{last.FirstUnixNano} {last.LastUnixNano} {Show(last.Project)} {Show(last.Machine)}");
            batch.Return();
            return read;
        }
    }
}
