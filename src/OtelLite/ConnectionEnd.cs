using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace OtelLite;

/// <summary>When who waits for a connection need not wait any longer.</summary>
internal static class ConnectionEnd
{
    /// <summary>Cancelled once the other side is gone, or this one is to go. To be disposed of.</summary>
    public static CancellationTokenSource Of(ConnectionContext connection) => CancellationTokenSource.CreateLinkedTokenSource(
        connection.ConnectionClosed, connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default);
}
