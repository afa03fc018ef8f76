using System.Globalization;
using OtelLite.Access;

namespace OtelLite.Receiver;

/// <summary>Writes what OTLP/HTTP answers: an empty success, a partial success, or a Status, each in the encoding of the request.</summary>
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

    public static bool IsProtobuf(HttpRequest request) => MediaTypeOf(request).Equals(Protobuf, StringComparison.OrdinalIgnoreCase);

    public static bool IsJson(HttpRequest request) => MediaTypeOf(request).Equals(Json, StringComparison.OrdinalIgnoreCase);

    /// <summary>200 with an empty response message, or with what was rejected and why.</summary>
    public static Task WriteSuccess(HttpContext context, in ExportResult result)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        return Write(context, IsProtobuf(context.Request) ? OtlpMessage.ResponseAsProtobuf(result) : OtlpMessage.ResponseAsJson(result));
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
            case StatusCodes.Status429TooManyRequests:
                Gate.AskToWait(response);
                break;
            case StatusCodes.Status503ServiceUnavailable:
                response.Headers.RetryAfter = Limits.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
                break;
            default:
                break;
        }

        return Write(context, IsProtobuf(context.Request) ? OtlpMessage.StatusAsProtobuf(refusal) : OtlpMessage.StatusAsJson(refusal));
    }

    // The type is told for an empty body too (OTLP/HTTP, "the Content-Type header of the response").
    private static Task Write(HttpContext context, byte[] body)
    {
        context.Response.ContentType = IsProtobuf(context.Request) ? Protobuf : Json;
        context.Response.ContentLength = body.Length;
        return body.Length == 0 || HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body).AsTask();
    }
}
