using System.Text;
using OtelLite.Otlp;
using OtelLite.Telemetry;
using Attribute = OtelLite.Telemetry.Attribute;

namespace OtelLite.Tests.Otlp;

/// <summary>A set's attributes are parts of the JSON that is stored of it, and nothing else of their text is kept but what is counted by.</summary>
public sealed class AttributeJsonTests
{
    // Read where it was and moved into its place, where it is the last; copied where another one follows.
    private const int LongBytes = (1 << 20) + 7;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_mixture_of_values_is_stored_as_it_was_sent_whichever_way_it_came(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 25; i++)
        {
            List<(string Key, object Value)> given = [.. Enumerable.Range(0, random.Next(6)).Select(k => (Key: $"{Pick(random, "a", "q\"", "wrong\0", "event.name", "prompt")}{k}", Value: ValueOf(random)))];
            if (given.Count > 0 && random.Next(4) == 0)
            {
                given.Add((given[0].Key, "the last of a key wins"));
            }

            List<(string Key, object Value)> distinct = [.. given.Select(g => g.Key).Distinct().Select(key => given.Last(g => g.Key == key))];
            string json = Export.Logs(Export.Record($"\"body\":{{\"stringValue\":\"b\"}},\"attributes\":[{string.Join(',', given.Select(AttributeOf))}]"));
            byte[] body = Encoding.UTF8.GetBytes(json);
            body.AsSpan().Replace((byte)'~', (byte)0xFF);
            Assert.True(OtlpJson.TryRead(body, out TelemetryBatch batch, out string error, body), error);
            AssertIs(distinct, batch, body);
            Assert.True(OtlpProtobuf.TryRead(Protobuf(json), Signal.Logs, out batch, out error), error);
            AssertIs(distinct, batch, []);
        }
    }

    [Fact]
    public void What_was_read_for_an_object_and_is_copied_into_it_is_not_kept_beside_it()
    {
        string lines = string.Concat(Enumerable.Repeat("a line\\n", 500));
        string json = Export.Logs(Export.Record($"\"attributes\":[{Export.Text("x", lines)},{Export.Attribute("y", Export.Array($"{{\"stringValue\":\"{lines}\"}}"))},{Export.Text("z", lines)},{Export.Text("model", "m\\n")}]"));
        byte[] body = Encoding.UTF8.GetBytes(json);
        Assert.True(OtlpJson.TryRead(body, out TelemetryBatch batch, out string error, body), error);
        ref readonly LogRecord record = ref batch.LogRecords[0];
        Assert.Equal("m\n", Encoding.UTF8.GetString(batch.Text[batch.TextOf(record.Attributes, AttributeName.Model)]));
        Assert.InRange(batch.Text.Length - record.Attributes.Json.Length, 2, 64);
        batch.Return();
    }

