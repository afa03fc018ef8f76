using System.Globalization;
using System.Text;
using OtelLite.Access;
using OtelLite.Telemetry;

namespace OtelLite.Receiver;

/// <summary>
/// OTLP over gRPC, as far as OTLP needs it: unary calls with one message each way. What it means is the same as over HTTP; only how a message is
/// framed and how an outcome is said differ. A library would bring its own object trees between the bytes and the batch.
/// </summary>
internal sealed class GrpcReceiver(Gate gate, Intake intake)
{
    private const string ContentType = "application/grpc";

    /// <summary>True for a gRPC call: HTTP/2 and gRPC's content type.</summary>
    public static bool IsCall(HttpRequest request) =>
        HttpProtocol.IsHttp2(request.Protocol) && OtlpResponse.MediaTypeOf(request) is { } type
        && (type.Equals(ContentType, StringComparison.OrdinalIgnoreCase) || type.Equals("application/grpc+proto", StringComparison.OrdinalIgnoreCase));

    /// <summary>Answers a call, one way or the other.</summary>
    public async Task Receive(HttpContext context)
    {
        HttpRequest request = context.Request;
        TimeSpan? timeout = TimeoutOf(request.Headers["grpc-timeout"].ToString());
        string path = request.Path.Value!;
        Caller? caller = gate.ByHeader(request);
        OtlpRefusal? refusal = OtlpReceiver.Unwelcome(gate, context, caller) is { } unwelcome ? unwelcome
            : OtlpPath.OfGrpc(path) is null ? OtlpRefusal.UnknownService(path)
            : null;
        if (refusal == OtlpRefusal.TooManyWrong)
        {
            Gate.EndConnection(context.Response);
        }

        if (refusal is not null)
        {
            await Refuse(context, refusal).ConfigureAwait(false);
            return;
        }

        (RequestBody? body, OtlpRefusal? unread) = await RequestBody.ReadMessage(request, intake.BodyBytesMax).ConfigureAwait(false);
        if (body is null)
        {
            await Refuse(context, unread!).ConfigureAwait(false);
            return;
        }

        Task<(ExportResult Result, OtlpRefusal? Refusal)> taking = Export.Take(context, caller!, body, ExportEncoding.Grpc, OtlpPath.OfGrpc(path), intake).AsTask();
        try
        {
            (ExportResult result, OtlpRefusal? refused) = await taking.WaitAsync(timeout ?? Timeout.InfiniteTimeSpan).ConfigureAwait(false);
            await (refused is null ? WriteSuccess(context, result) : Refuse(context, refused)).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // What waits for the disk can't be called back; the client has stopped waiting anyway.
            await Refuse(context, OtlpRefusal.TooLate).ConfigureAwait(false);
        }
    }

    /// <summary>Answers that an export is not taken, and remembers why.</summary>
    public async Task Refuse(HttpContext context, OtlpRefusal refusal)
    {
        intake.Log.Refuse(context.Request.Path, refusal.HttpStatus, refusal.Message, OtlpReceiver.ClientOf(context));
        HttpResponse response = Begin(context);
        if (refusal.Code == OtlpRefusal.Unimplemented)
        {
            response.Headers["grpc-accept-encoding"] = "identity,gzip";
        }

        await response.StartAsync().ConfigureAwait(false);
        response.AppendTrailer("grpc-status", refusal.Code.ToString(CultureInfo.InvariantCulture));
        response.AppendTrailer("grpc-message", PercentEncoded(refusal.Message));
        if (refusal.Message.Length <= Limits.GrpcMessageCharactersMax)
        {
            response.AppendTrailer("grpc-status-details-bin", Convert.ToBase64String(OtlpMessage.StatusAsProtobuf(refusal)).TrimEnd('='));
        }
    }

    private static async Task WriteSuccess(HttpContext context, ExportResult result)
    {
        HttpResponse response = Begin(context);
        byte[] message = OtlpMessage.ResponseAsProtobuf(result);
        byte[] frame = [0, (byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length, .. message];
        await response.Body.WriteAsync(frame).ConfigureAwait(false);
        response.AppendTrailer("grpc-status", "0");
    }

    private static HttpResponse Begin(HttpContext context)
    {
        // gRPC's outcome is in its trailers; HTTP's is always that there is one.
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = ContentType;
        return context.Response;
    }

    /// <summary>gRPC, "Timeout": at most eight digits and a unit. Anything else is no deadline.</summary>
    internal static TimeSpan? TimeoutOf(string header)
    {
        if (header.Length is < 2 or > 9 || !uint.TryParse(header[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out uint amount))
        {
            return null;
        }

        TimeSpan? timeout = header[^1] switch
        {
            'H' => TimeSpan.FromHours(amount),
            'M' => TimeSpan.FromMinutes(amount),
            'S' => TimeSpan.FromSeconds(amount),
            'm' => TimeSpan.FromMilliseconds(amount),
            'u' => TimeSpan.FromMicroseconds(amount),
            'n' => TimeSpan.FromTicks(amount / TimeSpan.NanosecondsPerTick),
            _ => null,
        };

        // Longer than any wait here is none.
        return timeout < TimeSpan.FromDays(1) ? timeout : null;
    }

    // gRPC, "Status-Message": what is not printable ASCII, and the percent sign, as %XX.
    private static string PercentEncoded(string message)
    {
        var encoded = new StringBuilder();
        foreach (byte b in Encoding.UTF8.GetBytes(message.Length <= Limits.GrpcMessageCharactersMax ? message : message[..Limits.GrpcMessageCharactersMax]))
        {
            _ = b is >= 0x20 and <= 0x7E and not (byte)'%' ? encoded.Append((char)b) : encoded.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }
}
