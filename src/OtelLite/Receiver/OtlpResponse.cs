using System.Globalization;
using System.Text;
using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Receiver;

/// <summary>Writes what OTLP/HTTP answers: an empty success, a partial success, or a Status in the encoding of the request.</summary>
internal static class OtlpResponse
{
    public const string Json = "application/json";
    public const string Protobuf = "application/x-protobuf";

    /// <summary>"The media type without parameters": what the answer carries too.</summary>
    public static string MediaTypeOf(HttpRequest request)
    {
        string type = request.ContentType ?? "";
        int end = type.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? type : type[..end]).Trim();
    }

    /// <summary>200 with an empty response message, or with what was rejected and why.</summary>
    public static Task WriteSuccess(HttpContext context, int rejectedDataPoints, string? because)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = Json;
        if (rejectedDataPoints == 0)
        {
            context.Response.ContentLength = 2;
            return context.Response.Body.WriteAsync("{}"u8.ToArray()).AsTask();
        }

        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartObject("partialSuccess"u8);
            // A 64-bit number is a string in ProtoJSON.
            json.WriteString("rejectedDataPoints"u8, rejectedDataPoints.ToString(CultureInfo.InvariantCulture));
            json.WriteString("errorMessage"u8, because);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return context.Response.Body.WriteAsync(bytes.ToArray()).AsTask();
    }

    public static Task WriteRefusal(HttpContext context, OtlpRefusal refusal)
    {
        HttpResponse response = context.Response;
        response.StatusCode = refusal.HttpStatus;
        switch (refusal.HttpStatus)
        {
            case StatusCodes.Status401Unauthorized:
                response.Headers.WWWAuthenticate = "Bearer";
                break;
            case StatusCodes.Status405MethodNotAllowed:
                response.Headers.Allow = "POST";
                break;
            case StatusCodes.Status415UnsupportedMediaType:
                response.Headers.AcceptEncoding = "gzip";
                break;
            case StatusCodes.Status503ServiceUnavailable:
                response.Headers.RetryAfter = Limits.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
                break;
            default:
                break;
        }

        bool protobuf = MediaTypeOf(context.Request).Equals(Protobuf, StringComparison.OrdinalIgnoreCase);
        byte[] body = protobuf ? StatusAsProtobuf(refusal) : StatusAsJson(refusal);
        response.ContentType = protobuf ? Protobuf : Json;
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body).AsTask();
    }

    private static byte[] StatusAsJson(OtlpRefusal refusal)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("code"u8, refusal.Code);
            json.WriteString("message"u8, refusal.Message);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    // message Status { int32 code = 1; string message = 2; }
    private static byte[] StatusAsProtobuf(OtlpRefusal refusal)
    {
        byte[] message = Encoding.UTF8.GetBytes(refusal.Message);
        using var bytes = new MemoryStream();
        bytes.WriteByte(1 << 3);
        bytes.WriteByte((byte)refusal.Code);
        bytes.WriteByte(2 << 3 | 2);
        int length = message.Length;
        while (length > 0x7F)
        {
            bytes.WriteByte((byte)(length & 0x7F | 0x80));
            length >>= 7;
        }

        bytes.WriteByte((byte)length);
        bytes.Write(message);
        return bytes.ToArray();
    }
}
