using System.Runtime.CompilerServices;
using OtelLite.Access;
using OtelLite.Telemetry;

namespace OtelLite.Receiver;

/// <summary>OTLP over HTTP: token, path, type, limits, decode, and 200 only when the writer says that the batch is on disk.</summary>
internal sealed class OtlpReceiver(Gate gate, Intake intake)
{
    /// <summary>Answers an export, one way or the other.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask Receive(HttpContext context)
    {
        HttpRequest request = context.Request;
        Caller? caller = gate.ByHeader(request);
        if (Unwelcome(gate, context, caller) is { } unwelcome)
        {
            await Refuse(context, unwelcome).ConfigureAwait(false);
            return;
        }

        if (Refused(request) is { } refusal)
        {
            await Refuse(context, refusal).ConfigureAwait(false);
            return;
        }

        (RequestBody? body, OtlpRefusal? unread) = await RequestBody.Read(request, intake.BodyBytesMax).ConfigureAwait(false);
        if (body is null)
        {
            await Refuse(context, unread!).ConfigureAwait(false);
            return;
        }

        ExportEncoding encoding = OtlpResponse.IsProtobuf(request) ? ExportEncoding.Protobuf : ExportEncoding.Json;
        (ExportResult result, OtlpRefusal? refused) = await Export.Take(
            context, caller!, body, encoding, OtlpPath.OfHttp(request.Path.Value!), intake).ConfigureAwait(false);
        await (refused is null ? OtlpResponse.WriteSuccess(context, result) : Refuse(context, refused)).ConfigureAwait(false);
    }

    /// <summary>Answers that an export is not taken, and remembers why.</summary>
    public Task Refuse(HttpContext context, OtlpRefusal refusal)
    {
        intake.Log.Refuse(context.Request.Path, refusal.HttpStatus, refusal.Message, ClientOf(context));
        return OtlpResponse.WriteRefusal(context, refusal);
    }

    /// <summary>Who sent a request, as far as it says: address and program.</summary>
    public static string ClientOf(HttpContext context) =>
        $"{context.Connection.RemoteIpAddress} {context.Request.Headers.UserAgent}".TrimEnd();

    /// <summary>Why who brings an export may not; null: it may.</summary>
    public static OtlpRefusal? Unwelcome(Gate gate, HttpContext context, Caller? caller) =>
        caller is null ? gate.IsTooMany(context, Token.BearerIn(context.Request)) ? OtlpRefusal.TooManyWrong : OtlpRefusal.Unauthorized
        : caller.MayExport ? null : OtlpRefusal.ReadOnly(caller.Name!);

    private static OtlpRefusal? Refused(HttpRequest request)
    {
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
