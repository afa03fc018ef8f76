using System.Text;
using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>Attributes that are written in the usual way are read in one go: nobody can tell but by the time it takes.</summary>
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
    }

    [Fact]
    public void Whatever_one_byte_of_it_is_instead_a_body_is_read_or_refused_as_step_by_step()
    {
        byte[] body = BodyOf(Usual);
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
        byte[] body = BodyOf(Usual);
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

    private static byte[] BodyOf(string attributes) => Encoding.UTF8.GetBytes(Export.Logs(Export.Record($"\"attributes\":[{attributes}]")));

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

        string read = Decoded.Of(batch).ToString() + string.Join(';', Decoded.Of(batch).Records);
        batch.Return();
        return (read, error);
    }
}
