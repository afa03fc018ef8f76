using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;
using static OtelLite.Tests.Otlp.OtlpSchema;

namespace OtelLite.Tests.Conformance;

/// <summary>The protobuf wire: everything that an encoder may write for the same message, and what no encoder writes.</summary>
public sealed class ProtobufTests(SharedServer shared) : IClassFixture<SharedServer>
{
    // Field 1000 with each wire type, a group with a group in it among them: what a version of the future may add to any message.
    private static readonly byte[] Unknown =
    [
        .. Tag(1000, 0), .. VarintOf(ulong.MaxValue), .. Tag(1000, 1), .. new byte[8], .. LengthDelimited(1000, 1, 2, 3), .. Tag(1000, 5), .. new byte[4],
        .. Tag(1000, 3), .. Tag(1, 0), 5, .. Tag(2, 3), .. LengthDelimited(7, 0xFF), .. Tag(2, 4), .. Tag(1000, 4),
    ];

    private Probe Logs => new(shared.Server, "logs");

    private Probe Metrics => new(shared.Server, "metrics");

    private Probe Traces => new(shared.Server, "traces");

    private static byte[] Text(int field, string text) => LengthDelimited(field, System.Text.Encoding.UTF8.GetBytes(text));

    private static byte[] Number(int field, ulong value) => [.. Tag(field, 0), .. VarintOf(value)];

    private static byte[] Fixed64(int field, ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return [.. Tag(field, 1), .. bytes];
    }

    private static byte[] Fixed64(int field, long value) => Fixed64(field, (ulong)value);

    private static byte[] Real(int field, double value) => Fixed64(field, BitConverter.DoubleToUInt64Bits(value));

    private static byte[] Fixed32(int field, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return [.. Tag(field, 5), .. bytes];
    }

    private static byte[] ZigZag(int field, int value) => Number(field, (uint)(value << 1 ^ value >> 31));

    // A metric of this name whose data is field, with one point of these fields and a temporality.
    private static byte[] Metric(int field, byte[] point, string name = "m") =>
        [.. Text(1, name), .. LengthDelimited(field, [.. LengthDelimited(1, point), .. field == 5 || field == 11 ? [] : Number(2, 1)])];

    private static byte[] Histogram(params byte[] fields) => Metric(9, [.. Fixed64(3, 1UL), .. fields]);

    private static byte[] Exponential(params byte[] fields) => Metric(10, [.. Fixed64(3, 1UL), .. fields]);

    private static byte[] Attribute(string key, params byte[] anyValue) => [.. Text(1, key), .. LengthDelimited(2, anyValue)];

    // Times here are short, so every such number is one byte.
    private static byte[] Span(string traceId, params byte[] fields) =>
        [.. LengthDelimited(1, Convert.FromHexString(traceId)), .. LengthDelimited(2, Convert.FromHexString(traceId[..16])), .. fields];

    private static string NewTraceId() => Guid.NewGuid().ToString("N");

