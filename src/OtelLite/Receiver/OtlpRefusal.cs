namespace OtelLite.Receiver;

/// <summary>
/// Why an export is not taken: the HTTP status and the <c>google.rpc.Status</c> that goes with it. Claude Code retries 429, 502,
/// 503 and 504 and drops the batch on everything else, so 503 is for what passes and the rest for what does not.
/// </summary>
internal sealed record OtlpRefusal(int HttpStatus, int Code, string Message)
{
    // google.rpc.Code
    private const int InvalidArgument = 3, ResourceExhausted = 8, Unimplemented = 12, Internal = 13, UnavailableCode = 14, Unauthenticated = 16;

    public static OtlpRefusal BadData(string message) => new(StatusCodes.Status400BadRequest, InvalidArgument, message);

    public static OtlpRefusal Unauthorized { get; } = new(
        StatusCodes.Status401Unauthorized, Unauthenticated,
        "the token is missing or wrong: set OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer TOKEN\" to the token that OtelLite printed at its first start");

    public static OtlpRefusal UnknownPath(string path) => new(
        StatusCodes.Status404NotFound, Unimplemented,
        $"nothing is received at {path}: exports go to /v1/metrics and /v1/logs. Set OTEL_EXPORTER_OTLP_ENDPOINT to this server's address without a path");

    public static OtlpRefusal MethodNotAllowed { get; } = new(
        StatusCodes.Status405MethodNotAllowed, Unimplemented, "exports are sent with POST");

    public static OtlpRefusal UnsupportedType(string type) => new(
        StatusCodes.Status415UnsupportedMediaType, InvalidArgument,
        $"Content-Type {(type.Length == 0 ? "is missing" : $"'{type}' is not received")}: set OTEL_EXPORTER_OTLP_PROTOCOL=http/json, which sends application/json");

    public static OtlpRefusal UnsupportedEncoding(string encoding) => new(
        StatusCodes.Status415UnsupportedMediaType, InvalidArgument,
        $"Content-Encoding '{encoding}' is not received: send gzip or none (OTEL_EXPORTER_OTLP_COMPRESSION)");

    public static OtlpRefusal TooLarge(int max) => new(
        StatusCodes.Status413PayloadTooLarge, ResourceExhausted,
        $"the body is larger than {max} bytes, before or after decompression: raise it with --max-body, or send smaller batches");

    public static OtlpRefusal Unavailable(string reason) => new(StatusCodes.Status503ServiceUnavailable, UnavailableCode, reason);

    public static OtlpRefusal Failed(string reason) => new(StatusCodes.Status500InternalServerError, Internal, reason);
}
