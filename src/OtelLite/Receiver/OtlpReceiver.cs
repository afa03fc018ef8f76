using OtelLite.Telemetry;

namespace OtelLite.Receiver;

/// <summary>OTLP over HTTP: token, path, type, limits, decode, and 200 only when the writer says that the batch is on disk.</summary>
internal sealed class OtlpReceiver(Token token, int bodyBytesMax, WriteBatch write, IngestLog log)
{
    /// <summary>Answers an export, one way or the other.</summary>
    public async Task Receive(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (Refused(request) is { } refusal)
        {
            await Refuse(context, refusal).ConfigureAwait(false);
            return;
        }

        (RequestBody? body, OtlpRefusal? unread) = await RequestBody.Read(request, bodyBytesMax).ConfigureAwait(false);
        if (body is null)
        {
            await Refuse(context, unread!).ConfigureAwait(false);
            return;
        }

        ExportEncoding encoding = OtlpResponse.IsProtobuf(request) ? ExportEncoding.Protobuf : ExportEncoding.Json;
        (ExportResult result, OtlpRefusal? refused) = await Export.Take(
            context, body, encoding, OtlpPath.OfHttp(request.Path.Value!), write, log).ConfigureAwait(false);
        await (refused is null ? OtlpResponse.WriteSuccess(context, result) : Refuse(context, refused)).ConfigureAwait(false);
    }

    /// <summary>Answers that an export is not taken, and remembers why.</summary>
    public Task Refuse(HttpContext context, OtlpRefusal refusal)
    {
        log.Refuse(context.Request.Path, refusal.HttpStatus, refusal.Message, ClientOf(context));
        return OtlpResponse.WriteRefusal(context, refusal);
    }

    /// <summary>Who sent a request, as far as it says: address and program.</summary>
    public static string ClientOf(HttpContext context) =>
        $"{context.Connection.RemoteIpAddress} {context.Request.Headers.UserAgent}".TrimEnd();

    private OtlpRefusal? Refused(HttpRequest request)
    {
        if (!token.IsBearer(request))
        {
            return OtlpRefusal.Unauthorized;
        }

        string path = request.Path.Value ?? "";
        if (OtlpPath.OfHttp(path) is null && !OtlpPath.IsRoot(path))
        {
            return OtlpRefusal.UnknownPath(path);
        }

        return !HttpMethods.IsPost(request.Method) ? OtlpRefusal.MethodNotAllowed
            : OtlpResponse.IsJson(request) || OtlpResponse.IsProtobuf(request) ? null
            : OtlpRefusal.UnsupportedType(OtlpResponse.MediaTypeOf(request));
    }
}