    [Theory]
    [InlineData("metrics")]
    [InlineData("logs")]
    [InlineData("traces")]
    public async Task B_02_Unknown_fields_of_every_wire_type_are_skipped_at_every_depth(string signal)
    {
        var probe = new Probe(shared.Server, signal);
        byte[] value = [.. Unknown, .. LengthDelimited(5, [.. Unknown, .. LengthDelimited(1, [.. Unknown, .. Number(3, 7), .. Unknown]), .. Unknown]), .. Unknown];
        byte[] attribute = [.. Unknown, .. Text(1, "a"), .. Unknown, .. LengthDelimited(2, value), .. Unknown];
        byte[] record = signal switch
        {
            "metrics" => [.. Unknown, .. LengthDelimited(7, [.. Unknown, .. LengthDelimited(1, [
                .. Unknown, .. Fixed64(3, 1UL), .. Fixed64(6, 5UL), .. LengthDelimited(7, attribute), .. LengthDelimited(5, [.. Unknown, .. Fixed64(6, 6UL)]), .. Unknown]), .. Number(2, 1)]), .. Unknown],
            "logs" => [.. Unknown, .. LengthDelimited(5, value), .. Unknown, .. LengthDelimited(6, attribute), .. Unknown],
            _ => [.. Unknown, .. Span(NewTraceId(), [.. LengthDelimited(9, attribute), .. LengthDelimited(11, [.. Unknown, .. Text(2, "e")]), .. LengthDelimited(15, [.. Unknown, .. Number(3, 2)])]), .. Unknown],
        };
        byte[] scope = [.. Unknown, .. Text(1, probe.Scope), .. Unknown];
        byte[] scopeEnvelope = [.. Unknown, .. LengthDelimited(1, scope), .. Unknown, .. LengthDelimited(2, record), .. Unknown];
        byte[] resource = [.. Unknown, .. LengthDelimited(1, Attribute("r", [.. Unknown, .. Text(1, "kept")])), .. Unknown];
        byte[] body = [.. Unknown, .. LengthDelimited(1, [.. Unknown, .. LengthDelimited(1, resource), .. Unknown, .. LengthDelimited(2, scopeEnvelope), .. Unknown]), .. Unknown];
        ExportAnswer answer = await probe.Post(body, "application/x-protobuf");
        Assert.Equal((HttpStatusCode.OK, 0), (answer.Status, answer.Body.Length));
        Assert.Equal("""{"a":[7]} | {"r":"kept"}""", probe.Rows("attributes, (SELECT attributes FROM otel_resource WHERE id = resource_id)"));
        string rest = signal switch { "metrics" => "sent_value || exemplars", "logs" => "body", _ => "status_code || events" };
        string expected = signal switch { "metrics" => """5[{"timeUnixNano":0,"value":6}]""", "logs" => "[7]", _ => """2[{"timeUnixNano":0,"name":"e"}]""" };
        Assert.Equal(expected, probe.Rows(rest));
    }

    [Fact]
    public async Task B_03_Repeated_numbers_come_packed_one_by_one_and_in_several_chunks()
    {
        static byte[] Raw(int field, ulong value) => Fixed64(field, value)[1..];
        byte[] count = Fixed64(4, 6UL);
        byte[][] histograms =
        [
            Histogram([.. count, .. LengthDelimited(6, [.. Raw(6, 1), .. Raw(6, 2), .. Raw(6, 3)]), .. LengthDelimited(7, [.. Real(7, 0.5)[1..], .. Real(7, 2)[1..]])]),
            Histogram([.. count, .. Fixed64(6, 1UL), .. Fixed64(6, 2UL), .. Fixed64(6, 3UL), .. Real(7, 0.5), .. Real(7, 2)]),
            Histogram([.. LengthDelimited(6, Raw(6, 1)), .. Real(7, 0.5), .. Fixed64(6, 2UL), .. count, .. LengthDelimited(7, Real(7, 2).AsSpan(1)), .. LengthDelimited(6), .. LengthDelimited(6, Raw(6, 3))]),
        ];
        Probe plain = await Metrics.Stored(histograms);
        const string buckets = """{"count":6,"bucketCounts":[1,2,3],"explicitBounds":[0.5,2.0]}""";
        Assert.Equal($"{buckets}\n{buckets}\n{buckets}", plain.Rows("shape"));

        byte[] Buckets(params byte[] fields) => Exponential([.. Fixed64(4, 303UL), .. LengthDelimited(8, fields)]);
        byte[] large = VarintOf(300);
        Probe exponential = await Metrics.Stored(
            Buckets([.. ZigZag(1, -2), .. LengthDelimited(2, [1, 2, .. large])]),
            Buckets([.. Number(2, 1), .. Number(2, 2), .. ZigZag(1, -2), .. Number(2, 300)]),
            Buckets([.. LengthDelimited(2, 1), .. Number(2, 2), .. LengthDelimited(2, large), .. ZigZag(1, -2)]));
        const string positive = """{"offset":-2,"bucketCounts":[1,2,300]}""";
        Assert.Equal($"{positive}\n{positive}\n{positive}", exponential.Rows("shape -> 'positive'"));
    }

