namespace OtelLite.Tests.Otlp;

/// <summary>Bodies as a client would write them, down to the part that a test is about.</summary>
internal static class Export
{
    /// <summary>When what is built here happened.</summary>
    public const ulong Time = 1_795_380_807_962_000_000;

    /// <summary>A request with one scope that holds these log records.</summary>
    public static string Logs(params string[] records) =>
        """{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[""" + string.Join(',', records) + "]}]}]}";

    /// <summary>A log record of exactly these members.</summary>
    public static string Record(string members) => "{" + members + "}";

    /// <summary>An event as Claude Code sends it: its name twice, its numbers and texts as attributes.</summary>
    public static string Event(string name, ulong time, params string[] attributes) => Record(
        $$"""
        "timeUnixNano":"{{time}}","body":{"stringValue":"claude_code.{{name}}"},
        "attributes":[{{string.Join(',', [Text("event.name", name), .. attributes])}}]
        """);

    /// <summary>A request with the span of one model's answer, as Claude Code sends it; the number makes its ids.</summary>
    public static string LlmSpan(int number, ulong endTime, bool failed, params string[] attributes) => $$"""
        {"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"traceId":"{{number + 1:x32}}","spanId":"{{number + 1:x16}}","name":"claude_code.llm_request",
        "kind":1,"startTimeUnixNano":"{{endTime - 1000}}","endTimeUnixNano":"{{endTime}}","attributes":[{{string.Join(',', attributes)}}],
        "status":{{(failed ? """{"code":2,"message":"overloaded"}""" : """{"code":0}""")}}}]}]}]}
        """;

    /// <summary>A request with one scope that holds these metrics.</summary>
    public static string Metrics(params string[] metrics) =>
        """{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[""" + string.Join(',', metrics) + "]}]}]}";

    /// <summary>A monotonic sum; delta unless said otherwise.</summary>
    public static string Sum(string name, string[] points, int temporality = 1) =>
        $$$"""{"name":"{{{name}}}","sum":{"aggregationTemporality":{{{temporality}}},"isMonotonic":true,"dataPoints":[{{{string.Join(',', points)}}}]}}""";

    /// <summary>A data point of exactly these members.</summary>
    public static string Point(string members) => "{" + members + "}";

    /// <summary>A data point with a value and attributes.</summary>
    public static string Point(double value, ulong time, params string[] attributes) => Point(
        $$"""
        "timeUnixNano":"{{time}}","asDouble":{{value.ToString(System.Globalization.CultureInfo.InvariantCulture)}},"attributes":[{{string.Join(',', attributes)}}]
        """);

    /// <summary>An attribute whose value is an <c>AnyValue</c> of this JSON.</summary>
    public static string Attribute(string key, string value) => $$"""{"key":"{{key}}","value":{{value}}}""";

    /// <summary>An <c>AnyValue</c> that is an array of these.</summary>
    public static string Array(params string[] values) => """{"arrayValue":{"values":[""" + string.Join(',', values) + "]}}";

    /// <summary>An <c>AnyValue</c> that is a map of these attributes.</summary>
    public static string Map(params string[] entries) => """{"kvlistValue":{"values":[""" + string.Join(',', entries) + "]}}";

    public static string Text(string key, string value) => Attribute(key, $$"""{"stringValue":"{{value}}"}""");

    public static string Int(string key, long value) => Attribute(key, $$"""{"intValue":"{{value}}"}""");
}
