using System.Globalization;
using System.Text;
using Xunit.Abstractions;

namespace OtelLite.Tests.Breaking;

/// <summary>A body of nearly the largest size that is allowed, of the published program: whatever it is made of, it is stored in bounded memory, which is given back.</summary>
[Collection(Alone.Name)]
public sealed class LargeBodyTests(ITestOutputHelper output)
{
    private const int Length = (64 << 20) - 100_000;

    // SECURITY's promise is 200 MB, which is 190 of these.
    private const long ResidentBytesMax = 200_000_000;

    [PublishedTheory]
    [InlineData("records of 4 MiB")]
    [InlineData("records of 4 MiB with line ends")]
    [InlineData("records of 4 MiB in an array")]
    [InlineData("records of 3 kB")]
    [InlineData("records of 3 kB with line ends")]
    [InlineData("records of 3 kB in maps")]
    [InlineData("records of 3 kB, a byte of which is not UTF-8")]
    [InlineData("requests of as many sessions")]
    [InlineData("records of many short attributes")]
    [InlineData("data points")]
    [InlineData("events of spans")]
    public Task It_is_stored_in_bounded_memory(string of) => IsStored(of);

    [PublishedTheory]
    [InlineData("records of 4 MiB with line ends", "hash:prompt")]
    [InlineData("records of 3 kB with line ends", "hash:*")]
    [InlineData("events of spans", "hash:user.email")]
    [InlineData("events of spans", "hash:long")]
    [InlineData("events of spans", "drop:nothing")]
    public Task What_is_redacted_in_it_takes_no_more(string of, string rules) => IsStored(of, "--redact", rules);

    [PublishedTheory]
    [InlineData("one long attribute")]
    [InlineData("one long body")]
    [InlineData("one long text with line ends")]
    [InlineData("one long array")]
    [InlineData("one long resource")]
    public async Task What_is_longer_than_a_record_may_be_is_refused_in_as_much(string of)
    {
        await using PublishedExe exe = await PublishedExe.Start();
        (string path, string json, _) = Body(of);
        using HttpResponseMessage answer = await exe.Post(new RecordedBody("large", path, Encoding.UTF8.GetBytes(json), Gzip: false, Protobuf: false));
        string said = await answer.Content.ReadAsStringAsync();
        output.WriteLine($"{of}: {exe.PeakResidentBytes() >> 20} MiB at most: {said}");
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("as it is stored", said, StringComparison.Ordinal);
        Assert.InRange(exe.PeakResidentBytes(), 1, ResidentBytesMax);
    }

    private async Task IsStored(string of, params string[] arguments)
    {
        await using PublishedExe exe = await PublishedExe.Start(arguments);
        (string path, string json, int made) = Body(of);
        // On a busy machine it is not written in time, and sent again while it still is.
        byte[] body = Encoding.UTF8.GetBytes(json);
        body.AsSpan().Replace((byte)'~', (byte)0xFF);
        await Sent.UntilAcknowledged(exe, new RecordedBody("large", path, body, Gzip: false, Protobuf: false));
        long peak = exe.PeakResidentBytes();
        Assert.Equal($"{made}\n", exe.Rows($"SELECT count(*) FROM otel_{(path == "logs" ? "events" : path == "traces" ? "spans" : path)}"));
        output.WriteLine($"{of} {string.Join(' ', arguments)}: {json.Length >> 20} MiB, {made} records, {peak >> 20} MiB at most");
        Assert.InRange(peak, 1, ResidentBytesMax);
    }

