using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Receiver;

/// <summary>
/// OTLP over HTTP: token, type, limits, decode, and 200 only when the writer says that the batch is on disk. Decoding runs on
/// the request's own thread, so many clients decode side by side.
/// </summary>
internal sealed class OtlpReceiver(Token token, int bodyBytesMax, WriteBatch write, IngestLog log)
{
    /// <summary>
    /// True when a request is an export, or looks like one: a POST to <c>/</c> comes from a client whose per-signal endpoint has no
    /// path, and is taken for what its body says it is.
    /// </summary>
    public static bool IsExport(HttpRequest request) =>
        request.Path.StartsWithSegments("/v1") || (request.Path == "/" && HttpMethods.IsPost(request.Method));

    /// <summary>Answers an export, one way or the other.</summary>
    public async Task Receive(HttpContext context)
    {
        if (Refused(context.Request) is { } refusal)
        {
            await Refuse(context, refusal).ConfigureAwait(false);
            return;
        }

        (RequestBody? body, OtlpRefusal? unread) = await RequestBody.Read(context.Request, bodyBytesMax).ConfigureAwait(false);
        if (body is null)
        {
            await Refuse(context, unread!).ConfigureAwait(false);
            return;
        }

        TelemetryBatch batch;
        string error;
        bool understood;
        using (body)
        {
            understood = OtlpJson.TryRead(body.Bytes, out batch, out error);
        }

        if (!understood)
        {
            await Refuse(context, OtlpRefusal.BadData(error)).ConfigureAwait(false);
            return;
        }

        await Store(context, batch).ConfigureAwait(false);
    }

    private async Task Store(HttpContext context, TelemetryBatch batch)
    {
        WriteResult result = await write(batch).ConfigureAwait(false);
        int rejected = batch.RejectedDataPoints;
        string? because = batch.Remark;
        batch.Return();
        if (result.Outcome == WriteOutcome.Committed)
        {
            log.Accept(context.Request.Path, result.IsRepeat, rejected, because);
            await OtlpResponse.WriteSuccess(context, rejected, because).ConfigureAwait(false);
            return;
        }

        await Refuse(context, result.Outcome == WriteOutcome.Failed ? OtlpRefusal.Failed(result.Reason!) : OtlpRefusal.Unavailable(result.Reason!)).ConfigureAwait(false);
    }

    /// <summary>Answers that an export is not taken, and remembers why.</summary>
    public Task Refuse(HttpContext context, OtlpRefusal refusal)
    {
        log.Refuse(context.Request.Path, refusal.HttpStatus, refusal.Message);
        return OtlpResponse.WriteRefusal(context, refusal);
    }

    private OtlpRefusal? Refused(HttpRequest request)
    {
        if (!token.IsBearer(request))
        {
            return OtlpRefusal.Unauthorized;
        }

        if (request.Path.Value is not ("/v1/metrics" or "/v1/logs" or "/"))
        {
            return OtlpRefusal.UnknownPath(request.Path);
        }

        if (!HttpMethods.IsPost(request.Method))
        {
            return OtlpRefusal.MethodNotAllowed;
        }

        string type = OtlpResponse.MediaTypeOf(request);
        return type.Equals(OtlpResponse.Json, StringComparison.OrdinalIgnoreCase) ? null : OtlpRefusal.UnsupportedType(type);
    }
}
