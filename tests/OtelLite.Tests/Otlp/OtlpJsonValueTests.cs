using System.Text.Json;

namespace OtelLite.Tests.Otlp;

/// <summary>Attributes and their values: every kind, nested ones as plain JSON, repeated keys, and no more of them than the limit.</summary>
public sealed class OtlpJsonValueTests
{
    [Fact]
    public void Arrays_and_maps_become_plain_JSON_with_their_order_and_their_empty_values()
    {
        string map = Export.Map(
            Export.Text("z", "1"),
            """{"value":{"intValue":"2"},"key":"value first"}""",
            """{"key":"no value"}""",
            """{"value":{"boolValue":true}}""",
            Export.Attribute("inner", Export.Map()));
        string value = Export.Array("{}", "null", """{"intValue":"1"}""", """{"doubleValue":1}""", map, Export.Array(Export.Array()));
        Assert.Equal(
            """[null,null,1,1.0,{"z":"1","value first":2,"no value":null,"":true,"inner":{}},[[]]]""",
            Decoded.ValueOf(value));
    }

    [Theory]
    [InlineData("""{"arrayValue":{}}""", "[]")]
    [InlineData("""{"arrayValue":{"values":null}}""", "[]")]
    [InlineData("""{"arrayValue":{"values":[{"intValue":1}],"values":[{"intValue":2}]}}""", "[1,2]")]
    [InlineData("""{"kvlistValue":{}}""", "{}")]
    [InlineData("""{"kvlistValue":{"values":null}}""", "{}")]
    [InlineData("""{"stringValue":""}""", "\"\"")]
    [InlineData("""{"stringValueStrindex":3}""", "null")]
    [InlineData("{}", "null")]
    [InlineData("null", "null")]
    public void Empty_and_absent_values_are_told_apart(string sent, string stored) => Assert.Equal(stored, Decoded.ValueOf(sent));

    [Theory]
    [InlineData("api_request", null, null, "api_request")]
    [InlineData("api_request", "claude_code.user_prompt", "claude_code.tool_result", "api_request")]
    [InlineData(null, "claude_code.user_prompt", "claude_code.tool_result", "user_prompt")]
    [InlineData(null, "device.app.lifecycle", "claude_code.tool_result", "device.app.lifecycle")]
    [InlineData(null, "", "claude_code.tool_result", "tool_result")]
    [InlineData(null, null, "claude_code.tool_result", "tool_result")]
    [InlineData(null, null, "claude_code.", null)]
    [InlineData(null, null, "something happened", null)]
    [InlineData(null, null, null, null)]
    public void An_event_is_named_by_its_attribute_else_its_field_else_its_body(string? attribute, string? field, string? body, string? expected)
    {
        List<string> members = [];
        if (attribute is not null)
        {
            members.Add($"\"attributes\":[{Export.Text("event.name", attribute)}]");
        }

        if (field is not null)
        {
            members.Add($"\"eventName\":\"{field}\"");
        }

        if (body is not null)
        {
            members.Add($$"""
                "body":{"stringValue":"{{body}}"}
                """);
        }

        Assert.Equal(expected, Decoded.Of(Export.Logs(Export.Record(string.Join(',', members)))).Records.Single().EventName);
    }

    [Theory]
    [InlineData(Limits.AttributesPerRecordMax, 0u)]
    [InlineData(Limits.AttributesPerRecordMax + 1, 1u)]
    [InlineData(Limits.AttributesPerRecordMax * 3, 2u * Limits.AttributesPerRecordMax)]
    public void Attributes_past_the_limit_are_counted_as_dropped(int sent, uint dropped)
    {
        string attributes = string.Join(',', Enumerable.Range(0, sent).Select(i => Export.Int($"k{i}", i)));
        DecodedRecord record = Decoded.Of(
            $$"""
            {"resourceLogs":[{"resource":{"attributes":[{{attributes}}],"droppedAttributesCount":5},"scopeLogs":[{"logRecords":[
                {"attributes":[{{attributes}}],"droppedAttributesCount":7},{"attributes":[{{Export.Text("session.id", "s")}}]}]}]}]}
            """).Records[0];
        Assert.Equal((7 + dropped, 5 + dropped), (record.Dropped, record.From.ResourceDropped));
        foreach (string json in (string[])[record.Attributes, record.From.Resource])
        {
            using JsonDocument stored = JsonDocument.Parse(json);
            Assert.Equal(Enumerable.Range(0, Limits.AttributesPerRecordMax).Select(i => $"k{i}"), stored.RootElement.EnumerateObject().Select(p => p.Name));
        }
    }

    [Fact]
    public void Of_a_key_that_comes_again_past_the_limit_the_last_value_counts_too()
    {
        string[] attributes = [.. Enumerable.Range(0, Limits.AttributesPerRecordMax + 1).Select(i => Export.Int($"k{i}", i)), Export.Text("k0", "last")];
        DecodedRecord record = Decoded.Of(Export.Logs(Export.Record($"\"attributes\":[{string.Join(',', attributes)}]"))).Records.Single();
        Assert.StartsWith("{\"k0\":\"last\",\"k1\":1,", record.Attributes, StringComparison.Ordinal);
        Assert.Equal(1u, record.Dropped);
    }