    [Fact]
    public async Task B_04_Of_a_number_that_comes_twice_the_last_wins_and_of_a_oneof_the_last_member()
    {
        Probe logs = await Logs.Stored([
            .. Number(2, 9), .. Number(2, 17), .. Text(3, "first"), .. Text(3, "last"), .. Fixed64(1, 1UL), .. Fixed64(1, 2UL),
            .. LengthDelimited(5, [.. Text(1, "text"), .. Number(3, 7)]), .. LengthDelimited(6, Attribute("a", [.. Number(3, 1), .. Text(1, "text")]))]);
        Assert.Equal("""17 | last | 2 | 7 | {"a":"text"}""", logs.Rows("severity_number, severity_text, time_unix_nano, body, attributes"));
        byte[] sum = LengthDelimited(7, [.. Number(2, 1), .. LengthDelimited(1, [.. Fixed64(3, 1UL), .. Real(4, 2.5), .. Fixed64(6, 3UL)])]);
        Probe metrics = await Metrics.Stored([.. LengthDelimited(5, LengthDelimited(1, [.. Fixed64(3, 1UL), .. Fixed64(6, 9UL)])), .. sum, .. Text(1, "m")]);
        Assert.Equal("sum | 3 | integer", metrics.Rows("kind, sent_value, typeof(sent_value)"));
    }

    [Fact]
    public async Task B_04_Parts_of_one_message_are_one_message()
    {
        byte[] point = LengthDelimited(1, [.. Fixed64(3, 1UL), .. Fixed64(6, 9UL)]);
        Probe metrics = await Metrics.Stored([.. LengthDelimited(7, point), .. Text(1, "m"), .. LengthDelimited(7, [.. Number(2, 1), .. point])]);
        Assert.Equal("sum | 1\nsum | 1", metrics.Rows("kind, temporality"));
        Probe traces = await Traces.Stored(Span(NewTraceId(), [.. LengthDelimited(15, Number(3, 2)), .. LengthDelimited(15, Text(2, "why"))]));
        Assert.Equal("2 | why", traces.Rows("status_code, status_message"));

        Probe logs = Logs;
        byte[] resourceA = LengthDelimited(1, LengthDelimited(1, Attribute("a", Number(3, 1))));
        byte[] resourceB = LengthDelimited(1, [.. LengthDelimited(1, Attribute("b", Number(3, 2))), .. Number(2, 4)]);
        byte[] scopes = LengthDelimited(2, [
            .. LengthDelimited(1, Text(1, "not this")), .. LengthDelimited(2, Text(3, "kept")), .. LengthDelimited(1, [.. Text(1, logs.Scope), .. Text(2, "v")])]);
        Assert.Equal(HttpStatusCode.OK, (await logs.Post(LengthDelimited(1, [.. resourceA, .. scopes, .. resourceB]), "application/x-protobuf")).Status);
        Assert.Equal("""kept | v | {"a":1,"b":2} 4""", logs.Rows("""
            severity_text, (SELECT version FROM otel_scope WHERE id = scope_id),
            (SELECT attributes || ' ' || dropped_attributes_count FROM otel_resource WHERE id = resource_id)
            """));
    }

    [Fact]
    public async Task B_04_Two_requests_one_after_the_other_are_both()
    {
        Probe first = Logs, second = Logs;
        byte[] both = [.. first.Protobuf(Text(3, "one")), .. second.Protobuf(Text(3, "two"), Text(3, "three"))];
        Assert.Equal(HttpStatusCode.OK, (await first.Post(both, "application/x-protobuf")).Status);
        Assert.Equal("one", first.Rows("severity_text"));
        Assert.Equal("two\nthree", second.Rows("severity_text"));
    }

    public static TheoryData<string, byte[]> NoLogRecords() => new()
    {
        { "cut short in a number", [.. Tag(1, 1), 1, 2, 3] },
        { "cut short in a varint", [.. Tag(2, 0), 0x80] },
        { "cut short before the value", Tag(2, 0) },
        { "text instead of a number", Text(2, "9") },
        { "a number instead of text", Number(3, 9) },
        { "a varint instead of fixed64", Number(1, 9) },
        { "a varint instead of fixed32", Number(8, 9) },
        { "fixed32 instead of a message", Fixed32(5, 9) },
        { "field 0", [0, 1] },
        { "a field above the largest", [0xF8, 0xFF, 0xFF, 0xFF, 0x7F, 1] },
        { "wire type 6", [2 << 3 | 6, 1] },
        { "wire type 7", [2 << 3 | 7, 1] },
        { "a varint of eleven bytes", [.. Tag(2, 0), .. Enumerable.Repeat((byte)0x80, 10), 1] },
        { "longer than its message", [.. Tag(3, 2), 100, (byte)'x'] },
        { "a negative length", [.. Tag(3, 2), 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1] },
        { "a length of two gigabytes", [.. Tag(3, 2), 0xFF, 0xFF, 0xFF, 0xFF, 7] },
        { "a group that is not ended", [.. Tag(1000, 3), .. Number(1, 1)] },
        { "a group that is ended as another", [.. Tag(1000, 3), .. Tag(1001, 4)] },
        { "the end of no group", Tag(1000, 4) },
        { "an attribute that is none", LengthDelimited(6, 1) },
        { "a value that is none", LengthDelimited(6, LengthDelimited(2, [.. Tag(3, 0)])) },
    };

