using System.Text;
using System.Text.Json;
using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>Strings as senders really write them: cut inside an emoji, escaped every possible way, not even UTF-8.</summary>
public sealed class OtlpJsonTextTests
{
    // JavaScript's JSON.stringify sends half a pair for text that was cut there; .NET's own readers throw on it.
    [Theory]
    [InlineData(@"\ud83d", "\uFFFD")]
    [InlineData(@"\ude00", "\uFFFD")]
    [InlineData(@"cut \ud83d", "cut \uFFFD")]
    [InlineData(@"\ude00 cut", "\uFFFD cut")]
    [InlineData(@"\uDE00\uD83D", "\uFFFD\uFFFD")]
    [InlineData(@"\ud83d\ud83d\ude00", "\uFFFD\U0001F600")]
    [InlineData(@"\ud83dA", "\uFFFDA")]
    [InlineData(@"\ud83d\u0041", "\uFFFDA")]
    [InlineData(@"\ud83d\n", "\uFFFD\n")]
    [InlineData(@"\ud83d\\ude00", "\uFFFD\\ude00")]
    [InlineData(@"\ud83d\ude00", "\U0001F600")]
    [InlineData(@"\uDBFF\uDFFF", "\U0010FFFF")]
    [InlineData(@"\u0041\u00e9\u20AC\uffff", "A\u00e9\u20AC\uffff")]
    [InlineData(@"\/\b\f\n\r\t\""\\", "/\b\f\n\r\t\"\\")]
    [InlineData(@"\u0000\u001f\u007f", "\0\u001f\u007f")]
    public void Escapes_give_the_same_text_wherever_text_may_stand(string escaped, string expected)
    {
        string value = $$"""{"stringValue":"{{escaped}}"}""";
        string[] attributes =
        [
            Export.Text(escaped, "as key"),
            Export.Attribute("as.value", value),
            Export.Attribute("in.array", Export.Array(value)),
            Export.Attribute("in.map", Export.Map(Export.Attribute(escaped, value))),
        ];
        string body = Export.Logs(
            Export.Record($"\"severityText\":\"{escaped}\",\"body\":{value},\"attributes\":[{string.Join(',', attributes)}]"),
            Export.Record(""" "severityText":"the next one" """));
        Decoded decoded = Decoded.Of(body);

        Assert.Equal(expected, decoded.Records[0].SeverityText);
        using JsonDocument stored = JsonDocument.Parse(decoded.Records[0].Attributes);
        Assert.Equal("as key", stored.RootElement.GetProperty(expected).GetString());
        Assert.Equal(expected, stored.RootElement.GetProperty("as.value").GetString());
        Assert.Equal(expected, stored.RootElement.GetProperty("in.array")[0].GetString());
        Assert.Equal(expected, stored.RootElement.GetProperty("in.map").GetProperty(expected).GetString());
        using JsonDocument text = JsonDocument.Parse(decoded.Records[0].Body!);
        Assert.Equal(expected, text.RootElement.GetString());
        Assert.Equal("the next one", decoded.Records[1].SeverityText);
    }

    [Fact]
    public void One_text_has_one_stored_form_however_it_was_escaped()
    {
        const string plain = """{"stringValue":"é/\n\u001f"}""";
        const string escaped = """{"stringValue":"\u00e9\/\u000a\u001F"}""";
        Assert.Equal(Decoded.ValueOf(plain), Decoded.ValueOf(escaped));
        Assert.Equal(Decoded.ValueOf(Export.Array(plain)), Decoded.ValueOf(Export.Array(escaped)));
    }

