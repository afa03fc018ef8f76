using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>
/// Section 12 of the checklist: where the specification and the collector differ, what was decided, beyond what the tests of the rows
/// that each decision belongs to say already.
/// </summary>
public sealed class DecidedTests : IAsyncLifetime
{
    private const string Metrics = "/v1/metrics";

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartWithGrpc("--durability", "normal");

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private long Stored => (long)_server.Sql(Wire.CountAll)!;

    // In both encodings; ids in JSON may be what protobuf could not even be made of.
    private async Task<JsonNode> Export(string signal, string json, int status = 200)
    {
        RawAnswer answer = await _server.Export($"/v1/{signal}", Wire.Bytes(json), Wire.Json);
        Assert.Equal(status, answer.Status);
        return answer.Json;
    }

    [Fact]
    public async Task D_01_Over_the_limit_is_413_and_not_400_whichever_way_it_is_noticed()
    {
        await using RunningServer small = await RunningServer.Start(null, "--max-body", "2048");
        foreach ((byte[] body, string[] headers) in ((byte[], string[])[])
        [
            (new byte[4096], [Wire.Json]), (new byte[4096], [Wire.Protobuf]), (Exports.Gzip(new byte[4096]), [Wire.Json, Wire.Gzip]), (Exports.Gzip(new byte[4096]), [Wire.Protobuf, Wire.Gzip]),
        ])
        {
            // None of these bodies is valid either: the limit comes first.
            Assert.Equal(413, (await small.Export(Metrics, body, headers)).Status);
        }
    }