    [Theory]
    [MemberData(nameof(NoLogRecords))]
    public async Task B_05_What_is_no_message_is_400_and_stores_nothing(string what, byte[] record)
    {
        Probe logs = Logs;
        ExportAnswer answer = await logs.Send(Text(3, "a good one before it"), record);
        Assert.True(answer.Status == HttpStatusCode.BadRequest, what);
        answer.AssertBadProtobuf();
        Assert.Equal(0, logs.Count);
        await logs.AssertAlive();
    }

    [Fact]
    public async Task B_05_A_request_without_its_last_bytes_is_400()
    {
        Probe metrics = Metrics;
        byte[] body = metrics.Protobuf(Histogram(Fixed64(4, 0UL)), Exponential(Fixed64(4, 0UL)));
        for (int missing = 1; missing < body.Length; missing++)
        {
            (await metrics.Post(body[..^missing], "application/x-protobuf")).AssertBadProtobuf();
        }

        Assert.Equal(0, metrics.Count);
        await metrics.Stored(Histogram(Fixed64(4, 0UL)));
    }

    [Fact]
    public async Task B_06_Every_number_has_the_wire_type_of_its_field()
    {
        Probe metrics = await Metrics.Stored(
            Metric(5, [.. Fixed64(2, 1UL), .. Fixed64(3, 1_763_800_060_000_000_001UL), .. Fixed64(6, -5L), .. Number(8, uint.MaxValue - 1)]),
            Exponential([.. Fixed64(4, 2UL), .. ZigZag(6, -4), .. LengthDelimited(8, [.. ZigZag(1, -5), .. Number(2, 2)]), .. Real(12, -1.5)]));
        Assert.Equal(
            "1 | 1763800060000000001 | -5 | 4294967294 | NULL | NULL | NULL\n0 | 1 | NULL | 0 | -4 | -5 | -1.5",
            metrics.Rows("start_time_unix_nano, time_unix_nano, sent_value, flags, shape ->> 'scale', shape ->> '$.positive.offset', shape ->> 'min'"));
        Probe logs = await Logs.Stored([.. Fixed32(8, 4_294_967_041), .. Number(7, 3), .. Number(2, ulong.MaxValue), .. LengthDelimited(5, Number(3, ulong.MaxValue))]);
        Assert.Equal("4294967041 | 3 | -1 | -1", logs.Rows("flags, dropped_attributes_count, severity_number, body"));
        Probe traces = await Traces.Stored(Span(NewTraceId(), [.. Fixed32(16, 257), .. Fixed64(7, 5UL), .. LengthDelimited(13, Fixed32(6, 769))]));
        Assert.Equal("257 | 5 | 769", traces.Rows("flags, start_time_unix_nano, links ->> '$[0].flags'"));
    }

    [Fact]
    public async Task B_07_A_sum_that_is_absent_is_none_and_not_0()
    {
        Probe metrics = await Metrics.Stored(
            Histogram(Fixed64(4, 0UL)), Histogram([.. Fixed64(4, 0UL), .. Real(5, 0), .. Real(11, 0), .. Real(12, 0)]),
            Exponential(Fixed64(4, 0UL)), Exponential([.. Fixed64(4, 0UL), .. Real(5, 0), .. Real(12, 0), .. Real(13, 0)]));
        const string absent = "NULL | NULL | NULL | NULL | NULL", zero = "0 | 0 | 0 | 0 | 0";
        Assert.Equal($"{absent}\n{zero}\n{absent}\n{zero}", metrics.Rows("sent_value, value, shape ->> 'sum', shape ->> 'min', shape ->> 'max'"));
    }

