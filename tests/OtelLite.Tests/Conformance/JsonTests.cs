using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>The JSON mapping of OTLP: ids, enums, names, and what a body may look like. Numbers and values are in <see cref="JsonValueTests"/>.</summary>
public sealed class JsonTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string TraceId = "5b8efff798038103d269b633813fc60c";
    private const string SpanId = "eee19b7ec3c1b174";

    private Probe Logs => new(shared.Server, "logs");

    private Probe Metrics => new(shared.Server, "metrics");

    private Probe Traces => new(shared.Server, "traces");

    // Spans are stored once by their ids, so each test has ids of its own.
    private static string NewTraceId() => Guid.NewGuid().ToString("N");

    private static string Sum(params string[] points) => Export.Sum("m", points);

    private static string Point(string members) => Export.Point($"\"timeUnixNano\":\"{Export.Time}\",{members}");

    [Theory]
    [InlineData("5B8EFFF798038103D269B633813FC60C", "EEE19B7EC3C1B174")]
    [InlineData("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174")]
    [InlineData("5b8EFFF798038103d269b633813fc60C", "EEE19b7ec3c1b174")]
    public async Task J_01_Ids_are_hex_in_either_case_in_every_message(string traceId, string spanId)
    {
        string ids = $"\"traceId\":\"{traceId}\",\"spanId\":\"{spanId}\"";
        Assert.Equal($"{TraceId} | {SpanId}", (await Logs.Stored($"{{{ids}}}")).Rows("trace_id, span_id"));
        Probe exemplar = await Metrics.Stored(Sum(Point($"\"asInt\":1,\"exemplars\":[{{\"timeUnixNano\":1,\"asInt\":1,{ids}}}]")));
        Assert.Equal($"{TraceId} | {SpanId}", exemplar.Rows("exemplars ->> '$[0].traceId', exemplars ->> '$[0].spanId'"));
        string own = NewTraceId();
        Probe span = await Traces.Stored(
            $$$$"""{"traceId":"{{{{own.ToUpperInvariant()}}}}","spanId":"{{{{spanId}}}}","parentSpanId":"{{{{spanId[..^1]}}}}F","links":[{ {{{{ids}}}} }]}""");
        Assert.Equal(
            $"{own} | {SpanId} | {SpanId[..^1]}f | {TraceId} | {SpanId}",
            span.Rows("trace_id, span_id, parent_span_id, links ->> '$[0].traceId', links ->> '$[0].spanId'"));
    }

    // D-6: base64 is what plain ProtoJSON would have.
    [Theory]
    [InlineData("nothex")]
    [InlineData("123")]
    [InlineData("5b8efff798038103d269b633813fc60")]
    [InlineData("5b8efff798038103d269b633813fc60cc")]
    [InlineData("zb8efff798038103d269b633813fc60c")]
    [InlineData(@"\u00115b8efff798038103d269b633813fc60")]
    [InlineData("W47/95gDgQPSabYzgT/GDA==")]
    [InlineData("00000000000000000000000000000000")]
    public async Task J_02_A_bad_id_is_absent_and_costs_a_span_only_when_it_is_its_own(string bad)
    {
        Probe log = await Logs.Stored($$$$"""{"traceId":"{{{{bad}}}}","spanId":"EEE19B7EC3C1B174","severityText":"kept"}""", $$$$"""{"traceId":"{{{{TraceId}}}}","spanId":"{{{{bad}}}}"}""");
        Assert.Equal($"NULL | {SpanId} | kept\n{TraceId} | NULL | NULL", log.Rows("trace_id, span_id, severity_text"));
        Probe exemplar = await Metrics.Stored(Sum(Point($$$$"""
            "asInt":1,"exemplars":[{"timeUnixNano":1,"asInt":1,"traceId":"{{{{bad}}}}","spanId":"{{{{bad}}}}"}]
            """)));
        Assert.Equal("""[{"timeUnixNano":1,"value":1}]""", exemplar.Rows("exemplars"));
        string own = NewTraceId();
        Probe traces = Traces;
        ExportAnswer answer = await traces.Send(
            $$$$"""{"traceId":"{{{{bad}}}}","spanId":"{{{{SpanId}}}}"}""",
            $$$$"""{"traceId":"{{{{own}}}}","spanId":"{{{{bad}}}}"}""",
            $$$$"""{"traceId":"{{{{own}}}}","spanId":"{{{{SpanId}}}}","parentSpanId":"{{{{bad}}}}","links":[{"traceId":"{{{{bad}}}}","spanId":"{{{{bad}}}}"}],"name":"kept"}""");
        Assert.Equal((HttpStatusCode.OK, "2"), (answer.Status, (string?)answer.Json["partialSuccess"]!["rejectedSpans"]));
        Assert.Equal($$$$"""{{{{own}}}} | {{{{SpanId}}}} | NULL | kept | [{"flags":0,"traceState":""}]""", traces.Rows("trace_id, span_id, parent_span_id, name, links"));
    }

    [Fact]
    public async Task J_03_An_empty_id_is_not_set()
    {
        Probe log = await Logs.Stored("""{"traceId":"","spanId":"","severityText":"kept"}""");
        Assert.Equal("NULL | NULL | kept", log.Rows("trace_id, span_id, severity_text"));
        Probe root = await Traces.Stored($$$$"""{"traceId":"{{{{NewTraceId()}}}}","spanId":"{{{{SpanId}}}}","parentSpanId":""}""");
        Assert.Equal("NULL", root.Rows("parent_span_id"));
    }

    [Fact]
    public async Task J_04_Enums_are_stored_as_their_numbers()
    {
        Assert.Equal("9 | integer", (await Logs.Stored("""{"severityNumber":9}""")).Rows("severity_number, typeof(severity_number)"));
        Assert.Equal("1 | integer", (await Metrics.Stored(Sum(Point("\"asInt\":1")))).Rows("temporality, typeof(temporality)"));
        Probe span = await Traces.Stored($$$$"""{"traceId":"{{{{NewTraceId()}}}}","spanId":"{{{{SpanId}}}}","kind":2,"status":{"code":1} }""");
        Assert.Equal("2 | integer | 1 | integer", span.Rows("kind, typeof(kind), status_code, typeof(status_code)"));
    }

    // D-7.
    [Theory]
    [InlineData("metrics", """{"name":"m","sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","dataPoints":[{"timeUnixNano":1,"asInt":1}]}}""")]
    [InlineData("metrics", """{"name":"m","sum":{"aggregationTemporality":"sometimes","dataPoints":[{"timeUnixNano":1,"asInt":1}]}}""")]
    [InlineData("logs", """{"severityNumber":"SEVERITY_NUMBER_INFO"}""")]
    [InlineData("traces", """{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","kind":"SPAN_KIND_SERVER"}""")]
    [InlineData("traces", """{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","status":{"code":"STATUS_CODE_OK"}}""")]
    public async Task J_05_The_name_of_an_enum_is_400(string signal, string record)
    {
        var probe = new Probe(shared.Server, signal);
        (await probe.Send(record)).AssertBadJson();
        Assert.Equal(0, probe.Count);
    }

    [Fact]
    public async Task J_06_Unknown_enum_numbers_are_kept()
    {
        Assert.Equal("99", (await Logs.Stored("""{"severityNumber":99}""")).Rows("severity_number"));
        Probe span = await Traces.Stored($$$$"""{"traceId":"{{{{NewTraceId()}}}}","spanId":"{{{{SpanId}}}}","kind":77,"status":{"code":-3} }""");
        Assert.Equal("77 | -3", span.Rows("kind, status_code"));
        Assert.Equal("7", (await Metrics.Stored(Export.Sum("m", [Point("\"asInt\":1")], temporality: 7))).Rows("temporality"));
    }

    [Fact]
    public async Task J_07_Unknown_members_are_ignored_at_every_depth_whatever_they_hold()
    {
        const string zzz = """
            "zzz":{"a":[1,{"b":null,"timeUnixNano":{}},"]}"],"key":"x","attributes":null}
            """;
        Probe logs = Logs;
        string body = $$$$$"""
            { {{{{{zzz}}}}},"resourceLogs":[{ {{{{{zzz}}}}},"resource":{ {{{{{zzz}}}}},"attributes":[{"key":"r","value":{"intValue":1},{{{{{zzz}}}}}}]},"scopeLogs":[{ {{{{{zzz}}}}},
            "scope":{"name":"{{{{{logs.Scope}}}}}",{{{{{zzz}}}}}},"logRecords":[{ {{{{{zzz}}}}},"severityText":"kept","body":{ {{{{{zzz}}}}},"arrayValue":{ {{{{{zzz}}}}},"values":[{ {{{{{zzz}}}}},
            "kvlistValue":{"values":[{"key":"k","value":{"intValue":2,{{{{{zzz}}}}}},{{{{{zzz}}}}}}],{{{{{zzz}}}}}}}]}}}]}]}]}
            """;
        (await logs.Post(Encoding.UTF8.GetBytes(body))).AssertAccepted();
        Assert.Equal("""kept | [{"k":2}] | {"r":1}""", logs.Rows("severity_text, body, (SELECT attributes FROM otel_resource WHERE id = resource_id)"));
        Probe metrics = await Metrics.Stored($$$$$"""
            { {{{{{zzz}}}}},"name":"m","sum":{ {{{{{zzz}}}}},"dataPoints":[{ {{{{{zzz}}}}},"timeUnixNano":1,"asInt":5,"exemplars":[{ {{{{{zzz}}}}},"asInt":6}]}],"aggregationTemporality":1},{{{{{zzz}}}}}}
            """);
        Assert.Equal("""m | 5 | [{"timeUnixNano":0,"value":6}]""", metrics.Rows("metric_name, sent_value, exemplars"));
        Probe traces = await Traces.Stored($$$$$"""
            { {{{{{zzz}}}}},"traceId":"{{{{{NewTraceId()}}}}}","spanId":"{{{{{SpanId}}}}}","status":{ {{{{{zzz}}}}},"code":2},"events":[{ {{{{{zzz}}}}},"name":"e"}],"links":[{ {{{{{zzz}}}}}}]}
            """);
        Assert.Equal("2 | e | 1", traces.Rows("status_code, events ->> '$[0].name', json_array_length(links)"));
    }

    // D-4.
    [Fact]
    public async Task J_08_Snake_case_names_are_unknown_members()
    {
        Probe root = Metrics;
        (await root.Post(Encoding.UTF8.GetBytes(root.Json(Sum(Point("\"asInt\":1"))).Replace("resourceMetrics", "resource_metrics", StringComparison.Ordinal)))).AssertAccepted();
        Assert.Equal(0, root.Count);
        Probe log = await Logs.Stored("""{"severity_number":9,"severity_text":"x","time_unix_nano":5,"trace_id":5,"event_name":[],"severityText":"kept"}""");
        Assert.Equal("0 | kept | 0 | NULL | NULL", log.Rows("severity_number, severity_text, time_unix_nano, trace_id, event_name"));
        ExportAnswer noValue = await Metrics.Send(Sum(Point("\"as_int\":1")));
        Assert.Equal("1", (string?)noValue.Json["partialSuccess"]!["rejectedDataPoints"]);
    }

    // D-8: JavaScript writes NaN and infinity as null, so a point's value may be it.
    [Fact]
    public async Task J_15_Null_is_not_set_for_any_member()
    {
        Probe logs = await Logs.Stored("""
            {"timeUnixNano":null,"observedTimeUnixNano":null,"severityNumber":null,"severityText":null,"body":null,"attributes":null,"droppedAttributesCount":null,"flags":null,
            "traceId":null,"spanId":null,"eventName":null}
            """, """{"attributes":[{"key":"a","value":null},{"key":null,"value":{"stringValue":null}},{"key":"b","value":{"arrayValue":null}}],"body":{"kvlistValue":{"values":null}}}""");
        Assert.Equal(
            "0 | 0 | 0 | NULL | NULL | {} | 0 | 0 | NULL\n0 | 0 | 0 | NULL | {} | {\"a\":null,\"\":null,\"b\":null} | 0 | 0 | NULL",
            logs.Rows("time_unix_nano, observed_time_unix_nano, severity_number, severity_text, body, attributes, dropped_attributes_count, flags, trace_id"));
        Probe metrics = Metrics;
        ExportAnswer answer = await metrics.Send(
            """{"name":"n","description":null,"unit":null,"gauge":null,"sum":{"aggregationTemporality":1,"isMonotonic":null,"dataPoints":null}}""",
            Sum(Point("\"asDouble\":null"), Point("\"asInt\":3,\"asDouble\":null,\"attributes\":null,\"exemplars\":null,\"flags\":null,\"startTimeUnixNano\":null")),
            """{"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":1,"count":null,"sum":null,"min":null,"max":null,"bucketCounts":null,"explicitBounds":null}]}}""");
        Assert.Equal((HttpStatusCode.OK, "1"), (answer.Status, (string?)answer.Json["partialSuccess"]!["rejectedDataPoints"]));
        Assert.Equal("m | 3 | NULL\nh | NULL | {\"count\":0,\"bucketCounts\":[],\"explicitBounds\":[]}", metrics.Rows("metric_name, sent_value, shape"));
        Probe traces = await Traces.Stored($$$$"""
            {"traceId":"{{{{NewTraceId()}}}}","spanId":"{{{{SpanId}}}}","parentSpanId":null,"traceState":null,"name":null,"kind":null,"startTimeUnixNano":null,"events":null,"links":null,"status":null}
            """);
        Assert.Equal("NULL | NULL | NULL | 0 | 0 | NULL | NULL | 0", traces.Rows("parent_span_id, trace_state, name, kind, start_time_unix_nano, events, links, status_code"));
    }

    [Fact]
    public async Task J_16_Null_between_messages_is_skipped()
    {
        Probe metrics = await Metrics.Stored("null", $$$$"""{"name":"m","sum":{"aggregationTemporality":1,"dataPoints":[null,{{{{Point("\"asInt\":1,\"attributes\":[null]")}}}},null]}}""");
        Assert.Equal("m | 1 | {}", metrics.Rows("metric_name, sent_value, attributes"));
        await Metrics.Stored("""{"name":"m","sum":{"dataPoints":[null]}}""");
        Probe traces = await Traces.Stored("null", $$$$"""{"traceId":"{{{{NewTraceId()}}}}","spanId":"{{{{SpanId}}}}","events":[null,{"name":"e"}],"links":[null]}""");
        Assert.Equal("""[{"timeUnixNano":0,"name":"e"}] | NULL""", traces.Rows("events, links"));
        Probe logs = await Logs.Stored("null", """{"attributes":[null,{"key":"a"}]}""");
        Assert.Equal("""{"a":null}""", logs.Rows("attributes"));
        await logs.AssertAlive();
    }

    [Fact]
    public async Task J_17_What_is_missing_has_its_default()
    {
        Probe logs = await Logs.Stored("{}");
        Assert.Equal(
            "0 | 0 | 0 | NULL | NULL | {} | 0 | 0 | NULL | NULL | NULL",
            logs.Rows("""
                time_unix_nano, observed_time_unix_nano, severity_number, severity_text, body, attributes, dropped_attributes_count, flags, trace_id, span_id, event_name
                """));
        // The shortest body that the checklist names, without any scope.
        using HttpResponseMessage answer = await shared.Server.Post("/v1/logs", """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1L, shared.Server.Sql("SELECT count(*) FROM otel_events WHERE scope_id IN (SELECT id FROM otel_scope WHERE name IS NULL)"));
    }

    [Fact]
    public async Task J_20_Of_members_of_a_oneof_and_of_a_name_that_comes_twice_the_last_wins()
    {
        Probe logs = await Logs.Stored(
            """{"attributes":[{"key":"a","value":{"stringValue":"a","intValue":"1"}},{"key":"b","value":{"arrayValue":{"values":[{"intValue":1}]},"stringValue":"x"}}]}""",
            """{"body":{"arrayValue":{"values":[{"intValue":"1","stringValue":"a"}]}},"severityText":"first","severityText":"last","flags":1,"flags":2}""");
        Assert.Equal("{\"a\":1,\"b\":\"x\"} | NULL | NULL | 0\n{} | [\"a\"] | last | 2", logs.Rows("attributes, body, severity_text, flags"));
        Probe metrics = await Metrics.Stored("""
            {"name":"a","name":"b","gauge":{"dataPoints":[{"timeUnixNano":1,"asInt":9}]},"sum":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":1,"timeUnixNano":2,"asInt":1,"asDouble":2.5}]}}
            """);
        Assert.Equal("b | sum | 2 | 2.5", metrics.Rows("metric_name, kind, time_unix_nano, sent_value"));
    }

    [Fact]
    public async Task J_21_White_space_the_order_of_members_and_escapes_do_not_matter()
    {
        Probe logs = Logs;
        string body = logs.Json(
            "\r\n\t { \"body\" : {\t\"stringValue\" :\"\\u0041\\/\\ud83d\\ude00\\n\\\"\" } , \"attributes\" : [ { \"value\" : { \"intValue\" : \"5\" } ,\n\"\\u006bey\":\"k\" } ] }\n")
            .Replace("\"scope\"", "\n\t\"\\u0073cope\"  ", StringComparison.Ordinal);
        (await logs.Post(Encoding.UTF8.GetBytes($" \r\n{body}\n\n\t "))).AssertAccepted();
        Assert.Equal("""{"k":5} | A/😀""" + "\n\"", logs.Rows("attributes, body ->> '$'"));
        Probe reversed = Metrics;
        (await reversed.Post(Encoding.UTF8.GetBytes($$$"""
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[{"asInt":7,"timeUnixNano":3}],"isMonotonic":true,"aggregationTemporality":1},"unit":"u","name":"n"}],
            "scope":{"name":"{{{reversed.Scope}}}"}}],"resource":{"attributes":[{"value":{"stringValue":"h"},"key":"host.name"}]}}]}
            """))).AssertAccepted();
        Assert.Equal("n | u | 7 | 1 | 1 | h", reversed.Rows("""
            metric_name, unit, sent_value, temporality, is_monotonic, (SELECT attributes ->> '$."host.name"' FROM otel_resource WHERE id = resource_id)
            """));
    }

    [Theory]
    [InlineData(@"cut \ud83d", "cut \uFFFD")]
    [InlineData(@"\ude00 cut", "\uFFFD cut")]
    [InlineData(@"\ud83d\ud83d\ude00", "\uFFFD😀")]
    public async Task J_22_Half_a_surrogate_pair_becomes_a_replacement_character_and_costs_nothing_else(string cut, string stored)
    {
        string value = $$$$"""{"stringValue":"{{{{cut}}}}"}""";
        Probe logs = await Logs.Stored($$$$"""{"body":{{{{value}}}},"attributes":[{"key":"a","value":{{{{value}}}} },{"key":"b","value":{"intValue":1}}]}""", """{"severityText":"the rest"}""");
        Assert.Equal($"{stored} | {stored} | 1 | NULL\nNULL | NULL | NULL | the rest", logs.Rows("body ->> '$', attributes ->> 'a', attributes ->> 'b', severity_text"));
    }

    [Theory]
    [InlineData(new byte[] { 0xFF }, "\uFFFD")]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x98 }, "\uFFFD")]
    public async Task J_23_Bytes_that_are_no_UTF8_become_a_replacement_character(byte[] bytes, string stored)
    {
        Probe logs = Logs;
        byte[] body = Encoding.UTF8.GetBytes(logs.Json("""{"body":{"stringValue":"HERE"},"severityText":"kept"}""", "{}"));
        int at = body.AsSpan().IndexOf("HERE"u8);
        (await logs.Post([.. body[..at], .. bytes, .. body[(at + 4)..]])).AssertAccepted();
        Assert.Equal($"{stored} | kept\nNULL | NULL", logs.Rows("body ->> '$', severity_text"));
    }

    [Fact]
    public async Task J_24_Thirty_nested_arrays_are_taken_and_ten_thousand_are_400()
    {
        static string Nested(int depth) =>
            string.Concat(Enumerable.Repeat("""{"arrayValue":{"values":[""", depth)) + string.Concat(Enumerable.Repeat("]}}", depth));
        string thirty = new string('[', 30) + new string(']', 30);
        Probe logs = await Logs.Stored($$$$"""{"body":{{{{Nested(30)}}}},"attributes":[{"key":"a","value":{{{{Nested(30)}}}} }]}""");
        Assert.Equal($$$$"""{{{{thirty}}}} | {"a":{{{{thirty}}}}}""", logs.Rows("body, attributes"));
        Probe deep = Logs;
        (await deep.Send($$$$"""{"body":{{{{Nested(10_000)}}}} }""")).AssertBadJson();
        (await deep.Send($$$$"""{"zzz":{{{{new string('[', 10_000)}}}}""")).AssertBadJson();
        Assert.Equal(0, deep.Count);
        await deep.AssertAlive();
    }

    [Theory]
    [InlineData("1234")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData(" ")]
    public async Task J_25_What_is_no_object_is_400(string body)
    {
        foreach (string signal in (string[])["metrics", "logs", "traces"])
        {
            var probe = new Probe(shared.Server, signal);
            (await probe.Post(Encoding.UTF8.GetBytes(body))).AssertBadJson();
        }
    }
}
