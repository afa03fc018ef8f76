namespace OtelLite;

/// <summary>What each port is for; one that was given for both is for both.</summary>
/// <param name="Http">Ports of the dashboard and OTLP/HTTP; the first is the one that is told to people.</param>
/// <param name="Grpc">0 where nothing is received over gRPC.</param>
internal sealed record ReceivingPorts(IReadOnlyList<int> Http, int Grpc)
{
    public bool IsForGrpcOnly(int port) => port == Grpc && !Http.Contains(port);

    public bool IsForHttpOnly(int port) => port != Grpc;

    /// <summary>A sentence that names them all.</summary>
    public override string ToString()
    {
        int[] http = [.. Http.Distinct()];
        return $"OTLP over HTTP is received on {(http.Length > 1 ? "ports" : "port")} {string.Join(" and ", http)}{(Grpc > 0 ? $", over gRPC on port {Grpc}" : "")}.";
    }
}
