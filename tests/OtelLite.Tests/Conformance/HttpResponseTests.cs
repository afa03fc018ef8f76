using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>Section 2 of the checklist: what a taken export is answered, and what that answer promises.</summary>
public sealed class HttpResponseTests : IAsyncLifetime
{
    private const string Metrics = "/v1/metrics";

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public static TheoryData<string, string> EverySignalInBothEncodings()
    {
        var data = new TheoryData<string, string>();
        foreach (string signal in Wire.Signals)
        {
            data.Add(signal, Wire.Json);
            data.Add(signal, Wire.Protobuf);
        }

        return data;
    }

    private long Stored => (long)_server.Sql(Wire.CountAll)!;

    private static byte[] Encoded(string signal, string contentType, string json) =>
        contentType == Wire.Protobuf ? OtlpSchema.ToProtobuf(OtlpSchema.RequestOf(signal), json) : Wire.Bytes(json);

    [Theory]
    [MemberData(nameof(EverySignalInBothEncodings))]
    public async Task R_01_Success_is_exactly_200(string signal, string type) =>
        Assert.Equal(200, (await _server.Export($"/v1/{signal}", Wire.Body(signal, type), type)).Status);

    [Theory]
    [MemberData(nameof(EverySignalInBothEncodings))]
    public async Task R_02_The_body_is_the_response_message(string signal, string type)
    {
        RawAnswer answer = await _server.Export($"/v1/{signal}", Wire.Body(signal, type), type);
        Assert.Equal($"{answer.Body.Length}", answer.Header("Content-Length"));
        Assert.IsType<JsonObject>(answer.Response(signal));
    }

    [Theory]
    [MemberData(nameof(EverySignalInBothEncodings))]
    public async Task R_03_The_answers_type_is_the_requests_also_for_an_empty_body_and_for_errors(string signal, string type)
    {
        foreach ((byte[] body, int status) in ((byte[], int)[])[(Wire.Body(signal, type), 200), ([0xFF, 0xFF], 400)])
        {
            RawAnswer answer = await _server.Export($"/v1/{signal}", body, type);
            Assert.Equal((status, type), (answer.Status, $"Content-Type: {answer.Header("Content-Type")}"));
        }
    }

    [Theory]
    [MemberData(nameof(EverySignalInBothEncodings))]
    public async Task R_04_Partial_success_is_not_set_when_all_is_taken(string signal, string type)
    {
        RawAnswer answer = await _server.Export($"/v1/{signal}", Wire.Body(signal, type), type);
        Assert.Equal(type == Wire.Json ? "{}" : "", answer.Text);
        Assert.Equal(20, Stored);
    }

    [Theory]
    [InlineData(Wire.Json)]
    [InlineData(Wire.Protobuf)]
    public async Task R_05_An_empty_partial_success_is_never_sent(string type)
    {
        // A client must read the empty message as "not set"; one that does not is served right all the same. A point without anything is rejected.
        foreach (string points in (string[])["{}", Exports.Point("1000000000")])
        {
            JsonNode response = (await _server.Export(Metrics, Encoded("metrics", type, Exports.Metrics(points)), type)).Response("metrics");
            Assert.True(response["partialSuccess"] is null or JsonObject { Count: > 0 }, response.ToJsonString());
        }
    }

    [Theory]
    [InlineData("metrics", Wire.Json)]
    [InlineData("metrics", Wire.Protobuf)]
    [InlineData("traces", Wire.Json)]
    [InlineData("traces", Wire.Protobuf)]
    public async Task R_06_In_part_is_200_with_the_number_of_the_rejected_and_the_others_are_stored(string signal, string type)
    {
        int[] invalid = [0, 7, 19];
        string[] records = [.. Enumerable.Range(0, 20).Select(i => signal == "metrics"
            ? Exports.Point(invalid.Contains(i) ? "0" : $"{Exports.Noon + i}000000000")
            : Wire.Span(invalid.Contains(i) ? "" : $"{i + 1:x16}"))];
        RawAnswer answer = await _server.Export(
            $"/v1/{signal}", Encoded(signal, type, signal == "metrics" ? Exports.Metrics(records) : Wire.Traces(records)), type);
        Assert.Equal(200, answer.Status);
        JsonNode partial = answer.Response(signal)["partialSuccess"]!;

        // 64-bit numbers are strings in ProtoJSON.
        Assert.Equal("3", (string)partial[signal == "metrics" ? "rejectedDataPoints" : "rejectedSpans"]!);
        Assert.Equal(17, Stored);
    }

    [Fact]
    public async Task R_06_A_log_record_is_never_rejected()
    {
        // Nothing that a record may say or leave out makes it invalid, so the count of rejected records is always absent.
        RawAnswer answer = await _server.Export("/v1/logs", Wire.Bytes(Otlp.Export.Logs("{}", """{"traceId":"nothex","spanId":"12","severityNumber":99}""")), Wire.Json);
        Assert.Equal((200, "{}"), (answer.Status, answer.Text));
        Assert.Equal(2L, _server.Sql("SELECT count(*) FROM otel_events"));
    }

