using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>What a log record is and may be; in both encodings where they could differ.</summary>
public sealed class LogsTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private Probe Logs => new(shared.Server, "logs");

    // The same records in the other encoding, with a scope of their own.
    private async Task<Probe> StoredAsProtobuf(params string[] records)
    {
        Probe probe = Logs;
        ExportAnswer answer = await probe.Post(OtlpSchema.ToProtobuf("LogsRequest", probe.Json(records)), "application/x-protobuf");
        Assert.Equal((HttpStatusCode.OK, 0), (answer.Status, answer.Body.Length));
        return probe;
    }

    private async Task AssertRows(string expected, string columns, params string[] records)
    {
        Assert.Equal(expected, (await Logs.Stored(records)).Rows(columns));
        Assert.Equal(expected, (await StoredAsProtobuf(records)).Rows(columns));
    }

    [Theory]
    [InlineData("\"body\":{\"stringValue\":\"t\"}", "\"t\" | text")]
    [InlineData("\"body\":{\"stringValue\":\"\"}", "\"\" | text")]
    [InlineData("\"body\":{\"intValue\":\"1\"}", "1 | integer")]
    [InlineData("\"body\":{\"doubleValue\":2}", "2.0 | real")]
    [InlineData("\"body\":{\"boolValue\":false}", "false | false")]
    [InlineData("\"body\":{\"bytesValue\":\"aGk=\"}", "\"aGk=\" | text")]
    [InlineData("\"body\":{\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},{\"stringValue\":\"a\"}]}}", "[1,\"a\"] | array")]
    [InlineData("\"body\":{\"arrayValue\":{}}", "[] | array")]
    [InlineData("\"body\":{\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{\"intValue\":\"1\"}}]}}", "{\"a\":1} | object")]
    [InlineData("\"body\":{\"kvlistValue\":{}}", "{} | object")]
    [InlineData("\"body\":{}", "null | null")]
    [InlineData("\"severityText\":\"no body\"", "NULL | NULL")]
    public async Task L_01_A_body_may_be_of_any_kind_or_absent(string members, string row) => await AssertRows(row, "body, json_type(body)", $"{{{members}}}");

    [Fact]
    public async Task L_02_An_event_is_found_by_its_name_in_the_field_and_in_the_attribute_of_old_clients()
    {
        string Request(string session, string name) => $$$"""
            {"timeUnixNano":"{{{Export.Time}}}",{{{name}}}"attributes":[{"key":"session.id","value":{"stringValue":"{{{session}}}"}},{"key":"input_tokens","value":{"intValue":"7"}}
            """;
        await AssertRows(
            "api_request\napi_request\ndevice.app.lifecycle\nNULL", "event_name",
            Request("named-by-field", "\"eventName\":\"claude_code.api_request\",") + "]}",
            Request("named-by-attribute", "") + ",{\"key\":\"event.name\",\"value\":{\"stringValue\":\"api_request\"}}]}",
            """{"eventName":"device.app.lifecycle"}""", """{"body":{"stringValue":"no event"}}""");
        foreach (string session in (string[])["named-by-field", "named-by-attribute"])
        {
            JsonNode summary = await shared.Server.Get($"/api/summary?session={session}");
            // Both encodings tell of the same request, which is billed once.
            Assert.Equal((7, 1), ((int)summary["tokens"]!["input"]!, (int)summary["apiRequests"]!));
        }
    }

    [Fact]
    public async Task L_03_A_record_without_a_time_happened_when_it_was_observed_and_else_when_it_came()
    {
        const long noon = Exports.Noon;
        string Prompt(string session, string times) => $$$"""
            { {{{times}}}"attributes":[{"key":"event.name","value":{"stringValue":"user_prompt"}},{"key":"session.id","value":{"stringValue":"{{{session}}}"}}]}
            """;
        await Logs.Stored(Prompt("observed", $"\"timeUnixNano\":\"0\",\"observedTimeUnixNano\":\"{noon}000000000\","));
        async Task<int> Prompts(string session, DateTimeOffset from, DateTimeOffset to) => (int)(await shared.Server.Get(
            $"/api/summary?session={session}&from={from.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}&to={to.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"))["prompts"]!;
        DateTimeOffset observed = DateTimeOffset.FromUnixTimeSeconds(noon);
        Assert.Equal((1, 0), (await Prompts("observed", observed, observed.AddSeconds(1)), await Prompts("observed", observed.AddSeconds(1), observed.AddDays(900))));

        DateTimeOffset before = DateTimeOffset.UtcNow.AddSeconds(-2);
        Probe untold = await Logs.Stored(Prompt("untold", ""));
        Assert.Equal(1, await Prompts("untold", before, DateTimeOffset.UtcNow.AddSeconds(2)));
        // That nobody told the time can still be seen.
        Assert.Equal("0 | 0 | 1", untold.Rows($"time_unix_nano, observed_time_unix_nano, received_at >= '{before.UtcDateTime:yyyy-MM-dd HH:mm:ss}'"));
    }

    [Fact]
    public async Task L_04_Severity_is_a_number_to_compare_and_its_text_is_free()
    {
        string[] records =
        [
            """{"severityNumber":0}""", """{"severityNumber":9}""", """{"severityNumber":13,"severityText":"Achtung"}""", """{"severityNumber":17,"severityText":"INFO"}""",
            """{"severityNumber":24}""", """{"severityText":"only text"}""",
        ];
        await AssertRows("0 | NULL\n9 | NULL\n13 | Achtung\n17 | INFO\n24 | NULL\n0 | only text", "severity_number, severity_text", records);
        // At least WARN, and errors, by number: the text of one of them says otherwise.
        await AssertRows("3 | 2", "sum(severity_number >= 13), sum(severity_number >= 17)", records);
    }

    [Theory]
    [InlineData("4294967041", 1)]
    [InlineData("4294967040", 0)]
    [InlineData("257", 1)]
    [InlineData("0", 0)]
    public async Task L_05_The_low_byte_of_the_flags_is_the_trace_flags(string flags, int traceFlags) =>
        await AssertRows($"{flags} | {traceFlags}", "flags, flags & 255", $"{{\"flags\":{flags}}}");

    // D-6.
    [Theory]
    [InlineData("00000000000000000000000000000000", "0000000000000000")]
    [InlineData("", "")]
    [InlineData("5b8efff79803", "eee19b")]
    public async Task L_06_A_record_with_invalid_ids_is_kept_without_them(string traceId, string spanId) =>
        await AssertRows("kept | NULL | NULL", "severity_text, trace_id, span_id", $$$$"""{"severityText":"kept","traceId":"{{{{traceId}}}}","spanId":"{{{{spanId}}}}"}""");

    [Fact]
    public async Task L_07_How_many_attributes_were_dropped_is_kept()
    {
        await AssertRows("5 | {\"a\":1}", "dropped_attributes_count, attributes", """{"droppedAttributesCount":5,"attributes":[{"key":"a","value":{"intValue":"1"}}]}""");
        // Those past our own limit are added to what the sender dropped.
        string many = string.Join(',', Enumerable.Range(0, Limits.AttributesPerRecordMax + 3).Select(i => Export.Int($"k{i}", i)));
        await AssertRows(
            $"8 | {Limits.AttributesPerRecordMax}", "dropped_attributes_count, (SELECT count(*) FROM json_each(attributes))", $$$$"""{"droppedAttributesCount":5,"attributes":[{{{{many}}}}]}""");
    }

    [Fact]
    public async Task L_08_Of_attributes_with_one_key_the_last_wins()
    {
        string[] attributes =
        [
            Export.Text("a", "first"), Export.Int("A", 1), Export.Text("session.id", "first"), Export.Int("b", 2), Export.Int("a", 3), Export.Text("b", "last"), Export.Text("session.id", "last"),
        ];
        await AssertRows("""{"a":3,"A":1,"session.id":"last","b":"last"} | last""", "attributes, session_id", $"{{\"attributes\":[{string.Join(',', attributes)}]}}");
    }

    [Fact]
    public async Task L_09_Attributes_keep_their_types_their_letters_and_their_empty_values()
    {
        string[] attributes =
        [
            Export.Text("session.id", "s"), Export.Text("prompt.id", "p"), Export.Text("text", "a\\\"\\n\\u0001\\ud83d\\ude00/"), Export.Int("int", -5), Export.Int("zero", 0),
            Export.Attribute("double", """{"doubleValue":1}"""), Export.Attribute("small", """{"doubleValue":1.5e-7}"""), Export.Attribute("nought", """{"doubleValue":0}"""),
            Export.Attribute("yes", """{"boolValue":true}"""), Export.Attribute("no", """{"boolValue":false}"""), Export.Attribute("empty", "{}"),
            Export.Attribute("bytes", """{"bytesValue":"aGk="}"""), Export.Attribute("array", Export.Array("""{"intValue":1}""", Export.Map(Export.Text("k", "v")))),
            Export.Attribute("none", Export.Array()), Export.Attribute("map", Export.Map()), Export.Text("dotted.key", ""), Export.Text("A", "upper"), Export.Text("a", "lower"), Export.Text("", "no key"),
        ];
        const string stored =
            "{\"session.id\":\"s\",\"prompt.id\":\"p\",\"text\":\"a\\\"\\n\\u0001\U0001F600/\",\"int\":-5,\"zero\":0,\"double\":1.0,\"small\":1.5E-07,\"nought\":0.0," +
            "\"yes\":true,\"no\":false,\"empty\":null,\"bytes\":\"aGk=\",\"array\":[1,{\"k\":\"v\"}],\"none\":[],\"map\":{},\"dotted.key\":\"\",\"A\":\"upper\",\"a\":\"lower\",\"\":\"no key\"}";
        await AssertRows($"{stored} | user_prompt | s | p", "attributes, event_name, session_id, prompt_id",
            $"{{\"attributes\":[{string.Join(',', attributes)}],\"eventName\":\"claude_code.user_prompt\"}}");
        Probe metrics = await new Probe(shared.Server, "metrics").Stored(Export.Sum("claude_code.commit.count", [Export.Point(2.5, Export.Time, attributes)]));
        Assert.Equal($"{stored} | claude_code.commit.count | 2.5 | NULL | s", metrics.Rows("attributes, metric_name, value, unit, session_id"));
    }

    [Fact]
    public async Task L_10_Values_as_text_are_valid_JSON_with_bytes_in_base64_and_no_bare_NaN()
    {
        string[] values = ["{\"doubleValue\":\"NaN\"}", "{\"doubleValue\":\"Infinity\"}", "{\"doubleValue\":\"-Infinity\"}", "{\"bytesValue\":\"-_8\"}"];
        string map = Export.Map(Export.Attribute("k", values[0]), Export.Attribute("b", values[3]));
        Probe logs = await Logs.Stored($$$"""{"body":{{{Export.Array([.. values, map])}}},"attributes":[{{{Export.Attribute("a", values[0])}}},{{{Export.Attribute("m", map)}}}]}""");
        Assert.Equal("""["NaN","Infinity","-Infinity","+/8=",{"k":"NaN","b":"+/8="}] | {"a":"NaN","m":{"k":"NaN","b":"+/8="}} | 1""", logs.Rows("body, attributes, json_valid(body) + json_valid(attributes) - 1"));
        // What the API shows of such numbers is JSON too: it is parsed here.
        await Logs.Stored(Export.Event("api_request", Export.Time, Export.Text("session.id", "nan"), Export.Attribute("input_tokens", values[0]), Export.Attribute("cost_usd", values[1]), Export.Attribute("model", values[3])));
        Assert.Equal(0, (int)(await shared.Server.Get("/api/sessions/nan"))["prompts"]![0]!["requests"]![0]!["tokens"]!["input"]!);
    }

    public static TheoryData<string, string> Texts() => new()
    {
        { "lines", "first\r\nsecond\n\tthird\n" },
        { "control characters", "\0\u0001\u001b[31m\u007f\u0085\u2028" },
        { "four bytes of UTF-8", "𝕏😀\U0010FFFF" },
        { "markup", "<script>alert(1)</script>&amp;\"'<img src=x onerror=alert(1)>" },
        // A record holds it four times.
        { "half a mebibyte", string.Concat(Enumerable.Repeat("0123456789abcdé\n", 1 << 15)) },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task L_11_Text_comes_out_as_it_went_in(string what, string text)
    {
        string json = JsonValue.Create(text).ToJsonString();
        string record = $$$$"""{"body":{"stringValue":{{{{json}}}} },"attributes":[{"key":{{{{json}}}},"value":{"stringValue":{{{{json}}}} }}],"severityText":{{{{json}}}} }""";
        foreach (Probe logs in (Probe[])[await Logs.Stored(record), await StoredAsProtobuf(record)])
        {
            Assert.True(text == (string?)JsonNode.Parse(logs.Rows("body")), what);
            Assert.True(text == (string?)JsonNode.Parse(logs.Rows("attributes"))!.AsObject().Single().Value, what);
            Assert.True(text == JsonNode.Parse(logs.Rows("attributes"))!.AsObject().Single().Key, what);
            Assert.True(text == logs.Rows("severity_text"), what);
        }
    }

    [Fact]
    public async Task L_11_Markup_reaches_a_page_only_inside_JSON()
    {
        // What the page then does with it is tested in a browser (PageTests).
        const string markup = "</script><script>alert(1)</script>";
        await Logs.Stored(Export.Event("api_request", Export.Time, Export.Text("session.id", "markup"), Export.Text("model", markup), Export.Text("request_id", "r"), Export.Int("input_tokens", 1)));
        using HttpResponseMessage answer = await shared.Server.Http.GetAsync(new Uri(shared.Server.Url + "/api/sessions/markup"));
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("<script", text, StringComparison.Ordinal);
        Assert.Equal(markup, (string?)JsonNode.Parse(text)!["prompts"]![0]!["requests"]![0]!["model"]);
    }

    [Fact]
    public async Task L_12_What_only_profiles_may_have_is_absent()
    {
        Probe json = await Logs.Stored("""{"body":{"stringValueStrindex":3},"attributes":[{"keyStrindex":4,"value":{"stringValueStrindex":3}},{"key":"b","value":{"intValue":"1"}}]}""");
        Assert.Equal("null | {\"\":null,\"b\":1}", json.Rows("body, attributes"));
        byte[] value = [.. OtlpSchema.Tag(8, 0), 3];
        Probe protobuf = await Logs.Stored([
            .. OtlpSchema.LengthDelimited(5, value), .. OtlpSchema.LengthDelimited(6, [.. OtlpSchema.Tag(3, 0), 4, .. OtlpSchema.LengthDelimited(2, value)]),
            .. OtlpSchema.LengthDelimited(6, [.. OtlpSchema.LengthDelimited(1, (byte)'b'), .. OtlpSchema.LengthDelimited(2, [.. OtlpSchema.Tag(3, 0), 1])])]);
        Assert.Equal("null | {\"\":null,\"b\":1}", protobuf.Rows("body, attributes"));
    }
}
