using System.Text;

namespace OtelLite.Tests.Breaking;

/// <summary>What one client sends that nothing but the guard against repeated bodies keeps from counting twice: by turns a delta point of 1, a point of a cumulative series that has
/// grown by 1, and a span.</summary>
internal sealed class MixedBodies(string sender)
{
    private const int Kinds = 3;

    private int _made;

    private string Session => $"mixed-{sender}";

    public RecordedBody Next()
    {
        int number = _made++;
        (string signal, string json) = (number % Kinds) switch
        {
            0 => ("metrics", Exports.Commit(Exports.Noon + number, Session)),
            1 => ("metrics", Cumulative(number)),
            _ => ("traces", Span(number)),
        };
        return new RecordedBody(sender, signal, Encoding.UTF8.GetBytes(json), Gzip: false, Protobuf: false);
    }

    /// <summary>Each is there once, and the sums are what was sent.</summary>
    public void AssertAllThereOnce(PublishedExe exe)
    {
        int deltas = (_made + 2) / Kinds, cumulative = (_made + 1) / Kinds, spans = _made / Kinds;
        Assert.True(spans > 0, $"only {_made} were sent");
        Assert.Equal($"{deltas} | {deltas}\n", exe.Rows($"SELECT count(*), sum(value) FROM otel_metrics WHERE session_id = '{Session}' AND temporality = 1"));
        Assert.Equal($"{cumulative} | {cumulative}\n", exe.Rows($"SELECT count(*), sum(value) FROM otel_metrics WHERE session_id = '{Session}' AND temporality = 2"));
        Assert.Equal($"{spans}\n", exe.Rows($"SELECT count(*) FROM otel_spans WHERE session_id = '{Session}'"));
    }

    private string Cumulative(int number) =>
        $$$"""
        {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"claude_code.pull_request.count","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
        {"attributes":[{"key":"session.id","value":{"stringValue":"{{{Session}}}"}}],"startTimeUnixNano":"{{{Exports.Noon}}}000000000","timeUnixNano":"{{{Exports.Noon + number}}}000000000",
        "asDouble":{{{(number / Kinds) + 1}}}}]}}]}]}]}
        """;

    private string Span(int number)
    {
        string id = Convert.ToHexStringLower(Encoding.ASCII.GetBytes($"{sender}{number:000000000000000}"))[..32];
        return $$$"""
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"{{{id}}}","spanId":"{{{id[16..]}}}","name":"x","kind":1,"startTimeUnixNano":"{{{Exports.Noon + number}}}000000000",
            "endTimeUnixNano":"{{{Exports.Noon + number}}}000000001","attributes":[{"key":"session.id","value":{"stringValue":"{{{Session}}}"}}]}]}]}]}
            """;
    }
}