    [Fact]
    public async Task B_08_Bytes_that_are_no_UTF8_become_a_replacement_character()
    {
        byte[] bad = [(byte)'x', 0xFF];
        byte[] value = LengthDelimited(1, bad);
        Probe logs = await Logs.Stored([
            .. LengthDelimited(3, bad), .. LengthDelimited(5, value), .. LengthDelimited(6, [.. LengthDelimited(1, bad), .. LengthDelimited(2, LengthDelimited(5, LengthDelimited(1, value)))])]);
        Assert.Equal("x\uFFFD | \"x\uFFFD\" | {\"x\uFFFD\":[\"x\uFFFD\"]}", logs.Rows("severity_text, body, attributes"));
        Probe traces = await Traces.Stored(Span(NewTraceId(), [.. LengthDelimited(5, bad), .. LengthDelimited(11, LengthDelimited(2, bad)), .. LengthDelimited(15, LengthDelimited(2, bad))]));
        Assert.Equal("x\uFFFD | x\uFFFD | x\uFFFD", traces.Rows("name, events ->> '$[0].name', status_message"));
    }

    [Fact]
    public async Task B_09_Eighty_nested_values_are_taken_and_ten_thousand_are_400()
    {
        static byte[] Nested(int depth)
        {
            // From the inside out, as every length is known only then.
            byte[] value = Number(3, 1);
            for (int i = 0; i < depth; i++)
            {
                value = LengthDelimited(6, LengthDelimited(1, LengthDelimited(2, value)));
            }

            return value;
        }

        Assert.Equal(80, Limits.AnyValueDepthMax);
        Probe logs = await Logs.Stored(LengthDelimited(5, Nested(80)));
        Assert.Equal(string.Concat(Enumerable.Repeat("{\"\":", 80)) + "1" + new string('}', 80), logs.Rows("body"));
        Probe deep = Logs;
        (await deep.Send(LengthDelimited(5, Nested(81)))).AssertBadProtobuf();
        (await deep.Send(LengthDelimited(5, Nested(10_000)))).AssertBadProtobuf();
        (await deep.Send(LengthDelimited(6, Attribute("a", Nested(10_000))))).AssertBadProtobuf();
        (await deep.Send([.. Enumerable.Repeat(Tag(1000, 3), 10_000).SelectMany(t => t)])).AssertBadProtobuf();
        Assert.Equal(0, deep.Count);
        await deep.AssertAlive();
    }

    [Fact]
    public async Task B_09_Groups_that_nobody_knows_are_passed_over_and_one_too_many_inside_each_other_is_400()
    {
        static byte[] Groups(int depth) => [.. Enumerable.Repeat(Tag(1000, 3), depth).SelectMany(t => t), .. Enumerable.Repeat(Tag(1000, 4), depth).SelectMany(t => t)];
        Probe logs = await Logs.Stored([.. Groups(Limits.GroupDepthMax), .. Text(3, "kept")]);
        Assert.Equal("kept", logs.Rows("severity_text"));
        (await Logs.Send([.. Groups(Limits.GroupDepthMax + 1), .. Text(3, "kept")])).AssertBadProtobuf();
    }

