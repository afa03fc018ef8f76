using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Otlp;
using OtelLite.Privacy;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Privacy;

/// <summary>What is dropped or hashed at the door is nowhere behind it, whichever way it came, and what is counted stays counted.</summary>
public sealed class RedactionTests
{
    private const string Secret = "ada@example.com";

    private static readonly string HashOfSecret = Rules("hash:x").Of(Secret, "x"u8)!;

    private static Redaction Rules(string rules) => new(RedactRules.Read(rules)!, Encoding.ASCII.GetBytes(new string('k', 64)));

    private static TelemetryBatch Read(string rules, string json)
    {
        Assert.True(OtlpJson.TryRead(Encoding.UTF8.GetBytes(json), out TelemetryBatch batch, out string error), error);
        Rules(rules).Apply(batch);
        return batch;
    }

    private static string Text(TelemetryBatch batch, TextRange range) => range.IsNone ? "none" : Encoding.UTF8.GetString(batch.Text[range]);

    private static TelemetryBatch OneRecord(string rules, string members) => Read(rules, Export.Logs(Export.Record(members)));

    [Theory]
    [InlineData("drop:user.email", """{"a":"1","user.id":"u"}""")]
    [InlineData("drop:user.*", """{"a":"1"}""")]
    [InlineData("drop:*", "{}")]
    [InlineData(" drop:a ; drop:user.id ", """{"user.email":"ada@example.com"}""")]
    [InlineData("hash:user.email", """{"a":"1","user.email":"HASH","user.id":"u"}""")]
    [InlineData("hash:user.email,drop:user.*", """{"a":"1","user.email":"HASH"}""")]
    [InlineData("drop:user.*,hash:user.email", """{"a":"1"}""")]
    [InlineData("drop:nosuch", """{"a":"1","user.email":"ada@example.com","user.id":"u"}""")]
    [InlineData("drop:user.emai", """{"a":"1","user.email":"ada@example.com","user.id":"u"}""")]
    public void The_first_rule_that_fits_holds_and_an_end_stands_for_any(string rules, string expected)
    {
        TelemetryBatch batch = OneRecord(rules, $"\"attributes\":[{Export.Text("a", "1")},{Export.Text("user.email", Secret)},{Export.Text("user.id", "u")}]");
        Assert.Equal(expected.Replace("HASH", HashOfSecret, StringComparison.Ordinal), Text(batch, batch.LogRecords[0].Attributes.Json));
        batch.Return();
    }

    [Theory]
    [InlineData("drop:prompt", """{"a":"1","prompt_length":"7"}""")]
    [InlineData("hash:prompt", """{"a":"1","prompt":"HASH","prompt_text":"HASH","user_prompt":"HASH","prompt_length":"7"}""")]
    [InlineData("hash:prompt_text,drop:prompt", """{"a":"1","prompt_text":"HASH","prompt_length":"7"}""")]
    [InlineData("drop:prompt_text", """{"a":"1","prompt":"ada@example.com","user_prompt":"ada@example.com","prompt_length":"7"}""")]
    public void A_rule_for_the_prompt_holds_for_the_copies_that_Claude_Code_sends_of_it(string rules, string expected)
    {
        TelemetryBatch batch = OneRecord(
            rules, $"\"attributes\":[{Export.Text("a", "1")},{Export.Text("prompt", Secret)},{Export.Text("prompt_text", Secret)},{Export.Text("user_prompt", Secret)},{Export.Text("prompt_length", "7")}]");
        Assert.Equal(expected.Replace("HASH", HashOfSecret, StringComparison.Ordinal), Text(batch, batch.LogRecords[0].Attributes.Json));
        batch.Return();
    }