    [Fact]
    public async Task D_02_The_limit_is_64_MiB_over_http_and_grpc_unless_it_is_set()
    {
        // A field that nobody knows fills an otherwise empty request to the last byte.
        byte[] largest = OtlpSchema.LengthDelimited(1000, new byte[(64 << 20) - 6]);
        byte[] tooLarge = [.. largest, 0];
        Assert.Equal(64 << 20, largest.Length);
        byte[] zipped = Exports.Gzip(largest), zippedTooLarge = Exports.Gzip(tooLarge);
        Assert.Equal(200, (await _server.Export(Metrics, zipped, Wire.Protobuf, Wire.Gzip)).Status);
        Assert.Equal(413, (await _server.Export(Metrics, zippedTooLarge, Wire.Protobuf, Wire.Gzip)).Status);
        Assert.Equal(0, (await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(zipped, 1), ("grpc-encoding", "gzip"))).Status);
        Assert.Equal(8, (await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(zippedTooLarge, 1), ("grpc-encoding", "gzip"))).Status);
    }

    [Theory]
    [InlineData("GET", "", 405)]
    [InlineData("POST", "", 415)]
    [InlineData("POST", "Content-Type: text/plain", 415)]
    public async Task D_03_A_405_and_a_415_are_statuses_in_json_too(string method, string type, int status)
    {
        // Where the request is protobuf they are protobuf (F-01).
        RawAnswer answer = await _server.Ask(method, Metrics, Wire.Bytes(Exports.Commit()), type.Length > 0 ? [type] : []);
        Assert.Equal((status, "application/json"), (answer.Status, answer.Header("Content-Type")));
        Assert.NotEmpty((string)answer.Status()["message"]!);
    }

    [Theory]
    [InlineData("metrics", """{"resource_metrics":[{"scope_metrics":[{"metrics":[{"name":"x","gauge":{"data_points":[{"time_unix_nano":"1","as_int":"1"}]}}]}]}]}""")]
    [InlineData("metrics", """{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"x","gauge":{"data_points":[{"timeUnixNano":"1","asInt":"1"}]}}]}]}]}""")]
    [InlineData("logs", """{"resource_logs":[{"scope_logs":[{"log_records":[{"time_unix_nano":"1"}]}]}]}""")]
    [InlineData("traces", """{"resourceSpans":[{"scope_spans":[{"spans":[{}]}]}]}""")]
    public async Task D_04_Keys_in_snake_case_are_unknown_and_passed_over(string signal, string body)
    {
        Assert.Equal("{}", (await Export(signal, body)).ToJsonString());
        Assert.Equal(0, Stored);
    }

    [Fact]
    public async Task D_05_On_success_the_answer_is_empty_in_json_protobuf_and_grpc()
    {
        Assert.Equal("{}", (await _server.Export(Metrics, Wire.Bytes(Wire.Body("metrics", 1)), Wire.Json)).Text);
        Assert.Empty((await _server.Export(Metrics, Wire.ProtobufBody("metrics", 2), Wire.Protobuf)).Body);
        Assert.Equal(new byte[5], (await _server.Grpc.Export("metrics", Wire.ProtobufBody("metrics", 3))).Frame);
        Assert.Equal(6, Stored);
    }

    [Theory]
    [InlineData("nothex")]
    [InlineData("123")]
    [InlineData("00000000000000000000000000000000")]
    [InlineData("5b8efff798038103d269b633813fc60c00")]
    public async Task D_06_A_bad_id_is_absent_where_it_only_refers_and_costs_a_span_that_it_names(string id)
    {
        Assert.Equal("{}", (await Export("logs", Otlp.Export.Logs($$"""{"traceId":"{{id}}","spanId":"{{id}}","severityText":"kept"}"""))).ToJsonString());
        Assert.Equal(" |  | kept\n", _server.Rows("SELECT coalesce(trace_id, ''), coalesce(span_id, ''), severity_text FROM otel_events"));

        Assert.Equal("{}", (await Export("metrics", Exports.Metrics(
            $$"""{"timeUnixNano":"1","asInt":"1","exemplars":[{"timeUnixNano":"1","asInt":"1","traceId":"{{id}}","spanId":"{{id}}"}]}"""))).ToJsonString());
        Assert.DoesNotContain(id, (string)_server.Sql("SELECT exemplars FROM otel_metrics")!, StringComparison.Ordinal);

        string good = Wire.Span("eee19b7ec3c1b174")[..^1];
        JsonNode spans = await Export("traces", Wire.Traces(
            $$"""{{good}},"parentSpanId":"{{id}}","links":[{"traceId":"{{id}}","spanId":"{{id}}"}]}""", Wire.Span(id), $$"""{"traceId":"{{id}}","spanId":"eee19b7ec3c1b175"}"""));
        Assert.Equal("2", (string)spans["partialSuccess"]!["rejectedSpans"]!);
        Assert.Equal("eee19b7ec3c1b174 | NULL\n", _server.Rows("SELECT span_id, parent_span_id FROM otel_spans"));
        Assert.DoesNotContain(id, (string?)_server.Sql("SELECT links FROM otel_spans") ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("metrics", """{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"x","sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}}]}]}]}""")]
    [InlineData("logs", """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"SEVERITY_NUMBER_INFO"}]}]}]}""")]
    [InlineData("traces", """{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_SERVER"}]}]}]}""")]
    [InlineData("traces", """{"resourceSpans":[{"scopeSpans":[{"spans":[{"status":{"code":"STATUS_CODE_ERROR"}}]}]}]}""")]
    [InlineData("traces", """{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"nosuch"}]}]}]}""")]
    public async Task D_07_A_name_in_the_place_of_an_enums_number_is_400(string signal, string body)
    {
        Assert.Equal(3, (int)(await Export(signal, body, 400))["code"]!);
        Assert.Equal(0, Stored);
    }

    [Fact]
    public async Task D_08_Null_is_unset_and_an_exponent_is_a_whole_number()
    {
        Assert.Equal("{}", (await Export("metrics", Exports.Metrics(
            """{"timeUnixNano":"1768478400e9","asInt":1e2,"flags":null,"attributes":null,"exemplars":null,"startTimeUnixNano":null}"""))).ToJsonString());
        Assert.Equal("100 | 1768478400000000000 | 0\n", _server.Rows("SELECT sent_value, time_unix_nano, flags FROM otel_metrics"));

        // What JSON.stringify makes of NaN: a point without a value, and not a bad body.
        JsonNode partial = (await Export("metrics", Exports.Metrics("""{"timeUnixNano":"2","asDouble":null}""", Exports.Point("3"))))["partialSuccess"]!;
        Assert.Equal("1", (string)partial["rejectedDataPoints"]!);
        Assert.Equal(2, Stored);
    }

    [Theory]
    [InlineData("gauge")]
    [InlineData("sum")]
    [InlineData("histogram")]
    [InlineData("exponentialHistogram")]
    [InlineData("summary")]
    public async Task D_09_A_point_with_the_time_0_is_rejected_and_told(string kind)
    {
        const string points = """{"dataPoints":[{"timeUnixNano":"0","asInt":"1","count":"0"},{"asInt":"1","count":"0"},{"timeUnixNano":"5","asInt":"1","count":"0"}],"aggregationTemporality":1}""";
        JsonNode partial = (await Export("metrics", Otlp.Export.Metrics($$"""{"name":"x","{{kind}}":{{points}}}""")))["partialSuccess"]!;
        Assert.Equal("2", (string)partial["rejectedDataPoints"]!);
        Assert.Contains("timeUnixNano is missing or 0", (string)partial["errorMessage"]!, StringComparison.Ordinal);
        Assert.Equal("5\n", _server.Rows("SELECT time_unix_nano FROM otel_metrics"));
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("nosuch")]
    public async Task D_10_An_unsupported_coding_is_415_to_a_protobuf_client_too(string encoding)
    {
        RawAnswer answer = await _server.Export(Metrics, Wire.ProtobufBody("metrics"), Wire.Protobuf, $"Content-Encoding: {encoding}");
        Assert.Equal((415, "gzip", 3), (answer.Status, answer.Header("Accept-Encoding"), (int)answer.Status()["code"]!));
        Assert.Equal(0, Stored);
    }
}
