using System.Net;
using System.Net.Sockets;

namespace OtelLite.Tests;

/// <summary>A port that nobody listens on, for what must be told a number beforehand.</summary>
internal static class FreePort
{
    public static int Next()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