    [Fact]
    public void Values_of_every_kind_are_hashed_and_a_nested_one_goes_whole()
    {
        TelemetryBatch batch = OneRecord(
            "hash:x*,drop:m", $"\"attributes\":[{Export.Int("x1", 42)},{Export.Text("x2", "42")},{Export.Attribute("x3", """{"boolValue":true}""")},{Export.Attribute("m", Export.Map(Export.Text("deep", Secret)))}]");
        JsonObject attributes = JsonNode.Parse(Text(batch, batch.LogRecords[0].Attributes.Json))!.AsObject();
        Assert.Equal(["x1", "x2", "x3"], attributes.Select(a => a.Key));
        Assert.All(attributes, a => Assert.Matches("^[0-9a-f]{32}$", (string)a.Value!));
        Assert.Equal((string)attributes["x1"]!, (string)attributes["x2"]!);
        Assert.Equal(Rules("hash:x").Of("true", "x"u8), (string)attributes["x3"]!);
        batch.Return();
    }

    [Theory]
    [InlineData("drop:body", "none")]
    [InlineData("hash:body", "\"BODYHASH\"")]
    public void The_body_of_a_record_goes_and_the_event_keeps_its_name(string rules, string expected)
    {
        TelemetryBatch batch = OneRecord(rules, "\"body\":{\"stringValue\":\"claude_code.api_request\"}");
        string hash = Rules("hash:x").Of("\"claude_code.api_request\"", "x"u8)!;
        Assert.Equal(expected.Replace("BODYHASH", hash, StringComparison.Ordinal), Text(batch, batch.LogRecords[0].Body));
        Assert.Equal("api_request", Text(batch, batch.LogRecords[0].EventName));
        batch.Return();
    }

    [Fact]
    public void What_is_counted_by_is_hashed_and_still_known_for_what_it_is()
    {
        TelemetryBatch batch = OneRecord("hash:session.id,hash:prompt.id", $"\"attributes\":[{Export.Text("session.id", "s")},{Export.Text("prompt.id", "p")}]");
        Assert.Equal(Rules("hash:x").Of("s", "x"u8), Text(batch, batch.LogRecords[0].SessionId));
        Assert.Equal(Rules("hash:x").Of("p", "x"u8), Text(batch, batch.LogRecords[0].PromptId));
        batch.Return();
    }

    [Fact]
    public void Rules_for_many_names_leave_what_figures_are_counted_by()
    {
        string[] counted = [Export.Text("session.id", "s"), Export.Int("input_tokens", 3), Export.Text("request_id", "r"), Export.Text("event.name", "api_request")];
        TelemetryBatch dropped = OneRecord("drop:*", $"\"attributes\":[{string.Join(',', counted)},{Export.Text("prompt", Secret)}]");
        Assert.Equal("""{"session.id":"s","input_tokens":3,"request_id":"r","event.name":"api_request"}""", Text(dropped, dropped.LogRecords[0].Attributes.Json));
        TelemetryBatch hashed = OneRecord("hash:*", $"\"attributes\":[{string.Join(',', counted)}]");
        Assert.Contains("\"input_tokens\":3", Text(hashed, hashed.LogRecords[0].Attributes.Json), StringComparison.Ordinal);
        Assert.DoesNotContain("\"r\"", Text(hashed, hashed.LogRecords[0].Attributes.Json), StringComparison.Ordinal);
        dropped.Return();
        hashed.Return();
    }

    [Theory]
    [InlineData("""{"bytesValue":"AAEC"}""", "AAEC")]
    [InlineData("""{"stringValue":"a \"line\"\n"}""", "a \"line\"\n")]
    public void What_is_kept_as_json_has_the_same_hash_in_a_record_and_in_an_event(string value, string plain)
    {
        string attributes = $"[{Export.Attribute("x", value)}]";
        TelemetryBatch record = OneRecord("hash:x", $"\"attributes\":{attributes}");
        TelemetryBatch span = Read("hash:x", $$"""
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"{{1:x32}}","spanId":"{{1:x16}}","name":"n","events":[{"timeUnixNano":"1","name":"e","attributes":{{attributes}}}]}]}]}]}
            """);
        string expected = $"{{\"x\":\"{Rules("hash:x").Of(plain, "x"u8)}\"}}";
        Assert.Equal(expected, Text(record, record.LogRecords[0].Attributes.Json));
        Assert.Contains(expected, Text(span, span.Spans[0].Events), StringComparison.Ordinal);
        record.Return();
        span.Return();
    }

    [Fact]
    public void Events_links_and_exemplars_lose_theirs_too()
    {
        string attributes = $"[{Export.Text("k", "v")},{Export.Text("user.email", Secret)},{Export.Text("q\\\"", "x")}]";
        string span = $$"""
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"{{1:x32}}","spanId":"{{1:x16}}","name":"n","events":[{"timeUnixNano":"1","name":"e","attributes":{{attributes}}},{"name":"none"}],
            "links":[{"traceId":"{{2:x32}}","spanId":"{{2:x16}}","attributes":{{attributes}}}]}]}]}]}
            """;
        string point = Export.Metrics(Export.Sum("m", [Export.Point($"\"timeUnixNano\":\"1\",\"asInt\":\"1\",\"exemplars\":[{{\"asInt\":\"1\",\"filteredAttributes\":{attributes}}}]")]));
        foreach ((string rules, string expected) in ((string, string)[])[("drop:user.email", """{"k":"v","q\"":"x"}"""), ("hash:user.email", $$"""{"k":"v","user.email":"{{HashOfSecret}}","q\"":"x"}"""), ("drop:user.*,drop:k,drop:q*", "{}")])
        {
            TelemetryBatch spans = Read(rules, span), points = Read(rules, point);
            Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), JsonNode.Parse(Text(spans, spans.Spans[0].Events))![0]!["attributes"]!.ToJsonString());
            Assert.Equal("none", (string)JsonNode.Parse(Text(spans, spans.Spans[0].Events))![1]!["name"]!);
            Assert.Contains($"\"attributes\":{expected}", Text(spans, spans.Spans[0].Links), StringComparison.Ordinal);
            Assert.Contains($"\"filteredAttributes\":{expected}", Text(points, points.DataPoints[0].Exemplars), StringComparison.Ordinal);
            spans.Return();
            points.Return();
        }
    }

    [Fact]
    public void Where_no_rule_fits_a_batch_is_what_it_was()
    {
        foreach (RecordedBody body in Recorded.AllPlain().Concat(Recorded.AllProtobuf()))
        {
            Assert.True(body.TryDecode(out TelemetryBatch plain, out _));
            Assert.True(body.TryDecode(out TelemetryBatch redacted, out _));
            Rules("drop:no.such.name,hash:neither.*").Apply(redacted);
            (Decoded before, Decoded after) = (Decoded.Of(plain), Decoded.Of(redacted));
            Assert.Equal(before.Points, after.Points);
            Assert.Equal(before.Records, after.Records);
            Assert.Equal(before.Spans, after.Spans);
            plain.Return();
            redacted.Return();
        }
    }

    [Theory]
    [InlineData("prompt", "drop:NAME or hash:NAME")]
    [InlineData("keep:prompt", "drop:NAME or hash:NAME")]
    [InlineData("drop:", "drop:NAME or hash:NAME")]
    [InlineData("drop:a*b", "drop:NAME or hash:NAME")]
    [InlineData("drop:session.id", "hash:session.id")]
    [InlineData("drop:input_tokens", "counted by")]
    [InlineData("hash:cost_usd", "counted by")]
    [InlineData("drop:model", "counted by")]
    [InlineData("drop:prompt hash:user.email", "a comma between two")]
    public void A_rule_that_is_none_or_takes_figures_away_is_refused_in_a_sentence(string rules, string says) =>
        Assert.Contains(says, Assert.Throws<UsageException>(() => Options.Read(["--redact", rules], _ => null)).Message, StringComparison.Ordinal);

    [Fact]
    public void There_are_only_so_many_rules_of_so_long_names()
    {
        string[] many = [.. Enumerable.Range(0, Limits.RedactRulesMax + 1).Select(i => $"drop:a{i}")];
        Assert.NotNull(RedactRules.Read(string.Join(',', many[1..])));
        Assert.Throws<UsageException>(() => RedactRules.Read(string.Join(',', many)));
        Assert.NotNull(RedactRules.Read("drop:" + new string('a', Limits.RedactNameBytesMax)));
        Assert.Throws<UsageException>(() => RedactRules.Read("drop:" + new string('a', Limits.RedactNameBytesMax + 1)));
    }

    [Fact]
    public async Task Nothing_of_it_is_in_any_file_or_answer_whichever_way_it_came()
    {
        await using RunningServer server = await RunningServer.StartWithGrpc("--redact", "hash:user.email,hash:session.id,drop:prompt,hash:cwd,drop:session.name");
        string logs = Export.Logs(Export.Event("user_prompt", Export.Time, Export.Text("session.id", "plain-session"), Export.Text("user.email", Secret), Export.Text("prompt", "plain-prompt")));
        string metrics = Exports.Commit(session: "plain-session").Replace("\"attributes\":[", $"\"attributes\":[{Export.Text("user.email", Secret)},", StringComparison.Ordinal);
        foreach ((string signal, string json) in ((string, string)[])[("logs", logs), ("metrics", metrics)])
        {
            Assert.Equal(HttpStatusCode.OK, (await server.Post($"/v1/{signal}", json)).StatusCode);
            byte[] protobuf = OtlpSchema.ToProtobuf(OtlpSchema.RequestOf(signal), json);
            Assert.Equal(HttpStatusCode.OK, (await server.Post(new RecordedBody("b", signal, protobuf, false, true))).StatusCode);
            Assert.Equal(0, (await server.Grpc.Export(signal, [.. protobuf, 0xFA, 0x3F, 0x00])).Status);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.Post("/api/sessions/plain-session", """{"folder":"/home/plain-person","name":"plain-name"}""")).StatusCode);
        string session = (string)server.Sql("SELECT DISTINCT session_id FROM otel_events")!;
        Assert.Matches("^[0-9a-f]{32}$", session);
        Assert.Equal(session, server.Sql("SELECT DISTINCT session_id FROM otel_metrics"));
        Assert.Equal("3 | 1\n", server.Rows("SELECT count(*), count(DISTINCT json_extract(attributes, '$.\"user.email\"')) FROM otel_events"));
        Assert.Equal(session, (string)(await server.Get("/api/sessions"))["sessions"]![0]!["id"]!);
        await server.Stop();
        foreach (string file in Directory.GetFiles(server.DataDir))
        {
            string text = await File.ReadAllTextAsync(file, Encoding.Latin1);
            Assert.All((string[])[Secret, "plain-session", "plain-prompt", "plain-person", "plain-name"], secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Every_recorded_session_counts_the_same_with_its_people_hashed()
    {
        IReadOnlyList<RecordedBody> bodies = Recorded.Bodies("json");
        await using RunningServer plain = await RunningServer.Start();
        await using RunningServer hashed = await RunningServer.Start(null, "--redact", "hash:session.id,hash:user.*,hash:organization.id,hash:request_id,drop:prompt,drop:tool_input,drop:tool_parameters");
        await plain.Replay(bodies);
        await hashed.Replay(bodies);
        foreach (string path in (string[])["/api/summary?tz=UTC", "/api/tools", "/api/models"])
        {
            Assert.Equal(Figures(await plain.Get(path)), Figures(await hashed.Get(path)));
        }

        Assert.Equal(plain.Sql("SELECT count(DISTINCT session_id) FROM usage_session"), hashed.Sql("SELECT count(DISTINCT session_id) FROM usage_session"));

        static string Figures(JsonNode answer)
        {
            answer.AsObject().Remove("to");

            // When it came, and how much room it takes.
            answer.AsObject().Remove("stored");

            // Only its text tells a prompt that no person wrote.
            answer.AsObject().Remove("promptKinds");
            return answer.ToJsonString();
        }
    }

    [Fact]
    public async Task The_hash_of_one_folder_stays_and_is_that_of_no_other()
    {
        string first = await HashIn(null), again, other = await HashIn(null);
        await using RunningServer server = await RunningServer.Start(null, "--redact", "hash:user.email");
        string before = await Stored(server, 1);
        await server.Stop();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(server.DataDir, Redaction.KeyFileName)));
        }

        await using (RunningServer later = await RunningServer.Start(server.DataDir, "--redact", "hash:user.email"))
        {
            again = await Stored(later, 2);
        }

        // The one that ended last has cleared it away.
        Directory.CreateDirectory(server.DataDir);

        Assert.Equal(before, again);
        Assert.Equal(3, new[] { first, other, before }.Distinct().Count());

        static async Task<string> HashIn(string? dataDir)
        {
            await using RunningServer server = await RunningServer.Start(dataDir, "--redact", "hash:user.email");
            return await Stored(server, 1);
        }

        static async Task<string> Stored(RunningServer server, int number)
        {
            await server.Post("/v1/logs", Export.Logs(Export.Event("user_prompt", Export.Time + (ulong)number, Export.Text("user.email", Secret))));
            return (string)server.Sql("SELECT json_extract(attributes, '$.\"user.email\"') FROM otel_events ORDER BY id DESC LIMIT 1")!;
        }
    }

    [Fact]
    public async Task Two_cumulative_series_that_a_dropped_attribute_tells_apart_stay_two()
    {
        await using RunningServer server = await RunningServer.Start(null, "--redact", "drop:agent.name");
        string Sum(int minute, double first, double second)
        {
            ulong time = ((ulong)Exports.Noon + (60 * (ulong)minute)) * 1_000_000_000;
            string Point(string agent, double value) => Export.Point(value, time, Export.Text("session.id", "s"), Export.Text("model", "m"), Export.Text("agent.name", agent));
            return Export.Metrics(Export.Sum("claude_code.cost.usage", [Point("one", first), Point("two", second)], temporality: 2));
        }

        foreach ((int minute, double first, double second) in ((int, double, double)[])[(0, 10, 1), (1, 11, 2), (2, 12, 3)])
        {
            (await server.Post("/v1/metrics", Sum(minute, first, second))).Dispose();
        }

        // The first value of each counts from its start, the others by what they are more.
        Assert.Equal(15, (double)(await server.Get("/api/summary"))["costUsd"]!, 9);
    }
}