    // D-6.
    [Theory]
    [InlineData(3)]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(16)]
    public async Task B_10_A_span_id_of_another_length_is_absent_and_costs_a_span_only_when_it_is_its_own(int length)
    {
        byte[] bad = [.. Enumerable.Repeat((byte)0xAB, length)];
        string own = NewTraceId();
        Probe traces = Traces;
        ExportAnswer answer = await traces.Send(
            [.. LengthDelimited(1, Convert.FromHexString(own)), .. LengthDelimited(2, bad)],
            Span(own, [.. LengthDelimited(4, bad), .. LengthDelimited(13, LengthDelimited(2, bad))]));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("1", (string?)ToJson("TracesResponse", answer.Body)["partialSuccess"]!["rejectedSpans"]);
        Assert.Equal($$"""{{own[..16]}} | NULL | [{"flags":0,"traceState":""}]""", traces.Rows("span_id, parent_span_id, links"));
        Assert.Equal("NULL | kept", (await Logs.Stored([.. LengthDelimited(10, bad), .. Text(3, "kept")])).Rows("span_id, severity_text"));
        Probe exemplar = await Metrics.Stored(Metric(5, [.. Fixed64(3, 1UL), .. Fixed64(6, 1UL), .. LengthDelimited(5, [.. Fixed64(6, 2UL), .. LengthDelimited(4, bad)])]));
        Assert.Equal("""[{"timeUnixNano":0,"value":2}]""", exemplar.Rows("exemplars"));
    }

    [Fact]
    public async Task B_11_What_is_above_the_signed_range_never_becomes_negative()
    {
        const ulong half = 1UL << 63;
        Probe metrics = Metrics;
        ExportAnswer answer = await metrics.Send(
            Metric(5, [.. Fixed64(3, ulong.MaxValue), .. Fixed64(6, 1UL)]),
            Metric(5, [.. Fixed64(2, ulong.MaxValue), .. Fixed64(3, 1UL), .. Fixed64(6, 2UL)]),
            Histogram([.. Fixed64(4, half), .. Real(5, 1)]),
            Histogram([.. Fixed64(4, ulong.MaxValue), .. LengthDelimited(6, Fixed64(6, ulong.MaxValue).AsSpan(1))]),
            Exponential([.. Fixed64(4, half), .. Fixed64(7, half)]),
            // Two halves are 2^64, which is no count: they must not wrap to 0.
            Histogram([.. Fixed64(6, half), .. Fixed64(6, half), .. Real(7, 1)]),
            Metric(11, [.. Fixed64(3, 1UL), .. Fixed64(4, half), .. Real(5, 1)]));
        JsonNode partial = ToJson("MetricsResponse", answer.Body)["partialSuccess"]!;
        Assert.Equal((HttpStatusCode.OK, "2"), (answer.Status, (string?)partial["rejectedDataPoints"]));
        Assert.Contains("2262", (string?)partial["errorMessage"], StringComparison.Ordinal);
        Assert.Equal(
            "0 | 1 | NULL | NULL\n0 | 1 | 9223372036854775808 | NULL\n0 | 1 | 18446744073709551615 | NULL\n0 | 1 | 9223372036854775808 | 9223372036854775808\n0 | 1 | 9223372036854775808 | NULL",
            metrics.Rows("start_time_unix_nano, time_unix_nano, CAST(shape -> 'count' AS TEXT), CAST(shape -> 'zeroCount' AS TEXT)"));
        Probe logs = await Logs.Stored([.. Fixed64(1, ulong.MaxValue), .. Fixed64(11, half), .. Fixed32(8, uint.MaxValue), .. Number(7, uint.MaxValue)]);
        Assert.Equal("0 | 0 | 4294967295 | 4294967295", logs.Rows("time_unix_nano, observed_time_unix_nano, flags, dropped_attributes_count"));
        Probe traces = await Traces.Stored(Span(NewTraceId(), [.. Fixed64(7, half), .. Fixed64(8, ulong.MaxValue), .. LengthDelimited(11, Fixed64(1, ulong.MaxValue))]));
        Assert.Equal("0 | 0 | 18446744073709551615", traces.Rows("start_time_unix_nano, end_time_unix_nano, CAST(events -> '$[0].timeUnixNano' AS TEXT)"));
    }

    // Before 1.0 of opentelemetry-proto what is now scope_metrics was instrumentation_library_metrics, field 1000: it is unknown, and no mistake.
    [Fact]
    public async Task B_12_The_fields_of_the_first_OTLP_are_passed_over()
    {
        byte[] old = LengthDelimited(1, LengthDelimited(1000, [.. LengthDelimited(1, Text(1, "library")), .. LengthDelimited(2, Text(1, "old.metric"))]));
        ExportAnswer answer = await Metrics.Post(old, "application/x-protobuf");
        Assert.Equal((HttpStatusCode.OK, 0), (answer.Status, answer.Body.Length));
        Assert.Equal(0L, shared.Server.Sql("SELECT count(*) FROM otel_metrics WHERE metric_name = 'old.metric'"));
    }
}
