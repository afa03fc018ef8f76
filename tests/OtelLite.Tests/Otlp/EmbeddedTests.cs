using System.Text;
using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>Events, links and exemplars lie within a record and cost next to nothing to send: they are bounded, and so is the text that they become.</summary>
public sealed class EmbeddedTests
{
    private const int Max = Limits.EmbeddedPerRequestMax;

    public static TheoryData<string, int> Kinds() => new() { { "traces", 11 }, { "traces", 13 }, { "metrics", 5 } };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void As_many_as_the_limit_are_taken_and_one_more_is_refused(string signal, int field)
    {
        Assert.True(TryRead(signal, field, Max, out string error), error);
        Assert.False(TryRead(signal, field, Max + 1, out error));
        Assert.Contains($"at most {Max} events, links and exemplars", error, StringComparison.Ordinal);
    }

    [Fact]
    public void In_json_as_many_as_the_limit_are_taken_and_one_more_is_refused()
    {
        static string Body(int count) => $$$"""
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"x","gauge":{"dataPoints":[{"timeUnixNano":1,"asInt":1,"exemplars":[{{{string.Join(',', Enumerable.Repeat("{}", count))}}}]}]}}]}]}]}
            """;
        Assert.Single(Decoded.Of(Body(Max)).Points);
        Assert.Contains("exemplars", Decoded.ErrorOf(Body(Max + 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_text_of_a_request_is_bounded_and_a_long_one_takes_no_more_than_it_has()
    {
        var text = new Utf8Text();
        text.Reserve(Limits.BatchTextBytesMax);
        Assert.Throws<BatchFullException>(() => { text.Reserve(Limits.BatchTextBytesMax + 1); });

        // Of what is no UTF-8 each byte becomes three.
        byte[] wrong = new byte[Limits.WrongTextBytesMax + 1];
        wrong.AsSpan().Fill(0xFF);
        Assert.Equal(3 * Limits.WrongTextBytesMax, new Utf8Text().AppendChecked(wrong.AsSpan(1)).Length);
        Assert.Throws<BatchFullException>(() => { new Utf8Text().AppendChecked(wrong); });

        // A body beside it counts with it.
        byte[] body = GC.AllocateUninitializedArray<byte>(Limits.BatchBytesMax - (Limits.BatchTextBytesMax / 2));
        var beside = new Utf8Text();
        beside.ReadFrom(body);
        beside.Reserve(Limits.BatchTextBytesMax / 2);
        Assert.Throws<BatchFullException>(() => { beside.Reserve((Limits.BatchTextBytesMax / 2) + 1); });
        var beyond = new Utf8Text();
        beyond.ReadFrom(body);
        Assert.Throws<BatchFullException>(() => { beyond.Reserve((Limits.BatchTextBytesMax / 2) + 1); });

        // A third of the limit in plain letters fits twice, as text and as JSON; six times its length for escapes would not.
        byte[] letters = new byte[Limits.BatchTextBytesMax / 3];
        letters.AsSpan().Fill((byte)'a');
        var both = new Utf8Text();
        TextRange range = both.Append(letters);
        both.AppendJsonString(ref range);
        Assert.Equal(2 * letters.Length + 2, both.Length);
    }

    [Fact]
    public void As_many_nested_values_as_the_limit_are_taken_and_one_more_is_refused_in_json_and_protobuf()
    {
        static string Body(int count) => """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1,"attributes":[{"key":"a","value":{"arrayValue":{"values":["""
            + string.Join(',', Enumerable.Repeat("{}", count)) + "]}}}]}]}]}]}";
        Assert.Single(Decoded.Of(Body(Limits.NestedValuesMax)).Records);
        string said = $"at most {Limits.NestedValuesMax} values within arrays and maps";
        Assert.Contains(said, Decoded.ErrorOf(Body(Limits.NestedValuesMax + 1)), StringComparison.Ordinal);

        // Of two records that begin alike too.
        string half = Body(Limits.NestedValuesMax / 2 + 1), record = half[half.IndexOf("{\"timeUnixNano\"", StringComparison.Ordinal)..^"]}]}]}".Length];
        Assert.Contains(said, Decoded.ErrorOf(half.Replace(record, $"{record},{record}", StringComparison.Ordinal)), StringComparison.Ordinal);

        Assert.True(TryRead(Limits.NestedValuesMax, out _));
        Assert.False(TryRead(Limits.NestedValuesMax + 1, out string error));
        Assert.Contains(said, error, StringComparison.Ordinal);

        static bool TryRead(int count, out string error)
        {
            byte[] array = [.. Enumerable.Repeat<byte[]>([0x0a, 0], count).SelectMany(b => b)];
            byte[] attribute = [.. OtlpSchema.LengthDelimited(1, "a"u8.ToArray()), .. OtlpSchema.LengthDelimited(2, OtlpSchema.LengthDelimited(5, array))];
            byte[] body = OtlpSchema.LengthDelimited(1, OtlpSchema.LengthDelimited(2, OtlpSchema.LengthDelimited(2, OtlpSchema.LengthDelimited(6, attribute))));
            bool read = OtlpProtobuf.TryRead(body, Signal.Logs, out TelemetryBatch batch, out error);
            if (read)
            {
                batch.Return();
            }

            return read;
        }
    }

    [Theory]
    [InlineData("\"key\":\"k\",\"value\":V", "{\"k\":1}")]
    [InlineData("\"value\":V,\"key\":\"k\"", "{\"k\":1}")]
    [InlineData("\"value\":{\"boolValue\":true},\"value\":V,\"key\":\"k\"", "{\"k\":1}")]
    [InlineData("\"key\":\"other\",\"key\":\"k\",\"value\":V", "{\"k\":1}")]
    [InlineData("\"key\":\"k\",\"value\":{\"boolValue\":true},\"value\":V", "{\"k\":1}")]
    [InlineData("\"value\":V", "{\"\":1}")]
    [InlineData("\"key\":\"k\"", "{\"k\":null}")]
    [InlineData("\"x\":[{}],\"value\":V,\"y\":1,\"key\":\"k\",\"z\":{}", "{\"k\":1}")]
    [InlineData("", "{\"\":null}")]
    public void An_entry_of_a_map_may_come_in_any_order(string members, string expected) => Assert.Equal(
        expected, Decoded.ValueOf("{\"kvlistValue\":{\"values\":[{" + members.Replace(":V", ":{\"intValue\":1}", StringComparison.Ordinal) + "}]}}"));

    [Fact]
    public void A_deep_map_with_its_values_before_its_keys_is_read_once()
    {
        // Read again at every level this body would be three gigabytes.
        string value = "{\"arrayValue\":{\"values\":[" + string.Join(',', Enumerable.Repeat("{}", 200_000)) + "]}}";
        for (int level = 0; level < 50; level++)
        {
            value = "{\"kvlistValue\":{\"values\":[{\"value\":" + value + ",\"key\":\"k\"}]}}";
        }

        string decoded = Decoded.ValueOf(value);
        Assert.StartsWith("{\"k\":{\"k\":", decoded, StringComparison.Ordinal);
        Assert.Equal(50, decoded.Split("\"k\":").Length - 1);
    }

    private static bool TryRead(string signal, int field, int count, out string error)
    {
        byte[] record = signal == "traces"
            ? [.. OtlpSchema.LengthDelimited(1, Encoding.ASCII.GetBytes("0123456789abcdef")), .. OtlpSchema.LengthDelimited(2, Encoding.ASCII.GetBytes("01234567"))]
            : [.. OtlpSchema.Tag(3, 1), 1, 0, 0, 0, 0, 0, 0, 0, .. OtlpSchema.Tag(6, 1), 1, 0, 0, 0, 0, 0, 0, 0];
        byte[] empty = OtlpSchema.LengthDelimited(field);
        record = [.. record, .. Enumerable.Repeat(empty, count).SelectMany(b => b)];
        byte[] inScope = signal == "traces" ? record : OtlpSchema.LengthDelimited(5, OtlpSchema.LengthDelimited(1, record));
        byte[] body = OtlpSchema.LengthDelimited(1, OtlpSchema.LengthDelimited(2, OtlpSchema.LengthDelimited(2, inScope)));
        bool read = OtlpProtobuf.TryRead(body, signal == "traces" ? Signal.Traces : Signal.Metrics, out TelemetryBatch batch, out error);
        if (read)
        {
            Assert.Equal(count, batch.Embedded);
            batch.Return();
        }

        return read;
    }
}
