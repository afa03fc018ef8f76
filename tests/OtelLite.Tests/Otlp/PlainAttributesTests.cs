using System.Text;
using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>Attributes that are written in the usual way are read in one go, and those that a record has in common with the one before it not at all: nobody can tell but by the time it takes.</summary>
public sealed class PlainAttributesTests
{
    private const string Usual =
        """{"key":"model","value":{"stringValue":"m\u00e9"}},{"key":"a","value":{"stringValue":"é"}},{"key":"b","value":{"intValue":-120}},{"key":"c","value":{"intValue":"7"}},{"key":"d","value":{"boolValue":true}},{"key":"e","value":{"boolValue":false}}""";

    [Theory]
    [InlineData("""{"key":"k","value":{"stringValue":"plain"}}""")]
    [InlineData("""{"key":"k","value":{"stringValue":""}}""")]
    [InlineData("""{"key":"","value":{"stringValue":"no key"}}""")]
    [InlineData("""{"key":"k","value":{"stringValue":"\"\\\n\u0041"}}""")]
    [InlineData("""{"key":"k\u0041","value":{"stringValue":"v"}}""")]
    [InlineData("""{"key":"k","value":{"intValue":0}}""")]
    [InlineData("""{"key":"k","value":{"intValue":-0}}""")]
    [InlineData("""{"key":"k","value":{"intValue":-9223372036854775808}}""")]
    [InlineData("""{"key":"k","value":{"intValue":9223372036854775808}}""")]
    [InlineData("""{"key":"k","value":{"intValue":1e3}}""")]
    [InlineData("""{"key":"k","value":{"intValue":1.0}}""")]
    [InlineData("""{"key":"k","value":{"intValue":01}}""")]
    [InlineData("""{"key":"k","value":{"intValue":-01}}""")]
    [InlineData("""{"key":"k","value":{"intValue":+1}}""")]
    [InlineData("""{"key":"k","value":{"intValue":-}}""")]
    [InlineData("""{"key":"k","value":{"intValue":"-7"}}""")]
    [InlineData("""{"key":"k","value":{"intValue":"+07"}}""")]
    [InlineData("""{"key":"k","value":{"intValue":"1e3"}}""")]
    [InlineData("""{"key":"k","value":{"intValue":"seven"}}""")]
    [InlineData("""{"key":"k","value":{"intValue":null}}""")]
    [InlineData("""{"key":"k","value":{"boolValue":truefalse}}""")]
    [InlineData("""{"key":"k","value":{"boolValue":"true"}}""")]
    [InlineData("""{"key":"k","value":{"doubleValue":0.5}}""")]
    [InlineData("""{"key":"k","value":{"stringValue":"s","intValue":5}}""")]
    [InlineData("""{"key":"k","value":{"stringValue":"s"},"key":"l"}""")]
    [InlineData("""{"key":"k","value":{"arrayValue":{"values":[{"stringValue":"s"}]}}}""")]
    [InlineData("""{"key":"k","value":{}}""")]
    [InlineData("""{"value":{"stringValue":"s"},"key":"k"}""")]
    [InlineData("""{"key": "k", "value": {"stringValue": "s"}}""")]
    [InlineData("""{"key":"b","value":{"intValue":1}}""")]
    [InlineData("null")]
    public void An_attribute_among_usual_ones_is_read_or_refused_as_step_by_step(string attribute)
    {
        AssertSame(BodyOf($"{Usual},{attribute},{Usual}"));
        AssertSame(BodyOf($"{attribute},{Usual}"));
        AssertSame(BodyOf($"{Usual},{attribute}"));
        AssertSame(BodyOf($"{Usual},{attribute}", $"{Usual},{attribute},{Usual}", Usual, $"{attribute},{Usual}", $"{attribute},{attribute}", attribute, Usual));
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"key":"z","value":{"stringValue":"z"}}""")]
    [InlineData("""{"key":"a","value":{"stringValue":"of two the last"}}""")]
    [InlineData("""{"key":"q\"","value":{"stringValue":"v"}}""")]
    [InlineData("""{"key":"q","value":{"stringValue":"\n"}}""")]
    [InlineData("""{"key":"m","value":{"kvlistValue":{"values":[{"key":"n","value":{"intValue":1}}]}}}""")]
    [InlineData("null")]
    public void What_a_record_has_in_common_with_the_one_before_it_is_the_same(string more)
    {
        string with = more.Length == 0 ? Usual : $"{Usual},{more}", before = more.Length == 0 ? Usual : $"{more},{Usual}";
        AssertSame(BodyOf(Usual, with, with, Usual, before, before, "", with));
        AssertSame(BodyOf(with, $"{with}],\"attributes\":[{with}", with, $"{Usual}],\"attributes\":[{Usual}", Usual));
        AssertSame(Encoding.UTF8.GetBytes(Export.Metrics(
            Export.Sum("claude_code.cost.usage", [Export.Point($"\"timeUnixNano\":\"5\",\"asDouble\":1,\"attributes\":[{Usual}]"), Export.Point($"\"timeUnixNano\":\"0\",\"attributes\":[{with}]")]),
            Export.Sum("claude_code.token.usage", [Export.Point($"\"timeUnixNano\":\"5\",\"asDouble\":1,\"attributes\":[{with}]"), Export.Point($"\"attributes\":[{with}],\"timeUnixNano\":\"5\",\"asInt\":1")]))));
    }

    [Fact]
    public void So_many_attributes_are_the_same_that_not_all_are_remembered()
    {
        foreach (int count in (int[])[Limits.AlikeAttributesMax, Limits.AlikeAttributesMax + 1, Limits.AttributesPerRecordMax + 2])
        {
            string many = string.Join(',', Enumerable.Range(0, count).Select(i => Export.Text($"k{i}", "v")));
            AssertSame(BodyOf(many, many, $"{Usual},{many}", many));
        }
    }

    [Fact]
    public void Resources_scopes_and_spans_have_them_too()
    {
        string attributes = $"\"attributes\":[{Usual}]";
        string span = $"{{\"traceId\":\"{1:x32}\",\"spanId\":\"{1:x16}\",{attributes},\"events\":[{{\"timeUnixNano\":\"5\",{attributes}}},{{{attributes}}}],\"links\":[{{\"traceId\":\"{2:x32}\",{attributes}}}]}}";
        string resource = $"{{\"resource\":{{{attributes}}},\"scopeSpans\":[{{\"scope\":{{{attributes}}},\"spans\":[{span},{span}]}},{{\"scope\":{{{attributes}}},\"spans\":[{span}]}}],\"resource\":{{{attributes}}}}}";
        AssertSame(Encoding.UTF8.GetBytes($"{{\"resourceSpans\":[{resource},{resource}]}}"));
    }

    [Fact]
    public void A_body_in_which_they_are_written_so_is_read_so_and_no_other_is()
    {
        byte[] usual = BodyOf(Usual), spaced = BodyOf(Usual.Replace(":", ": ", StringComparison.Ordinal)), wrong = [.. BodyOf(Usual), (byte)'x'];
        Assert.Equal((true, false, false), (IsReadInOneGo(usual, usual), IsReadInOneGo(usual, default), IsReadInOneGo(spaced, spaced)));
        // What was wrong was read once more.
        Assert.False(IsReadInOneGo(wrong, wrong));

        static bool IsReadInOneGo(byte[] body, ReadOnlyMemory<byte> memory)
        {
            _ = Read(body, memory);
            return AlikeAttributes.OfThisThread.IsPlaceLost;
        }
    }

    [Fact]
    public void Of_a_key_that_comes_again_no_more_is_kept_than_step_by_step()
    {
        string text = string.Concat(Enumerable.Repeat("a line\\n", 1000));
        byte[] body = BodyOf(Export.Text("a", "1"), $"{Export.Text("a", "1")},{Export.Text("p", text)},{Export.Text("a", "2")}");
        Assert.True(OtlpJson.TryRead(body, out TelemetryBatch step, out _));
        Assert.True(OtlpJson.TryRead(body, out TelemetryBatch batch, out _, body));
        Assert.InRange(batch.Text.Length, 1, step.Text.Length);
        step.Return();
        batch.Return();
    }

    [Fact]
    public void Whatever_one_byte_of_it_is_instead_a_body_is_read_or_refused_as_step_by_step()
    {
        byte[] body = BodyOf(Usual, $"{Usual},{Export.Text("z", "z")}");
        foreach (byte other in " \"\\{}[]:,-+01eE.tfnkv\n\0é"u8.ToArray())
        {
            for (int at = 0; at < body.Length; at++)
            {
                AssertSame([.. body[..at], other, .. body[(at + 1)..]]);
                AssertSame([.. body[..at], other, .. body[at..]]);
            }
        }
    }

    [Fact]
    public void Wherever_it_ends_a_body_is_refused_as_step_by_step()
    {
        byte[] body = BodyOf(Usual, Usual);
        for (int length = 0; length < body.Length; length++)
        {
            AssertSame(body[..length]);
        }
    }

    [Fact]
    public void What_is_wrong_behind_attributes_read_in_one_go_is_told_with_its_place()
    {
        string[] lines = Encoding.UTF8.GetString(BodyOf(Usual)).Replace("\"attributes\"", "\n\"attributes\"", StringComparison.Ordinal).Replace("]}]}]}]}", "],\"flags\":1x}]}]}]}", StringComparison.Ordinal).Split('\n');
        Assert.Contains($"at line 2, byte {Encoding.UTF8.GetByteCount(lines[1]) - "x}]}]}]}".Length}:", Decoded.ErrorOf(string.Join('\n', lines)), StringComparison.Ordinal);
    }

    // A record with each of these.
    private static byte[] BodyOf(params string[] attributes) => Encoding.UTF8.GetBytes(Export.Logs([.. attributes.Select(a => Export.Record($"\"attributes\":[{a}]"))]));

    // Without being told where the body lies a decoder goes step by step.
    private static void AssertSame(byte[] body)
    {
        (string? read, string error) = Read(body, default);
        (string? placed, string placedError) = Read(body, body);
        Assert.Equal((read, error), (placed, placedError));
    }

    private static (string? Read, string Error) Read(byte[] body, ReadOnlyMemory<byte> memory)
    {
        if (!OtlpJson.TryRead(body, out TelemetryBatch batch, out string error, memory))
        {
            return (null, error);
        }

        Decoded decoded = Decoded.Of(batch);
        string read = $"{decoded} {string.Join(';', decoded.Spans)} {string.Join(';', decoded.Points)} {string.Join(';', decoded.Records)}\n{string.Join(';', batch.Attributes.Rows.ToArray().Select(a => $"{a.Name} {a.Kind} {Encoding.UTF8.GetString(batch.Text[a.Key])} {Encoding.UTF8.GetString(batch.Text[a.Text])} {a.Int}"))}";
        batch.Return();
        return (read, error);
    }
}