    [Theory]
    [InlineData("name", "unit", 0)]
    [InlineData("unit", "name", 0)]
    [InlineData("name", "unit", 1)]
    [InlineData("unit", "name", 1)]
    public void Points_of_a_metric_whose_name_or_unit_is_longer_than_any_are_rejected_alone(string longer, string other, int beyond)
    {
        string metric = Export.Sum("m", [Export.Point(1, Export.Time), Export.Point(2, Export.Time)])
            .Replace("\"name\":\"m\"", $"\"{longer}\":\"{new string('l', Limits.NameBytesMax + beyond)}\",\"{other}\":\"o\"", StringComparison.Ordinal);
        Decoded decoded = Decoded.Of(Export.Metrics(metric, Export.Sum("n", [Export.Point(3, Export.Time)])));
        Assert.Equal((beyond == 0 ? 3 : 1, beyond == 0 ? 0 : 2), (decoded.Points.Count, decoded.Rejected));
        Assert.Equal(beyond > 0, decoded.RejectedBecause?.Contains($"more than {Limits.NameBytesMax} bytes", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void Repeated_keys_do_not_use_up_the_limit_and_stay_single_at_its_edge()
    {
        IEnumerable<string> distinct = Enumerable.Range(0, Limits.AttributesPerRecordMax).Select(i => $"k{i}");
        IEnumerable<string> keys = ["k0", .. distinct.SkipLast(1), "k0", distinct.Last(), "one too many"];
        string attributes = string.Join(',', keys.Select((k, i) => Export.Int(k, i)));
        DecodedRecord record = Decoded.Of(Export.Logs(Export.Record($"\"attributes\":[{attributes}]"))).Records.Single();
        using JsonDocument stored = JsonDocument.Parse(record.Attributes);
        Assert.Equal(distinct, stored.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(Limits.AttributesPerRecordMax, stored.RootElement.GetProperty("k0").GetInt32());
        Assert.Equal(1u, record.Dropped);
    }

    [Fact]
    public void A_point_without_a_time_or_a_value_is_rejected_and_the_others_stay()
    {
        string[] points =
        [
            Export.Point("\"asInt\":1"),
            Export.Point($"\"timeUnixNano\":\"{Export.Time}\",\"asInt\":2,\"attributes\":[{Export.Text("a", "kept")}]"),
            Export.Point("\"timeUnixNano\":\"0\",\"asInt\":3"),
            Export.Point($"\"timeUnixNano\":\"{Export.Time}\",\"attributes\":[{Export.Text("a", "rejected")}]"),
            Export.Point($"\"timeUnixNano\":\"{Export.Time}\",\"asDouble\":null"),
            Export.Point("\"timeUnixNano\":\"9223372036854775808\",\"asInt\":4"),
            Export.Point($"\"timeUnixNano\":\"{Export.Time}\",\"flags\":1"),
            Export.Point($"\"timeUnixNano\":\"{Export.Time}\",\"flags\":2"),
            Export.Point($"\"timeUnixNano\":\"{Export.Time}\",\"asDouble\":\"NaN\""),
        ];
        Decoded decoded = Decoded.Of(Export.Metrics(Export.Sum("m", points)));
        Assert.Equal([2L, null, double.NaN], decoded.Points.Select(p => p.Value));
        Assert.Equal("""{"a":"kept"}""", decoded.Points[0].Attributes);
        Assert.Equal((6, "data point: timeUnixNano is missing or 0"), (decoded.Rejected, decoded.RejectedBecause));
    }

    [Theory]
    [InlineData("\"timeUnixNano\":\"1\"", "data point: neither asDouble nor asInt is set")]
    [InlineData("\"timeUnixNano\":\"9223372036854775808\",\"asInt\":1", "data point: timeUnixNano is after the year 2262")]
    public void Why_a_point_was_rejected_is_said(string members, string because) =>
        Assert.Equal(because, Decoded.Of(Export.Metrics(Export.Sum("m", [Export.Point(members)]))).RejectedBecause);

    [Fact]
    public void Bytes_as_javascript_writes_them_are_bytes()
    {
        Assert.Equal("\"AQL/\"", Decoded.ValueOf("""{"bytesValue":{"0":1,"1":2,"2":255}}"""));
        Assert.Equal("\"\"", Decoded.ValueOf("""{"bytesValue":{}}"""));
        foreach (string wrong in (string[])["""{"0":256}""", """{"1":1}""", """{"a":1}""", """{"0":"x"}""", """{"0":-1}"""])
        {
            Assert.NotEmpty(Decoded.ErrorOf(Export.Logs(Export.Record($$"""
                "body":{"bytesValue":{{wrong}} }
                """))));
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void Of_a_key_that_comes_again_the_last_value_stays_in_the_first_place(int keys)
    {
        string[] attributes = [.. Enumerable.Range(0, 2 * keys).Select(i => Export.Int($"k{i % keys}", i))];
        string expected = "{" + string.Join(',', Enumerable.Range(0, keys).Select(i => $"\"k{i}\":{keys + i}")) + "}";
        Assert.Equal(expected, Decoded.Of(Export.Logs(Export.Record($"\"attributes\":[{string.Join(',', attributes)}]"))).Records.Single().Attributes);
    }

    [Fact]
    public void A_body_is_the_name_of_its_event_only_where_it_is_a_name_and_no_longer_than_one()
    {
        static string? NameOf(string body) => Decoded.Of(Export.Logs(Export.Record($"\"timeUnixNano\":\"1\",\"body\":{{\"stringValue\":\"{body}\"}}"))).Records.Single().EventName;
        string longest = "claude_code.".PadRight(Limits.EventNameBytesMax - 2, 'n');
        Assert.Equal("api_request", NameOf("claude_code.api_request"));
        Assert.Equal(longest["claude_code.".Length..], NameOf(longest));
        Assert.Null(NameOf(longest + "n"));
        Assert.Null(NameOf("claude_code.hello, my password is"));
    }
}
