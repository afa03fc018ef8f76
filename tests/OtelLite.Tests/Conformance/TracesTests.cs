using System.Net;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>What a span is and may be; in both encodings where they could differ.</summary>
public sealed class TracesTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string Zero = "00000000000000000000000000000000";

    private Probe Traces => new(shared.Server, "traces");

    private static string NewTraceId() => Guid.NewGuid().ToString("N");

    private static string Span(string traceId, string spanId, string members = "") => $$$"""{"traceId":"{{{traceId}}}","spanId":"{{{spanId}}}"{{{(members.Length > 0 ? "," : "")}}}{{{members}}}}""";

    // Sent in JSON under one trace and in protobuf under another, as a span is stored once.
    private async Task AssertRows(string expected, string columns, params string[] members)
    {
        string[] Spans() => [.. members.Select((m, i) => Span(NewTraceId(), $"eee19b7ec3c1b17{i}", m))];
        Assert.Equal(expected, (await Traces.Stored(Spans())).Rows(columns));
        Probe protobuf = Traces;
        ExportAnswer answer = await protobuf.Post(OtlpSchema.ToProtobuf("TracesRequest", protobuf.Json(Spans())), "application/x-protobuf");
        Assert.Equal((HttpStatusCode.OK, 0), (answer.Status, answer.Body.Length));
        Assert.Equal(expected, protobuf.Rows(columns));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task T_01_A_span_without_valid_ids_is_rejected_and_the_others_are_stored(bool protobuf)
    {
        string id = NewTraceId();
        string[] spans =
        [
            Span(id, "eee19b7ec3c1b171", "\"name\":\"one\""), Span(Zero, "eee19b7ec3c1b172"), Span(id, Zero[..16]), Span("", "eee19b7ec3c1b173"), Span(id, ""), "{}",
            Span(id, "eee19b7ec3c1b174", "\"name\":\"two\""),
        ];
        Probe traces = Traces;
        ExportAnswer answer = protobuf
            ? await traces.Post(OtlpSchema.ToProtobuf("TracesRequest", traces.Json(spans)), "application/x-protobuf")
            : await traces.Send(spans);
        System.Text.Json.Nodes.JsonNode partial = (protobuf ? OtlpSchema.ToJson("TracesResponse", answer.Body) : answer.Json)["partialSuccess"]!;
        Assert.Equal((HttpStatusCode.OK, "5"), (answer.Status, (string?)partial["rejectedSpans"]));
        Assert.Contains("traceId is not 16 bytes other than zero", (string?)partial["errorMessage"], StringComparison.Ordinal);
        Assert.Equal("one\ntwo", traces.Rows("name"));
    }

    [Fact]
    public async Task T_02_A_child_may_come_before_its_parent_or_without_it()
    {
        string trace = NewTraceId();
        await Traces.Stored(Span(trace, "0000000000000003", "\"name\":\"grandchild\",\"parentSpanId\":\"0000000000000002\""));
        await Traces.Stored(Span(trace, "0000000000000002", "\"name\":\"child\",\"parentSpanId\":\"0000000000000001\""));
        await Traces.Stored(Span(trace, "0000000000000009", "\"name\":\"orphan\",\"parentSpanId\":\"0000000000000008\""));
        await Traces.Stored(Span(trace, "0000000000000001", "\"name\":\"root\",\"parentSpanId\":\"\""));
        Assert.Equal("root\nroot > child\nroot > child > grandchild\n", shared.Server.Rows($"""
            WITH RECURSIVE tree (span_id, path) AS (
                SELECT span_id, name FROM otel_spans WHERE trace_id = '{trace}' AND parent_span_id IS NULL
                UNION ALL SELECT child.span_id, path || ' > ' || name FROM otel_spans child JOIN tree ON child.parent_span_id = tree.span_id WHERE child.trace_id = '{trace}')
            SELECT path FROM tree ORDER BY length(path)
            """));
        Assert.Equal("orphan | 0000000000000008\n", shared.Server.Rows($"""
            SELECT name, parent_span_id FROM otel_spans child WHERE trace_id = '{trace}' AND parent_span_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM otel_spans parent WHERE parent.trace_id = child.trace_id AND parent.span_id = child.parent_span_id)
            """));
    }

    [Fact]
    public async Task T_03_A_kind_and_a_status_that_are_not_set_are_0() => await AssertRows(
        "0 | 0 | NULL\n0 | 0 | NULL\n1 | 1 | NULL\n5 | 2 | it failed", "kind, status_code, status_message",
        "\"name\":\"nothing\"", "\"kind\":0,\"status\":{}", "\"kind\":1,\"status\":{\"code\":1}", "\"kind\":5,\"status\":{\"code\":2,\"message\":\"it failed\"}");

    [Fact]
    public async Task T_04_Times_that_make_no_sense_are_kept_and_no_duration_of_them_is_negative()
    {
        await AssertRows(
            "20 | 10\n20 | 0\n0 | 0\n0 | 5", "start_time_unix_nano, end_time_unix_nano",
            "\"startTimeUnixNano\":\"20\",\"endTimeUnixNano\":\"10\"", "\"startTimeUnixNano\":\"20\"", "\"name\":\"none\"", "\"endTimeUnixNano\":\"5\"");

        // A model's answer that ended before it began is counted, and how long it took is what it says itself.
        string time = $"{Exports.Noon}000000000";
        await Traces.Stored(Span(NewTraceId(), "eee19b7ec3c1b174", $$$$"""
            "name":"claude_code.llm_request","startTimeUnixNano":"{{{{time}}}}","endTimeUnixNano":"{{{{Exports.Noon - 60}}}}000000000",
            "attributes":[{{{{Export.Text("session.id", "backwards")}}}},{{{{Export.Text("request_id", "r")}}}},{{{{Export.Int("input_tokens", 7)}}}},{{{{Export.Int("duration_ms", 5)}}}}]
            """));
        System.Text.Json.Nodes.JsonNode request = (await shared.Server.Get("/api/sessions/backwards"))["prompts"]![0]!["requests"]![0]!;
        Assert.Equal((7, 5), ((int)request["tokens"]!["input"]!, (int)request["durationMs"]!));
        await Traces.AssertAlive();
    }

    [Fact]
    public async Task T_05_Events_links_and_what_was_dropped_are_stored() => await AssertRows(
        """
        a=1,b=2 | {"s":1} | 1 | [{"timeUnixNano":1763800060000000001,"name":"an \"event\"","attributes":{"e":[true]},"droppedAttributesCount":2},{"timeUnixNano":0,"name":""}] | 3 | [{"flags":769,"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","traceState":"c=3","attributes":{"l":"x"},"droppedAttributesCount":4}] | 5
        """,
        "trace_state, attributes, dropped_attributes_count, events, dropped_events_count, links, dropped_links_count",
        $$$$"""
        "traceState":"a=1,b=2","attributes":[{{{{Export.Int("s", 1)}}}}],"droppedAttributesCount":1,
        "events":[{"timeUnixNano":"1763800060000000001","name":"an \"event\"","attributes":[{{{{Export.Attribute("e", Export.Array("""{"boolValue":true}"""))}}}}],"droppedAttributesCount":2},{}],"droppedEventsCount":3,
        "links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","traceState":"c=3","attributes":[{{{{Export.Text("l", "x")}}}}],"droppedAttributesCount":4,"flags":769}],"droppedLinksCount":5
        """);

    [Fact]
    public async Task T_06_Flags_are_told_by_their_masks_whatever_else_is_set() => await AssertRows(
        "4294967295 | 255 | 1 | 1\n769 | 1 | 1 | 1\n257 | 1 | 1 | 0\n1 | 1 | 0 | 0",
        "flags, flags & 255, (flags & 256) != 0, (flags & 512) != 0", "\"flags\":4294967295", "\"flags\":769", "\"flags\":257", "\"flags\":1");

    [Fact]
    public async Task T_07_A_span_that_comes_again_is_stored_and_counted_once()
    {
        string trace = NewTraceId();
        string Request(string name) => Span(trace, "eee19b7ec3c1b174", $$$$"""
            "name":"claude_code.llm_request","startTimeUnixNano":"1","endTimeUnixNano":"{{{{Exports.Noon}}}}000000000","traceState":"{{{{name}}}}",
            "attributes":[{{{{Export.Text("session.id", "again")}}}},{{{{Export.Text("request_id", "r")}}}},{{{{Export.Int("input_tokens", 7)}}}}]
            """);
        Probe first = await Traces.Stored(Request("first"));
        // In another body and under another scope, so that it is not the body that is known.
        Probe again = await Traces.Stored(Request("again"), Request("and again"), Span(trace, "eee19b7ec3c1b175", "\"name\":\"another\""));
        Assert.Equal("first", first.Rows("trace_state"));
        Assert.Equal("another", again.Rows("name"));
        Assert.Equal(7, (int)(await shared.Server.Get("/api/summary?session=again"))["tokens"]!["input"]!);
    }
}