    [Theory]
    [InlineData("metrics", "timeUnixNano")]
    [InlineData("traces", "spanId")]
    public async Task R_07_The_message_says_why_in_words_that_name_the_field(string signal, string field)
    {
        string body = signal == "metrics" ? Exports.Metrics(Exports.Point("0")) : Wire.Traces(Wire.Span(""));
        JsonNode partial = (await _server.Export($"/v1/{signal}", Wire.Bytes(body), Wire.Json)).Response(signal)["partialSuccess"]!;
        Assert.Contains(field, (string)partial["errorMessage"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Wire.Json)]
    [InlineData(Wire.Protobuf)]
    public async Task R_08_A_warning_comes_with_nothing_rejected_and_says_what_is_odd(string type)
    {
        RawAnswer answer = await _server.Export(
            Metrics, Encoded("metrics", type, Otlp.Export.Metrics(Otlp.Export.Sum("x", [Exports.Point("1000000000")], temporality: 0))), type);
        Assert.Equal(200, answer.Status);
        JsonNode partial = answer.Response("metrics")["partialSuccess"]!;
        Assert.Null(partial["rejectedDataPoints"]);
        Assert.Contains("aggregationTemporality", (string)partial["errorMessage"]!, StringComparison.Ordinal);
        Assert.Equal(1, Stored);
    }

    [Fact]
    public async Task R_09_What_a_partial_success_took_is_still_there_after_a_restart()
    {
        string[] points = [.. Enumerable.Range(0, 20).Select(i => Exports.Point(i < 3 ? "0" : $"{Exports.Noon + i}000000000"))];
        Assert.Equal("3", (string)(await _server.Export(Metrics, Wire.Bytes(Exports.Metrics(points)), Wire.Json)).Json["partialSuccess"]!["rejectedDataPoints"]!);
        await _server.Restart();
        Assert.Equal(17, Stored);
        Assert.Equal(17, (int)(await _server.Get("/api/summary"))["commits"]!);
    }

    [Theory]
    [InlineData("", Wire.Protobuf)]
    [InlineData("{}", Wire.Json)]
    [InlineData(" {\n} ", Wire.Json)]
    [InlineData("""{"resourceMetrics":[]}""", Wire.Json)]
    [InlineData("""{"resourceMetrics":null}""", Wire.Json)]
    public async Task R_10_An_empty_request_succeeds(string body, string type)
    {
        foreach (string signal in Wire.Signals)
        {
            RawAnswer answer = await _server.Export($"/v1/{signal}", Wire.Bytes(body.Replace("Metrics", signal == "traces" ? "Spans" : char.ToUpperInvariant(signal[0]) + signal[1..], StringComparison.Ordinal)), type);
            Assert.Equal((200, type == Wire.Json ? "{}" : ""), (answer.Status, answer.Text));
        }

        Assert.Equal(0, Stored);
    }

    [Fact]
    public async Task R_10_A_json_body_of_no_bytes_is_no_json() =>
        Assert.Equal((400, 3), (await _server.Export(Metrics, [], Wire.Json)) is var answer ? (answer.Status, (int)answer.Status()["code"]!) : default);

    [Theory]
    [InlineData("metrics", """{"resourceMetrics":[{}]}""")]
    [InlineData("metrics", """{"resourceMetrics":[{"resource":{"attributes":[{"key":"k","value":{"stringValue":"v"}}]},"scopeMetrics":[]}]}""")]
    [InlineData("metrics", """{"resourceMetrics":[{"scopeMetrics":[{}]}]}""")]
    [InlineData("metrics", """{"resourceMetrics":[{"scopeMetrics":[{"scope":{"name":"s"},"metrics":[]}]}]}""")]
    [InlineData("metrics", """{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{}]}]}]}""")]
    [InlineData("metrics", """{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"x"}]}]}]}""")]
    [InlineData("metrics", """{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"x","sum":{}},{"name":"y","gauge":{"dataPoints":[]}}]}]}]}""")]
    [InlineData("metrics", """{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{}},{"exponentialHistogram":{}},{"summary":{}}]}]}]}""")]
    [InlineData("logs", """{"resourceLogs":[{}]}""")]
    [InlineData("logs", """{"resourceLogs":[{"resource":{},"scopeLogs":[{}]}]}""")]
    [InlineData("logs", """{"resourceLogs":[{"scopeLogs":[{"scope":{"name":"s"},"logRecords":[]}]}]}""")]
    [InlineData("traces", """{"resourceSpans":[{}]}""")]
    [InlineData("traces", """{"resourceSpans":[{"resource":{},"scopeSpans":[{}]}]}""")]
    [InlineData("traces", """{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"s"},"spans":[]}]}]}""")]
    public async Task R_11_Empty_envelopes_are_taken_and_leave_nothing(string signal, string body)
    {
        foreach (string type in (string[])[Wire.Json, Wire.Protobuf])
        {
            RawAnswer answer = await _server.Export($"/v1/{signal}", Encoded(signal, type, body), type);
            Assert.Equal((200, type == Wire.Json ? "{}" : ""), (answer.Status, answer.Text));
        }

        Assert.Equal(0, Stored);
        Assert.Equal(0L, _server.Sql("SELECT (SELECT count(*) FROM otel_resource) + (SELECT count(*) FROM otel_scope)"));
    }

    [Fact]
    public async Task R_12_An_answer_stays_short_however_much_was_rejected()
    {
        string point = Exports.Point("0");
        string metric = Otlp.Export.Sum(new string('n', 60_000), [.. Enumerable.Repeat(point, 10_000)]);
        RawAnswer answer = await _server.Export(Metrics, Wire.Bytes(Otlp.Export.Metrics([.. Enumerable.Repeat(metric, 10)])), Wire.Json);
        Assert.Equal("100000", (string)answer.Json["partialSuccess"]!["rejectedDataPoints"]!);
        Assert.InRange(answer.Body.Length, 1, 1000);
    }

    [Theory]
    [InlineData("/v1/metrics")]
    [InlineData("/v1/nosuch")]
    public async Task R_13_An_answer_is_never_compressed(string path)
    {
        foreach (string[] accept in (string[][])[[], ["Accept-Encoding: gzip"], ["Accept-Encoding: gzip, deflate, br"]])
        {
            RawAnswer answer = await _server.Export(path, Wire.Bytes(Exports.Metrics(Exports.Point("0"))), [Wire.Json, .. accept]);
            Assert.Null(answer.Header("Content-Encoding"));
            Assert.IsType<JsonObject>(answer.Json);
        }
    }

    [PublishedFact]
    public async Task R_14_Killed_in_the_middle_it_has_every_acknowledged_body_and_counts_the_retried_ones_once()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        RecordedBody[] bodies = [.. Recorded.Bodies("json")];
        ConcurrentQueue<RecordedBody> acknowledged = [];
        async Task Send(IEnumerable<RecordedBody> mine)
        {
            foreach (RecordedBody body in mine)
            {
                try
                {
                    using HttpResponseMessage answer = await exe.Post(body);
                    Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                    acknowledged.Enqueue(body);
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException or ObjectDisposedException)
                {
                    // The server or this side's connection is gone: nothing was acknowledged.
                    return;
                }
            }
        }

        Task sending = Task.WhenAll(bodies.GroupBy(b => b.Name[..3]).Select(Send));
        while (acknowledged.Count < bodies.Length / 3 && !sending.IsCompleted)
        {
            await Task.Delay(1);
        }

        await exe.Signal("KILL");
        await sending;
        await exe.StartProcess();
        Assert.Equal("ok", exe.Sql("PRAGMA integrity_check"));
        long records = (long)exe.Sql("SELECT (SELECT count(*) FROM otel_metrics) + (SELECT count(*) FROM otel_events)")!;
        Assert.True(records >= acknowledged.Sum(Records), $"{records} records are stored, {acknowledged.Sum(Records)} were acknowledged");

        // The clients come back with everything that they can't be sure of.
        await exe.Replay(bodies);
        foreach (ExpectedTotals expected in Recorded.Expected("json"))
        {
            ExpectedSums.AssertTables(exe.Sql, expected);
            ExpectedSums.AssertSummary(await exe.Get($"/api/summary?session={expected.SessionId}"), expected);
        }
    }

    [Theory]
    [MemberData(nameof(EverySignalInBothEncodings))]
    public async Task R_15_The_same_request_again_succeeds_and_counts_nothing_twice(string signal, string type)
    {
        // By the bytes of the body: another body with the same points is no retry, and counts again (README).
        byte[] body = Wire.Body(signal, type);
        foreach (byte[] sent in (byte[][])[body, body, Exports.Gzip(body)])
        {
            RawAnswer answer = await _server.Export($"/v1/{signal}", sent, sent == body ? [type] : [type, Wire.Gzip]);
            Assert.Equal((200, type == Wire.Json ? "{}" : ""), (answer.Status, answer.Text));
        }

        Assert.Equal(20, Stored);
        Assert.Equal(2, (int)(await _server.Get("/api/ingest"))["bodies"]!["repeated"]!);
    }

    private static long Records(RecordedBody body) =>
        Regex.Count(Encoding.UTF8.GetString(body.Bytes), body.Signal == "metrics" ? "\"as(?:Double|Int)\"" : "\"body\":");
}
