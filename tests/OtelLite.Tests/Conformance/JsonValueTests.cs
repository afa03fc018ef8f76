using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>The JSON mapping of OTLP: numbers in all the forms that ProtoJSON allows, values of every kind, and what is answered in JSON.</summary>
public sealed class JsonValueTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private Probe Logs => new(shared.Server, "logs");

    private Probe Metrics => new(shared.Server, "metrics");

    private Probe Traces => new(shared.Server, "traces");

    // One that may fall: of others a negative value is remarked on.
    private static string Sum(params string[] points) => Export.Sum("m", points).Replace("\"isMonotonic\":true", "\"isMonotonic\":false", StringComparison.Ordinal);

    private static string Point(string members) => Export.Point($"\"timeUnixNano\":\"{Export.Time}\",{members}");

    private static string Attribute(string value) => $$$$"""{"attributes":[{"key":"a","value":{{{{value}}}} }]}""";

    // Above 2^53, where a double would be rounded.
    [Theory]
    [InlineData("{0}")]
    [InlineData("\"{0}\"")]
    public async Task J_09_A_64_bit_number_is_taken_as_number_and_as_string_to_its_last_digit(string form)
    {
        string Form(string digits) => string.Format(CultureInfo.InvariantCulture, form, digits);
        Probe logs = await Logs.Stored($$$$"""
            {"timeUnixNano":{{{{Form("1763800060000000001")}}}},"observedTimeUnixNano":{{{{Form("1763800060000000003")}}}},"body":{"intValue":{{{{Form("-9007199254740993")}}}} } }
            """);
        Assert.Equal("1763800060000000001 | 1763800060000000003 | -9007199254740993", logs.Rows("time_unix_nano, observed_time_unix_nano, body"));
        Probe metrics = await Metrics.Stored(
            $$$$"""
            {"name":"m","sum":{"aggregationTemporality":1,"dataPoints":[{"startTimeUnixNano":{{{{Form("1763800060000000001")}}}},"timeUnixNano":{{{{Form("1763800060000000003")}}}},"asInt":{{{{Form("9007199254740993")}}}} }]}}
            """,
            $$$$"""
            {"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":1,"count":{{{{Form("9007199254740993")}}}},"bucketCounts":[{{{{Form("9007199254740992")}}}},{{{{Form("1")}}}}],"explicitBounds":[1]}]}}
            """,
            $$$$"""
            {"name":"e","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":1,"count":{{{{Form("9007199254740993")}}}},"zeroCount":{{{{Form("9007199254740992")}}}},"positive":{"bucketCounts":[{{{{Form("1")}}}}]}}]}}
            """);
        Assert.Equal(
            "1763800060000000001 | 1763800060000000003 | 9007199254740993 | NULL | NULL | NULL\n" +
            "0 | 1 | NULL | 9007199254740993 | [9007199254740992,1] | NULL\n0 | 1 | NULL | 9007199254740993 | NULL | 9007199254740992",
            metrics.Rows("start_time_unix_nano, time_unix_nano, sent_value, shape ->> 'count', shape -> 'bucketCounts', shape ->> 'zeroCount'"));
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("\"{0}\"")]
    public async Task J_10_A_32_bit_number_is_taken_as_number_and_as_string(string form)
    {
        string Form(string digits) => string.Format(CultureInfo.InvariantCulture, form, digits);
        Probe logs = await Logs.Stored($$$$"""{"flags":{{{{Form("1")}}}},"droppedAttributesCount":{{{{Form("3")}}}},"severityNumber":{{{{Form("9")}}}} }""");
        Assert.Equal("1 | 3 | 9", logs.Rows("flags, dropped_attributes_count, severity_number"));
        Probe metrics = await Metrics.Stored($$$$"""
            {"name":"e","exponentialHistogram":{"aggregationTemporality":{{{{Form("2")}}}},"dataPoints":[{"timeUnixNano":1,"scale":{{{{Form("-4")}}}},"positive":{"offset":{{{{Form("-5")}}}} },"flags":{{{{Form("2")}}}} }]}}
            """);
        Assert.Equal("2 | 2 | -4 | -5", metrics.Rows("temporality, flags, shape ->> 'scale', shape ->> '$.positive.offset'"));
        string id = Guid.NewGuid().ToString("N");
        Probe traces = await Traces.Stored($$$$"""
            {"traceId":"{{{{id}}}}","spanId":"{{{{id[..16]}}}}","kind":{{{{Form("3")}}}},"flags":{{{{Form("4294967295")}}}},"droppedEventsCount":{{{{Form("4")}}}},"droppedLinksCount":{{{{Form("5")}}}},"status":{"code":{{{{Form("2")}}}} } }
            """);
        Assert.Equal("3 | 4294967295 | 4 | 5 | 2", traces.Rows("kind, flags, dropped_events_count, dropped_links_count, status_code"));
    }

    // D-8.
    [Theory]
    [InlineData("1e2", "100")]
    [InlineData("\"1e2\"", "100")]
    [InlineData("1.0", "1")]
    [InlineData("\"1.0\"", "1")]
    [InlineData("-2.50E1", "-25")]
    public async Task J_11_An_integer_may_have_an_exponent_or_zeros_after_the_point(string sent, string stored)
    {
        Assert.Equal($"{stored} | integer", (await Metrics.Stored(Sum(Point($"\"asInt\":{sent}")))).Rows("sent_value, typeof(sent_value)"));
        Assert.Equal($$$$"""{"a":{{{{stored}}}}}""", (await Logs.Stored(Attribute($$$$"""{"intValue":{{{{sent}}}} }"""))).Rows("attributes"));
    }

    [Fact]
    public async Task J_11_So_may_a_time_a_count_and_an_enum()
    {
        Probe logs = await Logs.Stored("""{"timeUnixNano":1.7638e18,"severityNumber":1.7e1,"flags":"1.0"}""");
        Assert.Equal("1763800000000000000 | 17 | 1", logs.Rows("time_unix_nano, severity_number, flags"));
        Probe metrics = await Metrics.Stored("""{"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":1e0,"count":2.0,"bucketCounts":["2e0"]}]}}""");
        Assert.Equal("2 | [2]", metrics.Rows("shape ->> 'count', shape -> 'bucketCounts'"));
    }

    [Theory]
    [InlineData("1.5")]
    [InlineData("\"1.5\"")]
    [InlineData("\"five\"")]
    [InlineData("\"\"")]
    [InlineData("true")]
    public async Task J_11_What_is_no_integer_is_400(string sent)
    {
        (await Metrics.Send(Sum(Point($"\"asInt\":{sent}")))).AssertBadJson();
        (await Logs.Send(Attribute($$$$"""{"intValue":{{{{sent}}}} }"""))).AssertBadJson();
        (await Logs.Send($$$$"""{"timeUnixNano":{{{{sent}}}} }""")).AssertBadJson();
    }

    [Theory]
    [InlineData("metrics", "\"asInt\":\"9223372036854775808\"")]
    [InlineData("metrics", "\"asInt\":\"-9223372036854775809\"")]
    [InlineData("metrics", "\"asInt\":1e21")]
    [InlineData("metrics", "\"asInt\":1,\"startTimeUnixNano\":-1")]
    [InlineData("metrics", "\"asInt\":1,\"startTimeUnixNano\":\"18446744073709551616\"")]
    [InlineData("metrics", "\"asInt\":1,\"flags\":4294967296")]
    [InlineData("metrics", "\"asInt\":1,\"flags\":-1")]
    [InlineData("metrics", "\"asDouble\":1e999")]
    [InlineData("metrics", "\"asDouble\":\"-1e999\"")]
    [InlineData("logs", "\"timeUnixNano\":-1")]
    [InlineData("logs", "\"severityNumber\":2147483648")]
    [InlineData("logs", "\"droppedAttributesCount\":4294967296")]
    [InlineData("logs", "\"body\":{\"doubleValue\":1e999}")]
    public async Task J_12_A_number_that_does_not_fit_its_field_is_400(string signal, string members)
    {
        var probe = new Probe(shared.Server, signal);
        (await probe.Send(signal == "metrics" ? Sum(Point(members)) : Export.Record(members))).AssertBadJson();
        Assert.Equal(0, probe.Count);
    }

    // JavaScript sends every whole number as intValue, whatever its size: it is kept as a double rather than losing the batch.
    [Theory]
    [InlineData("1e+21", "1E+21")]
    [InlineData("\"9223372036854775808\"", "9.223372036854776E+18")]
    [InlineData("-1e300", "-1E+300")]
    public async Task J_12_An_intValue_beyond_64_bits_becomes_a_double(string sent, string stored)
    {
        string value = $$$$"""{"intValue":{{{{sent}}}} }""";
        Probe logs = await Logs.Stored($$$$"""{"attributes":[{"key":"a","value":{{{{value}}}} },{"key":"b","value":{"intValue":2}}],"body":{{{{value}}}} }""", """{"severityText":"the rest"}""");
        Assert.Equal($"{{\"a\":{stored},\"b\":2}} | {stored}\n{{}} | NULL", logs.Rows("attributes, body"));
    }

    // SQLite has no NaN: where a column holds a number itself and not JSON, it is the text that ProtoJSON uses. JSON has none of the three.
    [Theory]
    [InlineData("1", "1", "1.0")]
    [InlineData("\"1.5\"", "1.5", "1.5")]
    [InlineData("-2.5e-3", "-0.0025", "-0.0025")]
    [InlineData("\"1e2\"", "100", "100.0")]
    [InlineData("\"NaN\"", "NaN", "NaN")]
    [InlineData("\"Infinity\"", "Infinity", "Infinity")]
    [InlineData("\"-Infinity\"", "-Infinity", "-Infinity")]
    public async Task J_13_A_double_may_be_a_number_a_string_NaN_or_infinite(string sent, string number, string inJson)
    {
        Probe metrics = await Metrics.Stored(
            Sum(Point($"\"asDouble\":{sent},\"exemplars\":[{{\"timeUnixNano\":1,\"asDouble\":{sent}}}]")),
            $$$$"""{"name":"g","gauge":{"dataPoints":[{{{{Point($"\"asDouble\":{sent}")}}}}]}}""",
            $$$$"""{"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":1,"count":1,"sum":{{{{sent}}}},"min":{{{{sent}}}},"max":{{{{sent}}}} }]}}""");
        Assert.Equal(
            $"{number} | {inJson} | NULL\n{number} | NULL | NULL\n{number} | NULL | {inJson} {inJson} {inJson}",
            metrics.Rows("""
                sent_value, trim(exemplars -> '$[0].value', '"'),
                trim(shape -> 'sum', '"') || ' ' || trim(shape -> 'min', '"') || ' ' || trim(shape -> 'max', '"')
                """));
        Probe logs = await Logs.Stored($$$$"""{"body":{"doubleValue":{{{{sent}}}} },"attributes":[{"key":"a","value":{"arrayValue":{"values":[{"doubleValue":{{{{sent}}}} }]}}}]}""");
        Assert.Equal($"{inJson} | {inJson} | 1", logs.Rows("""trim(body, '"'), trim(attributes -> '$.a[0]', '"'), json_valid(attributes)"""));
        if (number == "NaN")
        {
            // NaN is no bound between buckets.
            return;
        }

        Probe bounds = await Metrics.Stored($$$$"""{"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":1,"count":1,"bucketCounts":[1,0],"explicitBounds":[{{{{sent}}}}]}]}}""");
        Assert.Equal(inJson, bounds.Rows("""trim(shape -> '$.explicitBounds[0]', '"')"""));
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("\"wide\"")]
    [InlineData("\"\"")]
    [InlineData("false")]
    public async Task J_13_What_is_no_double_is_400(string sent)
    {
        (await Metrics.Send(Sum(Point($"\"asDouble\":{sent}")))).AssertBadJson();
        (await Logs.Send(Attribute($$$$"""{"doubleValue":{{{{sent}}}} }"""))).AssertBadJson();
    }

    [Fact]
    public async Task J_13_What_is_answered_stays_JSON_whatever_was_counted()
    {
        foreach (string value in (string[])["\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "1.7976931348623157e308"])
        {
            await Metrics.Send(Export.Sum("claude_code.cost.usage", [Export.Point($"\"timeUnixNano\":\"{Export.Time}\",\"asDouble\":{value}")]));
            await Logs.Stored(Export.Event("api_request", Export.Time, Export.Attribute("cost_usd", $$$$"""{"doubleValue":{{{{value}}}} }"""), Export.Text("session.id", "numbers")));
        }

        // Get parses what it reads.
        foreach (string path in (string[])["/api/summary", "/api/timeseries", "/api/sessions", "/api/sessions/numbers", "/api/ingest"])
        {
            Assert.IsType<JsonObject>(await shared.Server.Get(path));
        }
    }

    [Theory]
    [InlineData("1.7976931348623157e308", double.MaxValue)]
    [InlineData("5e-324", double.Epsilon)]
    [InlineData("0.1", 0.1)]
    [InlineData("123456789.12345679", 123456789.12345679)]
    public async Task J_14_The_largest_and_the_smallest_double_come_out_exactly(string sent, double expected)
    {
        Probe metrics = await Metrics.Stored(
            Sum(Point($"\"asDouble\":{sent}")),
            $$$$"""{"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":1,"count":1,"sum":{{{{sent}}}} }]}}""");
        Probe logs = await Logs.Stored($$$$"""{"body":{"doubleValue":{{{{sent}}}} } }""");
        string[] read = [.. metrics.Rows("sent_value").Split('\n'), metrics.Rows("max(shape -> 'sum')"), logs.Rows("body")];
        Assert.All(read, text => Assert.Equal(expected, double.Parse(text, CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("aGVsbG8=", "aGVsbG8=")]
    [InlineData("aGVsbG8", "aGVsbG8=")]
    [InlineData("+/8=", "+/8=")]
    [InlineData("-_8=", "+/8=")]
    [InlineData("-_8", "+/8=")]
    [InlineData(@"+\/8", "+/8=")]
    [InlineData("", "")]
    public async Task J_18_Bytes_are_base64_of_either_alphabet_padded_or_not(string sent, string stored)
    {
        string value = $$$$"""{"bytesValue":"{{{{sent}}}}"}""";
        Probe logs = await Logs.Stored($$$$"""{"body":{{{{value}}}},"attributes":[{"key":"a","value":{{{{value}}}} },{"key":"b","value":{"arrayValue":{"values":[{{{{value}}}}]}}}]}""");
        Assert.Equal($$$$"""{{{{stored}}}} | {{{{stored}}}} | {{{{stored}}}}""", logs.Rows("body ->> '$', attributes ->> 'a', attributes ->> '$.b[0]'"));
    }

    [Theory]
    [InlineData("\"a\"")]
    [InlineData("\"aGVs*G8=\"")]
    [InlineData("\"é\"")]
    [InlineData("5")]
    public async Task J_18_What_is_no_base64_is_400(string sent) => (await Logs.Send(Attribute($$$$"""{"bytesValue":{{{{sent}}}} }"""))).AssertBadJson();

    [Fact]
    public async Task J_19_A_value_without_a_member_is_the_empty_value_and_keeps_its_place()
    {
        Probe logs = await Logs.Stored("""
            {"attributes":[{"key":"a","value":{}},{"key":"b"},{"key":"c","value":{"arrayValue":{"values":[{}, {"intValue":"1"},{},null]}}},
            {"key":"d","value":{"kvlistValue":{"values":[{"key":"z","value":{}},{"key":"y"},{"value":{"boolValue":true}}]}}}],"body":{}}
            """);
        Assert.Equal("""{"a":null,"b":null,"c":[null,1,null,null],"d":{"z":null,"y":null,"":true}} | null""", logs.Rows("attributes, body"));
    }

    [Fact]
    public async Task J_27_What_is_answered_in_JSON_follows_the_mapping()
    {
        ExportAnswer partial = await Metrics.Send(Sum("{}", Point("\"asInt\":1")));
        Assert.Equal((HttpStatusCode.OK, "application/json"), (partial.Status, partial.Type));
        using JsonDocument answer = JsonDocument.Parse(partial.Body);
        JsonElement success = answer.RootElement.GetProperty("partialSuccess");
        Assert.Equal(["rejectedDataPoints", "errorMessage"], success.EnumerateObject().Select(m => m.Name));
        Assert.Equal((JsonValueKind.String, "1"), (success.GetProperty("rejectedDataPoints").ValueKind, success.GetProperty("rejectedDataPoints").GetString()));

        // A default is left out and nothing is null: a warning rejects nothing.
        ExportAnswer warning = await Metrics.Send(Export.Sum("m", [Point("\"asInt\":1")], temporality: 0));
        Assert.Equal(["errorMessage"], warning.Json["partialSuccess"]!.AsObject().Select(m => m.Key));

        // A code is an enum's number.
        ExportAnswer refused = await Metrics.Send("5");
        Assert.Equal(JsonValueKind.Number, refused.Json["code"]!.GetValueKind());
    }
}
