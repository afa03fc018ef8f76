using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OtelLite.Tests;

/// <summary>A port that nobody listens on, for what must be told a number beforehand. No two ask for the same one: the system gives a port again at once that nobody has taken.</summary>
internal static class FreePort
{
    private static readonly ConcurrentDictionary<int, bool> Given = [];

    public static int Next()
    {
        while (true)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            int port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            if (Given.TryAdd(port, true))
            {
                return port;
            }
        }
    }

    /// <summary>
    /// One where a connection is refused for as long as the socket is there: it has the port and does not listen. A port that is only free may be another test's
    /// server a moment later.
    /// </summary>
    public static Socket Refusing(out int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }
}