    [Theory]
    [InlineData("\"intValue\":\"5\"", "5")]
    [InlineData("\"boolValue\":true", "true")]
    [InlineData("\"doubleValue\":0.5", "0.5")]
    [InlineData("\"stringValue\":\"s\"", "\"s\"")]
    public void Nothing_is_stored_of_a_text_that_another_member_of_its_value_comes_after(string last, string stored)
    {
        string first = $"\"stringValue\":\"{string.Concat(Enumerable.Repeat("\\n,\\\"forged\\\":1", LongBytes / 10))}\"";
        foreach (string value in (string[])[$"\"value\":{{{first},{last}}}", $"\"value\":{{{first}}},\"value\":{{{last}}}"])
        {
            Assert.True(OtlpJson.TryRead(Encoding.UTF8.GetBytes(Export.Logs(Export.Record($"\"attributes\":[{{\"key\":\"k\",{value}}}]"))), out TelemetryBatch batch, out string error), error);
            Assert.Equal($"{{\"k\":{stored}}}", Encoding.UTF8.GetString(batch.Text[batch.LogRecords[0].Attributes.Json]));
            batch.Return();
        }
    }

    [Theory]
    [InlineData("<task-notification> done", true)]
    [InlineData("<task-notification>\\n\\\"done\\\"", true)]
    [InlineData("\\\"<task-notification>\\\"", false)]
    public void How_a_prompt_begins_is_known_however_it_is_kept(string prompt, bool begins)
    {
        Assert.True(OtlpJson.TryRead(Encoding.UTF8.GetBytes(Export.Logs(Export.Record($"\"attributes\":[{Export.Text("prompt", prompt + new string('x', Limits.NameBytesMax))}]"))), out TelemetryBatch batch, out string error), error);
        Assert.Equal(begins, batch.Begins(batch.LogRecords[0].Attributes, AttributeName.Prompt, ClaudeCode.TaskNotification));
        batch.Return();
    }

    private static void AssertIs(List<(string Key, object Value)> expected, TelemetryBatch batch, byte[] body)
    {
        body.AsSpan().Fill((byte)'?');
        AttributeSet set = batch.LogRecords[0].Attributes;
        Assert.Equal($"{{{string.Join(',', expected.Select(e => $"{Quoted(e.Key)}:{Stored(e.Value)}"))}}}", Encoding.UTF8.GetString(batch.Text[set.Json]));
        Assert.Equal("\"b\"", Encoding.UTF8.GetString(batch.Text[batch.LogRecords[0].Body]));
        int i = 0;
        foreach (ref readonly Attribute attribute in batch.AttributesOf(set))
        {
            Assert.Equal(expected[i].Key, Encoding.UTF8.GetString(batch.Text[attribute.Key]));
            Assert.Equal(expected[i].Value is string text ? Plain(text) : Stored(expected[i].Value), Encoding.UTF8.GetString(batch.Text[AttributeJson.PlainOf(batch.Text, attribute)]));
            i++;
        }

        Assert.Equal(expected.Count, i);
        batch.Return();
    }

    private static object ValueOf(Random random) => random.Next(8) switch
    {
        0 => random.NextInt64(),
        1 => new[] { "nested\n", new string('n', random.Next(2) * LongBytes) },
        2 => new string('x', LongBytes),
        3 => $"long with a line end\n{new string('y', LongBytes)}",
        4 => "a \"word\"",
        5 => "wrong ~ byte",
        6 => "",
        _ => "plain",
    };

    private static T Pick<T>(Random random, params T[] from) => from[random.Next(from.Length)];

    // What has a byte that is not UTF-8 in JSON comes as U+FFFD in protobuf, and is stored as that in either.
    private static string Plain(string text) => text.Replace('~', '\uFFFD');

    private static string Quoted(string text) => $"\"{Plain(text).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\0", "\\u0000", StringComparison.Ordinal)}\"";

    private static string Stored(object value) => value switch
    {
        string text => Quoted(text),
        string[] texts => $"[{string.Join(',', texts.Select(Quoted))}]",
        _ => FormattableString.Invariant($"{value}"),
    };

    private static string AttributeOf((string Key, object Value) of) =>
        $"{{\"key\":{Sent(of.Key)},\"value\":{of.Value switch
        {
            string text => $"{{\"stringValue\":{Sent(text)}}}",
            string[] texts => $"{{\"arrayValue\":{{\"values\":[{string.Join(',', texts.Select(t => $"{{\"stringValue\":{Sent(t)}}}"))}]}}}}",
            _ => FormattableString.Invariant($"{{\"intValue\":\"{of.Value}\"}}"),
        }}}}";

    // The byte that is wrong stays what stands for it.
    private static string Sent(string text) => Quoted(text.Replace('~', '\u0001')).Replace('\u0001', '~');

    private static byte[] Protobuf(string json) => OtlpSchema.ToProtobuf(OtlpSchema.RequestOf("logs"), json.Replace('~', '\uFFFD'));
}
