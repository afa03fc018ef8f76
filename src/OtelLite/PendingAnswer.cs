using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OtelLite;

/// <summary>A request that was sent, and what has come of its answer.</summary>
internal sealed class PendingAnswer : IDisposable
{
    private readonly Socket _socket;
    private readonly MemoryStream _bytes = new();

    private PendingAnswer(Socket socket) => _socket = socket;

    /// <summary>Sends; null when nothing takes it there in time.</summary>
    public static PendingAnswer? To(IPAddress address, int port, byte[] request, TimeSpan patience)
    {
        if (SocketFor(address.AddressFamily) is not { } socket)
        {
            return null;
        }

        try
        {
            socket.SendTimeout = (int)patience.TotalMilliseconds;
            if (socket.ConnectAsync(address, port).Wait(patience))
            {
                socket.Send(request);
                return new PendingAnswer(socket);
            }
        }
        catch (Exception e) when (e is SocketException or AggregateException)
        {
            // Nobody is there, or whoever is went away.
        }

        socket.Dispose();
        return null;
    }

    /// <summary>A socket for addresses of one kind; null on a machine that has no such addresses, where nobody can be reached at one.</summary>
    public static Socket? SocketFor(AddressFamily family)
    {
        try
        {
            return new Socket(family, SocketType.Stream, ProtocolType.Tcp);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>The answer, or null when it is not whole by then; it may be waited for again.</summary>
    public ServerAnswer? Wait(TimeSpan patience)
    {
        byte[] buffer = new byte[16 << 10];
        var clock = Stopwatch.StartNew();
        try
        {
            while (_bytes.Length <= Limits.AnswerBytesMax && patience - clock.Elapsed is { Ticks: > 0 } left && _socket.Poll(left, SelectMode.SelectRead))
            {
                int read = _socket.Receive(buffer);
                if (read == 0)
                {
                    return ServerAnswer.Parse(Encoding.UTF8.GetString(_bytes.GetBuffer(), 0, (int)_bytes.Length));
                }

                _bytes.Write(buffer, 0, read);
            }
        }
        catch (SocketException)
        {
            // It was cut off.
        }

        return null;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _bytes.Dispose();
    }
}