    [Fact]
    public void Whatever_bytes_a_text_has_it_is_stored_as_NET_reads_them_wherever_it_stands()
    {
        // HERE in a body is replaced by each of these, in protobuf by as many bytes as it has.
        byte[][] parts = ["a"u8.ToArray(), "é"u8.ToArray(), "\uD83D\uDE00"u8.ToArray(), [0xFF], [0xC3], [0xF0, 0x9F], [0xED, 0xA0, 0xBD], "\\n"u8.ToArray(), "\\\""u8.ToArray()];
        const string here = "HERE", value = $$"""{"stringValue":"{{here}}"}""";
        string body = Export.Logs(Export.Record(
            $"\"severityText\":\"{here}\",\"body\":{value},\"attributes\":[{Export.Text(here, "as key")},{Export.Attribute("in.array", Export.Array(value))},{Export.Attribute("in.map", Export.Map(Export.Attribute(here, value)))}]"));
        var random = new Random(7);
        for (int i = 0; i < 300; i++)
        {
            byte[] json = [.. Enumerable.Range(0, random.Next(1, 6)).SelectMany(_ => parts[random.Next(parts.Length)])];
            string text = Encoding.UTF8.GetString(json).Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal);
            byte[] plain = [.. Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(json).Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal))];
            AssertStored(text, Decoded.Of(Replaced(Encoding.UTF8.GetBytes(body), json)));

            string padded = body.Replace(here, new string('H', plain.Length), StringComparison.Ordinal);
            byte[] protobuf = OtlpSchema.ToProtobuf(OtlpSchema.RequestOf("logs"), padded);
            byte[] filled = plain.Length < 4 ? [] : Replaced(protobuf, plain, new string('H', plain.Length));
            if (filled.Length > 0)
            {
                Assert.True(OtlpProtobuf.TryRead(filled, Signal.Logs, out TelemetryBatch batch, out string error), error);
                AssertStored(text, Decoded.Of(batch));
                batch.Return();
            }
        }

        static byte[] Replaced(byte[] whole, byte[] by, string what = here) =>
            Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(whole).Replace(what, Encoding.Latin1.GetString(by), StringComparison.Ordinal));

        static void AssertStored(string text, Decoded decoded)
        {
            Assert.Equal(text, decoded.Records[0].SeverityText);
            using JsonDocument body = JsonDocument.Parse(decoded.Records[0].Body!), attributes = JsonDocument.Parse(decoded.Records[0].Attributes);
            Assert.Equal(text, body.RootElement.GetString());
            Assert.Equal("as key", attributes.RootElement.GetProperty(text).GetString());
            Assert.Equal(text, attributes.RootElement.GetProperty("in.array")[0].GetString());
            Assert.Equal(text, attributes.RootElement.GetProperty("in.map").GetProperty(text).GetString());
        }
    }

    [Theory]
    [InlineData(new byte[] { 0xFF }, "\uFFFD")]
    [InlineData(new byte[] { 0xC3 }, "\uFFFD")]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x98 }, "\uFFFD")]
    [InlineData(new byte[] { 0xED, 0xA0, 0xBD }, "\uFFFD\uFFFD\uFFFD")]
    public void Bytes_that_are_not_UTF8_cost_their_text_and_not_the_batch(byte[] bytes, string expected)
    {
        const string here = "HERE";
        string body = Export.Logs(Export.Record($"\"severityText\":\"{here}\""), Export.Record(""" "severityText":"ok" """));
        int at = body.IndexOf(here, StringComparison.Ordinal);
        Decoded decoded = Decoded.Of([.. Encoding.UTF8.GetBytes(body[..at]), .. bytes, .. Encoding.UTF8.GetBytes(body[(at + here.Length)..])]);
        Assert.Equal(expected, decoded.Records[0].SeverityText);
        Assert.Equal("ok", decoded.Records[1].SeverityText);
    }

    [Fact]
    public void A_byte_order_mark_before_a_body_is_passed_over()
    {
        byte[] body = Encoding.UTF8.GetBytes(Export.Logs(Export.Record(""" "severityText":"x" """)));
        Assert.Equal(Decoded.Of(body).ToString(), Decoded.Of([0xEF, 0xBB, 0xBF, .. body]).ToString());
    }

    [Fact]
    public void Escaped_member_names_are_the_same_names()
    {
        string plain = Export.Logs(Export.Record("\"attributes\":[" + Export.Int("input_tokens", 5) + "]"));
        string escaped = plain.Replace("\"key\"", "\"\\u006bey\"", StringComparison.Ordinal)
            .Replace("\"attributes\"", "\"\\u0061ttributes\"", StringComparison.Ordinal)
            .Replace("\"resourceLogs\"", "\"resource\\u004Cogs\"", StringComparison.Ordinal);
        Assert.NotEqual(plain, escaped);
        Assert.Equal(Decoded.Of(plain).ToString(), Decoded.Of(escaped).ToString());
    }

    [Fact]
    public void An_escaped_member_name_of_any_length_is_passed_over()
    {
        string name = string.Concat(Enumerable.Repeat(@"\u006b", 100_000));
        Decoded decoded = Decoded.Of(Export.Logs(Export.Record($"\"{name}\":[1],\"severityText\":\"kept\"")));
        Assert.Equal("kept", decoded.Records.Single().SeverityText);
    }

    [Fact]
    public void Text_larger_than_any_buffer_at_the_start_comes_out_whole()
    {
        // Each line break makes the stored JSON longer than the text; both have to grow the batch's buffer while it is read.
        string text = string.Concat(Enumerable.Repeat("0123456789abcde\n", 100_000));
        string body = Export.Logs(Export.Record($"\"attributes\":[{Export.Text("a", text.Replace("\n", "\\n", StringComparison.Ordinal))}]"));
        using JsonDocument stored = JsonDocument.Parse(Decoded.Of(body).Records.Single().Attributes);
        Assert.Equal(text, stored.RootElement.GetProperty("a").GetString());
    }
}