    [PublishedTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_text_that_would_take_several_times_its_bytes_is_refused_before_it_does(bool isProtobuf)
    {
        // Each byte that is no UTF-8 becomes three.
        await using PublishedExe exe = await PublishedExe.Start();
        byte[] wrong = new byte[42 << 20];
        wrong.AsSpan().Fill(0xFF);
        byte[] body = isProtobuf
            ? Otlp.OtlpSchema.LengthDelimited(1, Otlp.OtlpSchema.LengthDelimited(2, Otlp.OtlpSchema.LengthDelimited(2, Otlp.OtlpSchema.LengthDelimited(5, Otlp.OtlpSchema.LengthDelimited(1, wrong)))))
            : [.. "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\""u8, .. wrong, .. "\"}}]}]}]}"u8];
        using HttpResponseMessage answer = await exe.Post(new RecordedBody("wrong", "logs", body, Gzip: false, Protobuf: isProtobuf));
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("smaller batches", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        long peak = exe.PeakResidentBytes();
        output.WriteLine($"{peak >> 20} MiB at most");
        Assert.InRange(peak, 1, ResidentBytesMax);
    }

    private static (string Path, string Json, int Records) Body(string of) => of switch
    {
        "one long attribute" => Logs(_ => Record(Attribute("long", new string('x', Length))), 1),
        "one long body" => Logs(_ => $"{{\"timeUnixNano\":\"1\",\"body\":{{\"stringValue\":\"{new string('x', Length)}\"}}}}", 1),
        "one long text with line ends" => Logs(_ => Record(Attribute("long", Lines(Length))), 1),
        "one long array" => Logs(_ => Record(Nested("long", Lines(Length / 2))), 1),
        "one long resource" => ("logs", $"{{\"resourceLogs\":[{{\"resource\":{{\"attributes\":[{Attribute("long", new string('x', Limits.ResourceBytesMax))}]}}}}]}}", 0),
        "records of 4 MiB" => Logs(_ => Record(Attribute("long", new string('x', Limits.RecordBytesMax - 100))), 16),
        "records of 4 MiB with line ends" => Logs(_ => Record($"{Attribute("user.email", "a@b")},{Attribute("prompt", Lines(Limits.RecordBytesMax - 1000))}"), 16),
        "records of 4 MiB in an array" => Logs(_ => Record(Nested("long", Lines(Limits.RecordBytesMax - 1000))), 16),
        "events of spans" => Together("resourceSpans", "scopeSpans", "spans\":[", "]",
            i => $"{{\"traceId\":\"{1:x32}\",\"spanId\":\"{i + 1:x16}\",\"name\":\"n\",\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\",\"events\":[{{\"timeUnixNano\":\"1\",\"name\":\"e\",\"attributes\":["
                + $"{Attribute("user.email", "a@b")},{Attribute("long", Lines(Limits.RecordBytesMax - 1000))}]}}]}}", 16),
        "records of 3 kB with line ends" => Logs(i => Record($"{Attribute("event.name", "tool_result")},{Attribute("command_name", $"a\\n{i}")},{Attribute("long", Lines(2800))}"), Limits.RecordsPerRequestMax),
        "records of 3 kB in maps" => Logs(
            i => Record($"{{\"key\":\"map\",\"value\":{{\"kvlistValue\":{{\"values\":[{string.Join(',', Enumerable.Range(0, 40).Select(k => Attribute($"key.{k}", $"value {i} of some length")))}]}}}}}}"),
            Limits.RecordsPerRequestMax),
        "records of 3 kB" => Logs(i => Record(string.Join(',', Enumerable.Range(0, 40).Select(k => Attribute($"key.{k}", $"value {i} of some length")))), Limits.RecordsPerRequestMax),
        "records of 3 kB, a byte of which is not UTF-8" => Logs(i => Record(string.Join(',', Enumerable.Range(0, 40).Select(k => Attribute($"key.{k}", $"value ~ of some length")))), Limits.RecordsPerRequestMax),
        "requests of as many sessions" => Logs(
            i => Record(string.Join(',', Attribute("event.name", "api_request"), Attribute("session.id", $"s{i}"), Attribute("model", $"m{i}"), Attribute("request_id", $"r{i}"), Attribute("input_tokens", "10"))),
            Limits.RecordsPerRequestMax),
        "records of many short attributes" => Logs(i => Record(string.Join(',', Enumerable.Range(0, 100).Select(k => Attribute($"k{k}", "a value of some length")))), Limits.AttributesPerRequestMax / 100),
        _ => Together("resourceMetrics", "scopeMetrics", "metrics\":[{\"name\":\"claude_code.token.usage\",\"sum\":{\"aggregationTemporality\":1,\"isMonotonic\":true,\"dataPoints\":[", "]}}]",
            i => $"{{\"timeUnixNano\":\"{1_700_000_000_000_000_000L + i}\",\"asInt\":\"1\",\"attributes\":[{Attribute("type", "input")},{Attribute("session.id", $"s{i % 1000}")},"
                + $"{Attribute("model", "claude-x")},{Attribute("padding", new string('y', 2800))}]}}", Limits.RecordsPerRequestMax),
    };

    private static (string Path, string Json, int Records) Logs(Func<int, string> record, int max) => Together("resourceLogs", "scopeLogs", "logRecords\":[", "]", record, max);

    private static (string Path, string Json, int Records) Together(string resources, string scopes, string head, string tail, Func<int, string> record, int max)
    {
        StringBuilder json = new StringBuilder(Length + (1 << 20)).Append(CultureInfo.InvariantCulture, $"{{\"{resources}\":[{{\"{scopes}\":[{{\"").Append(head);
        int made = 0;
        for (string next = record(0); made < max && (made == 0 || json.Length + next.Length < Length); next = record(made))
        {
            json.Append(made++ == 0 ? "" : ",").Append(next);
        }

        return (resources["resource".Length..].ToLowerInvariant() is "spans" ? "traces" : resources["resource".Length..].ToLowerInvariant(), json.Append(tail).Append("}]}]}").ToString(), made);
    }

    private static string Nested(string key, string value) => $"{{\"key\":\"{key}\",\"value\":{{\"arrayValue\":{{\"values\":[{{\"stringValue\":\"{value}\"}}]}}}}}}";

    private static string Lines(int length) => string.Concat(Enumerable.Repeat(new string('x', 38) + "\\n", length / 40));

    private static string Record(string attributes) => $"{{\"timeUnixNano\":\"1\",\"attributes\":[{attributes}]}}";

    private static string Attribute(string key, string value) => $"{{\"key\":\"{key}\",\"value\":{{\"stringValue\":\"{value}\"}}}}";
}
