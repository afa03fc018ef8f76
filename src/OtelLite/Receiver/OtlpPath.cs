using OtelLite.Telemetry;

namespace OtelLite.Receiver;

/// <summary>Where exports are sent: OTLP's own paths, and what real clients make of them.</summary>
internal static class OtlpPath
{
    private static readonly (string Path, string Service, Signal Signal)[] Signals =
    [
        ("/v1/metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", Signal.Metrics),
        ("/v1/logs", "/opentelemetry.proto.collector.logs.v1.LogsService/Export", Signal.Logs),
        ("/v1/traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", Signal.Traces),
    ];

    /// <summary>The paths for OTLP over HTTP, as a sentence lists them.</summary>
    public const string Known = "/v1/metrics, /v1/logs and /v1/traces";

    /// <summary>True when a request is an export, or is meant as one: what is posted in an export's encoding, and is no reading.</summary>
    public static bool IsExport(HttpRequest request)
    {
        string path = request.Path.Value ?? "";
        return path.StartsWith("/v1", StringComparison.Ordinal)
            || OfHttp(path) is not null
            || (HttpMethods.IsPost(request.Method)
                && (IsRoot(path) || ((OtlpResponse.IsProtobuf(request) || OtlpResponse.IsJson(request)) && !path.StartsWith("/api/", StringComparison.Ordinal))));
    }

    /// <summary>
    /// The signal of a path, or null. The endpoint that users set is a base, to which clients add <c>/v1/metrics</c>; so a base path, a slash
    /// at the end and <c>/v1</c> twice are the signal's path all the same.
    /// </summary>
    public static Signal? OfHttp(string path)
    {
        string trimmed = path.TrimEnd('/');
        foreach ((string own, _, Signal signal) in Signals)
        {
            if (trimmed.EndsWith(own, StringComparison.Ordinal))
            {
                return signal;
            }
        }

        return null;
    }

    /// <summary>True for <c>/</c>: an endpoint for one signal is used as it stands, and often has no path. The body then says which signal it holds.</summary>
    public static bool IsRoot(string path) => path is "/" or "";

    /// <summary>The signal of a gRPC method, or null.</summary>
    public static Signal? OfGrpc(string path)
    {
        foreach ((_, string service, Signal signal) in Signals)
        {
            if (path.Equals(service, StringComparison.Ordinal))
            {
                return signal;
            }
        }

        return null;
    }
}
