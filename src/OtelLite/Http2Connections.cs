using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace OtelLite;

/// <summary>
/// The connections over HTTP/2. One may begin a hundred requests before the first of them is looked at, each with long headers for a byte or two: 2.6 MB. So there are only
/// so many connections, and of those that have not brought a good token yet a few at a time.
/// </summary>
internal sealed class Http2Connections
{
    private readonly Lock _lock = new();

    // Guarded by _lock; the oldest is the first.
    private readonly List<Http2Connection> _strangers = [];
    private int _open;
    private int _ended;

    /// <summary>Serves one until it ends. False when it may not even begin, for there are too many.</summary>
    public async Task<bool> Serve(ConnectionContext connection, ConnectionDelegate http2)
    {
        Http2Connection? stranger = null;
        try
        {
            if (Interlocked.Increment(ref _open) > Limits.Http2ConnectionsMax)
            {
                return false;
            }

            stranger = await Enter(connection).ConfigureAwait(false);
            if (stranger is not null)
            {
                connection.Features.Set(stranger);
                await http2(connection).ConfigureAwait(false);
            }

            return true;
        }
        finally
        {
            Interlocked.Decrement(ref _open);
            stranger?.Leave();
            // The hundred that it began have outlived the collections in which most is found.
            if (stranger is { IsEnded: true } && Interlocked.Increment(ref _ended) % Limits.EndedConnectionsPerCollection == 0)
            {
                GC.Collect();
            }
        }
    }

    // Null where it ended while it waited.
    private async Task<Http2Connection?> Enter(ConnectionContext connection)
    {
        var stranger = new Http2Connection(connection.Abort, Leave);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            connection.ConnectionClosed, connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default);
        while (!TryEnter(stranger))
        {
            EndOldest();
            await Task.Delay(Limits.StrangerLook, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ending.IsCancellationRequested)
            {
                return null;
            }
        }

        return stranger;
    }

    private bool TryEnter(Http2Connection stranger)
    {
        lock (_lock)
        {
            if (_strangers.Count >= Limits.Http2StrangersMax)
            {
                return false;
            }

            _strangers.Add(stranger);
            return true;
        }
    }

    private void Leave(Http2Connection stranger)
    {
        lock (_lock)
        {
            _strangers.Remove(stranger);
        }
    }

    // Who says nothing may stay for as long as nobody waits.
    private void EndOldest()
    {
        Http2Connection? oldest;
        lock (_lock)
        {
            oldest = _strangers.Find(s => !s.IsEnded);
        }

        if (oldest?.Age >= Limits.StrangerAlone)
        {
            oldest.End();
        }
    }
}
