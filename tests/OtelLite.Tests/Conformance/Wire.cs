using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>Requests and answers of OTLP/HTTP, written and read without any OTLP library.</summary>
internal static class Wire
{
    public const string Token = $"Authorization: Bearer {ServerClient.TestToken}";
    public const string Json = "Content-Type: application/json";
    public const string Protobuf = "Content-Type: application/x-protobuf";
    public const string Gzip = "Content-Encoding: gzip";

    public static readonly string[] Signals = ["metrics", "logs", "traces"];

    /// <summary>Rows of all three signals.</summary>
    public const string CountAll = "SELECT (SELECT count(*) FROM otel_metrics) + (SELECT count(*) FROM otel_events) + (SELECT count(*) FROM otel_spans)";

    /// <summary>A whole request with its length and exactly these headers.</summary>
    public static Task Request(this RawConnection connection, string method, string path, byte[] body, params string[] headers) =>
        connection.Send([.. Encoding.UTF8.GetBytes(RawConnection.Head(method, path, [.. headers, $"Content-Length: {body.Length}"])), .. body]);

    /// <summary>A request with the token on a connection of its own, and its answer.</summary>
    public static async Task<RawAnswer> Ask(this ServerClient server, string method, string path, byte[] body, params string[] headers)
    {
        using RawConnection connection = await RawConnection.Open(server.Url);
        await connection.Request(method, path, body, [Token, .. headers]);
        return await connection.Read(toHead: method == "HEAD");
    }

    /// <summary>An export with the token on a connection of its own, and its answer.</summary>
    public static Task<RawAnswer> Export(this ServerClient server, string path, byte[] body, params string[] headers) => server.Ask("POST", path, body, headers);

    /// <summary>The <c>google.rpc.Status</c> of a refusal, whichever encoding it says it has.</summary>
    public static JsonNode Status(this RawAnswer answer) => answer.As("Status");

    /// <summary>The response message of an export, whichever encoding it says it has.</summary>
    public static JsonNode Response(this RawAnswer answer, string signal) => answer.As(signal switch
    {
        "metrics" => "MetricsResponse",
        "logs" => "LogsResponse",
        _ => "TracesResponse",
    });

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A request of so many records of a signal, a second apart.</summary>
    public static string Body(string signal, int records = 20, long firstSecond = Exports.Noon) => signal switch
    {
        "metrics" => Exports.Metrics([.. Seconds(firstSecond, records).Select(s => Exports.Point($"{s}000000000"))]),
        "logs" => Otlp.Export.Logs([.. Seconds(firstSecond, records).Select(s => Otlp.Export.Event("user_prompt", (ulong)s * 1_000_000_000, Otlp.Export.Text("session.id", "a")))]),
        _ => Traces([.. Seconds(firstSecond, records).Select(s => Span($"{s:x16}", s))]),
    };

    /// <summary>The same in protobuf.</summary>
    public static byte[] ProtobufBody(string signal, int records = 20, long firstSecond = Exports.Noon) =>
        OtlpSchema.ToProtobuf(OtlpSchema.RequestOf(signal), Body(signal, records, firstSecond));

    /// <summary>A body of a signal in the encoding that a Content-Type header names.</summary>
    public static byte[] Body(string signal, string contentType, int records = 20, long firstSecond = Exports.Noon) =>
        contentType == Protobuf ? ProtobufBody(signal, records, firstSecond) : Bytes(Body(signal, records, firstSecond));

    public static string Traces(params string[] spans) =>
        """{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[""" + string.Join(',', spans) + "]}]}]}";

    /// <summary>A span of one second; with an id of "" one that must be rejected.</summary>
    public static string Span(string spanId, long unixSeconds = Exports.Noon) =>
        $$"""{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"{{spanId}}","name":"x","kind":1,"startTimeUnixNano":"{{unixSeconds}}000000000","endTimeUnixNano":"{{unixSeconds + 1}}000000000"}""";

    /// <summary>What is stored of a signal, in the order it came and without what each row has for itself.</summary>
    public static string Stored(this ServerClient server, string signal, string where) => server.Rows(signal switch
    {
        "metrics" => $"SELECT metric_name, value, unit, attributes, session_id, time_unix_nano, start_time_unix_nano, sent_value, kind, temporality, is_monotonic, flags FROM otel_metrics WHERE {where} ORDER BY id",
        "logs" => $"SELECT event_name, attributes, session_id, time_unix_nano, observed_time_unix_nano, severity_number, body, trace_id, span_id, flags FROM otel_events WHERE {where} ORDER BY id",
        _ => $"SELECT trace_id, span_id, parent_span_id, name, kind, status_code, start_time_unix_nano, end_time_unix_nano, attributes FROM otel_spans WHERE {where} ORDER BY id",
    });

    private static JsonNode As(this RawAnswer answer, string message) => answer.Header("Content-Type") switch
    {
        "application/json" => answer.Json,
        "application/x-protobuf" => OtlpSchema.ToJson(message, answer.Body),
        string other => throw new InvalidDataException($"an answer of the type {other}"),
        null => throw new InvalidDataException("an answer without a type"),
    };

    private static IEnumerable<long> Seconds(long first, int count) => Enumerable.Range(0, count).Select(i => first + i);
}
