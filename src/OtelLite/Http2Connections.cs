using System.Diagnostics;
using Microsoft.AspNetCore.Connections;

namespace OtelLite;

/// <summary>
/// The connections over HTTP/2. One may begin a hundred requests before the first of them is looked at, each with long headers for a byte or two: 3.4 MB. So there are only
/// so many connections, and of those that have not brought a good token yet a few at a time; others wait for their turn.
/// </summary>
internal sealed class Http2Connections
{
    private readonly Lock _lock = new();

    // Guarded by _lock. Those that are read and have brought no token, and those that wait for it; the oldest is the first.
    private readonly List<Http2Connection> _strangers = [];
    private readonly List<Http2Connection> _waiting = [];

    // All that are read, guarded by _lock too.
    private int _open;
    private int _ended;

    /// <summary>Serves one until it ends. False when there are too many others.</summary>
    public async Task<bool> Serve(ConnectionContext connection, ConnectionDelegate http2)
    {
        var stranger = new Http2Connection(connection.Abort, NoStranger);
        if (!StandInLine(stranger))
        {
            return false;
        }

        bool? isIn = false;
        try
        {
            isIn = await Enter(stranger, connection).ConfigureAwait(false);
            if (isIn == true)
            {
                connection.Features.Set(stranger);
                await http2(connection).ConfigureAwait(false);
            }

            return isIn is not null;
        }
        finally
        {
            Leave(stranger, wasIn: isIn == true);
        }
    }

    private bool StandInLine(Http2Connection stranger)
    {
        lock (_lock)
        {
            if (_waiting.Count == Limits.StrangersWaitingMax)
            {
                return false;
            }

            _waiting.Add(stranger);
            return true;
        }
    }

    // False where it ended while it waited, null where it waited too long.
    private async Task<bool?> Enter(Http2Connection stranger, ConnectionContext connection)
    {
        long begun = Stopwatch.GetTimestamp();
        using CancellationTokenSource ending = ConnectionEnd.Of(connection);
        while (!TryEnter(stranger))
        {
            OldestToEnd()?.EndStranger();
            await Task.Delay(Limits.StrangerLook, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ending.IsCancellationRequested || Stopwatch.GetElapsedTime(begun) >= Limits.StrangerWait)
            {
                return ending.IsCancellationRequested ? false : null;
            }
        }

        return true;
    }

    private bool TryEnter(Http2Connection stranger)
    {
        lock (_lock)
        {
            if (_open >= Limits.Http2ConnectionsMax || _strangers.Count >= Limits.Http2StrangersMax || _waiting[0] != stranger)
            {
                return false;
            }

            _open++;
            _waiting.RemoveAt(0);
            stranger.Begin();
            _strangers.Add(stranger);
            return true;
        }
    }

    private void NoStranger(Http2Connection connection)
    {
        lock (_lock)
        {
            _strangers.Remove(connection);
        }
    }

    private void Leave(Http2Connection connection, bool wasIn)
    {
        lock (_lock)
        {
            _open -= wasIn ? 1 : 0;
            _waiting.Remove(connection);
            _strangers.Remove(connection);
        }

        // The hundred that it began have outlived the collections in which most is found.
        if (connection.AskedTooMuch && Interlocked.Increment(ref _ended) % Limits.EndedConnectionsPerCollection == 0)
        {
            GC.Collect();
        }
    }

    // Who says nothing may stay for as long as nobody waits; and no more of them end than wait for a place that is neither free nor about to be, as that of one that was ended is.
    private Http2Connection? OldestToEnd()
    {
        lock (_lock)
        {
            int free = Math.Min(Limits.Http2StrangersMax - _strangers.Count, Limits.Http2ConnectionsMax - _open) + _strangers.Count(s => s.IsEnded);
            return free < _waiting.Count && _strangers.Find(s => !s.IsEnded) is { } oldest && oldest.Age >= Limits.StrangerAlone ? oldest : null;
        }
    }
}
