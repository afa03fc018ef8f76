namespace OtelLite.Receiver;

/// <summary>
/// Why an export is not taken: the HTTP status and the <c>google.rpc.Status</c> that goes with it. Claude Code retries 429, 502,
/// 503 and 504 and drops the batch on everything else, so 503 is for what passes and the rest for what does not.
/// </summary>
internal sealed record OtlpRefusal(int HttpStatus, int Code, string Message)
{
    // google.rpc.Code
    public const int InvalidArgument = 3, DeadlineExceeded = 4, PermissionDenied = 7, ResourceExhausted = 8, Unimplemented = 12, Internal = 13, UnavailableCode = 14, Unauthenticated = 16;

    public static OtlpRefusal BadData(string message) => new(StatusCodes.Status400BadRequest, InvalidArgument, message);

    public static OtlpRefusal Unauthorized { get; } = new(
        StatusCodes.Status401Unauthorized, Unauthenticated,
        "the token is missing or wrong: set OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer TOKEN\" to the token that OtelLite printed at its first start, or that otellite token add did; one that was revoked is wrong, too");

    /// <summary>So many wrong ones came from one address that it is to wait.</summary>
    public static OtlpRefusal TooManyWrong { get; } = new(
        StatusCodes.Status429TooManyRequests, ResourceExhausted,
        "the token is wrong, and so were many from this address: set OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer TOKEN\" to the right one, which is taken at once");

    public static OtlpRefusal ReadOnly(string name) => new(
        StatusCodes.Status403Forbidden, PermissionDenied,
        $"the token {name} is for reading: exports need one that was made with otellite token add NAME --scope ingest, or all");

    public static OtlpRefusal UnknownPath(string path) => new(
        StatusCodes.Status404NotFound, Unimplemented,
        $"nothing is received at {path}: exports go to {OtlpPath.Known}. Set OTEL_EXPORTER_OTLP_ENDPOINT to this server's address without a path");

    public static OtlpRefusal UnknownService(string path) => new(
        StatusCodes.Status404NotFound, Unimplemented,
        $"there is no {path} here: the services are OTLP's MetricsService, LogsService and TraceService, each with Export");

    public static OtlpRefusal MethodNotAllowed { get; } = new(
        StatusCodes.Status405MethodNotAllowed, Unimplemented, "exports are sent with POST");

    public static OtlpRefusal UnsupportedType(string type) => new(
        StatusCodes.Status415UnsupportedMediaType, InvalidArgument,
        $"Content-Type {(type.Length == 0 ? "is missing" : $"'{type}' is not received")}: send {OtlpResponse.Protobuf} or {OtlpResponse.Json} (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf or http/json)");

    public static OtlpRefusal UnsupportedEncoding(string encoding) => new(
        StatusCodes.Status415UnsupportedMediaType, InvalidArgument,
        $"Content-Encoding '{encoding}' is not received: send gzip or none (OTEL_EXPORTER_OTLP_COMPRESSION)");

    public static OtlpRefusal UnsupportedGrpcEncoding(string encoding) => new(
        StatusCodes.Status415UnsupportedMediaType, Unimplemented,
        $"grpc-encoding '{encoding}' is not received: send gzip or identity (OTEL_EXPORTER_OTLP_COMPRESSION)");

    /// <summary>The bytes are no gRPC message; what gRPC's own documents want INTERNAL for.</summary>
    public static OtlpRefusal BadFrame(string message) => new(StatusCodes.Status400BadRequest, Internal, message);

    public static OtlpRefusal TooLarge(int max) => new(
        StatusCodes.Status413PayloadTooLarge, ResourceExhausted,
        $"the body is larger than {max} bytes, before or after decompression: raise it with --max-body, or send smaller batches");

    /// <summary>HTTP came to the port for gRPC.</summary>
    /// <param name="isHttp2">The only thing that is wrong is then the type of the content.</param>
    public static OtlpRefusal PortIsForGrpc(int port, int httpPort, bool isHttp2) => new(
        isHttp2 ? StatusCodes.Status415UnsupportedMediaType : StatusCodes.Status400BadRequest, InvalidArgument,
        $"port {port} receives OTLP over gRPC, and this came over HTTP: set OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:{httpPort}, or OTEL_EXPORTER_OTLP_PROTOCOL=grpc");

    /// <summary>gRPC came to a port for HTTP.</summary>
    /// <param name="grpcPort">0 where there is none.</param>
    public static OtlpRefusal PortIsForHttp(int port, int grpcPort) => new(
        StatusCodes.Status400BadRequest, Unimplemented,
        $"port {port} receives OTLP over HTTP, and this came over gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or "
        + (grpcPort > 0 ? $"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:{grpcPort}" : "start OtelLite with a --otlp-grpc-port that is free and set OTEL_EXPORTER_OTLP_ENDPOINT to it"));

    /// <summary>Seen in the first byte of a connection; nothing that can be answered would be understood.</summary>
    public static OtlpRefusal NoTls(int port) => new(
        StatusCodes.Status400BadRequest, InvalidArgument,
        $"a client tried TLS on port {port}, where there is none: set OTEL_EXPORTER_OTLP_ENDPOINT=http://… instead of https://…");

    /// <summary>TLS was tried, and the two could not agree.</summary>
    public static OtlpRefusal NoHandshake(int port, string why) => new(
        StatusCodes.Status400BadRequest, InvalidArgument,
        $"a client's TLS on port {port} failed: {why} Let it trust the certificate (OTEL_EXPORTER_OTLP_CERTIFICATE, NODE_EXTRA_CA_CERTS)");

    /// <summary>Another machine came without TLS, and so has shown its token to the network; that is not to go on unnoticed.</summary>
    public static OtlpRefusal NotPlain(int port) => new(
        StatusCodes.Status400BadRequest, InvalidArgument,
        $"port {port} is for TLS where other machines come from: use https:// instead of http:// (OTEL_EXPORTER_OTLP_ENDPOINT)");

    /// <summary>The client's own deadline passed while the export waited for the disk; it may be stored all the same.</summary>
    public static OtlpRefusal TooLate { get; } = new(StatusCodes.Status504GatewayTimeout, DeadlineExceeded, "the deadline that the client set has passed");

    public static OtlpRefusal TooSlow { get; } = new(
        StatusCodes.Status408RequestTimeout, DeadlineExceeded,
        $"a body must come within {Limits.BodyTime.TotalSeconds:0} s: send smaller batches");

    public static OtlpRefusal Unavailable(string reason) => new(StatusCodes.Status503ServiceUnavailable, UnavailableCode, reason);

    public static OtlpRefusal Failed(string reason) => new(StatusCodes.Status500InternalServerError, Internal, reason);
}
