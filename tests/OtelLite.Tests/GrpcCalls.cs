using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests;

/// <summary>What a gRPC call came to.</summary>
internal sealed record GrpcAnswer(HttpStatusCode Http, string? ContentType, int Status, string Message, byte[] Frame, IReadOnlyDictionary<string, string> Trailers)
{
    /// <summary>The message of the one frame.</summary>
    public byte[] Body => Frame[5..];

    /// <summary>The <c>google.rpc.Status</c> of a refusal.</summary>
    public JsonObject Details => OtlpSchema.ToJson("Status", Convert.FromBase64String(Padded(Trailers["grpc-status-details-bin"])));

    private static string Padded(string base64) => base64.PadRight((base64.Length + 3) / 4 * 4, '=');
}

/// <summary>Unary gRPC calls over HTTP/2 without TLS, made byte by byte so that a wrong one can be sent too.</summary>
internal sealed class GrpcCalls(string url) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = false })
    {
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public static string PathOf(string signal) => signal switch
    {
        "metrics" => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        "logs" => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        _ => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    };

    public static byte[] Frame(byte[] message, byte flag = 0)
    {
        byte[] frame = [flag, 0, 0, 0, 0, .. message];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        return frame;
    }

    /// <summary>Exports one message, compressed if asked.</summary>
    public Task<GrpcAnswer> Export(string signal, byte[] message, bool gzip = false) => gzip
        ? Call(PathOf(signal), Frame(Exports.Gzip(message), 1), ("grpc-encoding", "gzip"))
        : Call(PathOf(signal), Frame(message));

    /// <summary>Sends these bytes as a call's whole body.</summary>
    public async Task<GrpcAnswer> Call(string path, byte[] body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        string type = headers.FirstOrDefault(h => h.Name == "content-type").Value ?? "application/grpc";
        request.Content.Headers.TryAddWithoutValidation("content-type", type);
        request.Headers.TryAddWithoutValidation("te", "trailers");
        if (!headers.Any(h => h.Name == "authorization"))
        {
            request.Headers.TryAddWithoutValidation("authorization", $"Bearer {ServerClient.TestToken}");
        }

        foreach ((string name, string value) in headers.Where(h => h.Name != "content-type"))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage answer = await _http.SendAsync(request);
        byte[] frame = await answer.Content.ReadAsByteArrayAsync();
        var trailers = answer.TrailingHeaders.Concat(answer.Headers).ToDictionary(h => h.Key, h => string.Join(',', h.Value), StringComparer.OrdinalIgnoreCase);
        return new(
            answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, int.Parse(trailers.GetValueOrDefault("grpc-status", "-1"), CultureInfo.InvariantCulture),
            Uri.UnescapeDataString(trailers.GetValueOrDefault("grpc-message", "")), frame, trailers);
    }

    public void Dispose() => _http.Dispose();
}
