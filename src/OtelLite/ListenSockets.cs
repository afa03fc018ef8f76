using System.Net;
using System.Net.Sockets;

namespace OtelLite;

/// <summary>A port that can't be had; the message says what to do about one of --urls.</summary>
internal sealed class ListenException(string reason, string remedy) : Exception($"{reason}. {remedy}")
{
    public string Reason => reason;
}

/// <summary>
/// The sockets the server listens on, bound before the server starts: so a taken port is one plain sentence, port 0 is known
/// at once, and localhost is the same port on 127.0.0.1 and ::1 (clients differ in which they try first).
/// </summary>
internal sealed class ListenSockets
{
    private readonly Dictionary<EndPoint, Socket> _byEndPoint = [];

    public IEnumerable<EndPoint> EndPoints => _byEndPoint.Keys;

    /// <summary>Hands the bound socket of an endpoint to the server.</summary>
    public Socket Take(EndPoint endPoint) => _byEndPoint[endPoint];

    /// <summary>
    /// Binds every address of the URL to one port, and returns the port. An address family that the machine lacks is left out, and an
    /// address that is listened on already needs no second socket.
    /// </summary>
    /// <exception cref="ListenException">The port is taken or may not be used.</exception>
    public int Bind(ListenUrl url)
    {
        List<Socket> bound = [];
        bool listens = false;
        int port = url.Port;
        try
        {
            foreach (IPAddress address in url.Addresses)
            {
                if (Has(address, port))
                {
                    listens = true;
                }
                else if (TryBind(address, port) is { } socket)
                {
                    bound.Add(socket);
                    port = ((IPEndPoint)socket.LocalEndPoint!).Port;
                }
            }
        }
        catch (SocketException e)
        {
            bound.ForEach(s => s.Dispose());
            throw e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => new ListenException(
                    $"port {port} is in use by another program", $"Stop that one, or choose another port with --urls http://{url.Host}:PORT."),
                SocketError.AccessDenied => new ListenException(
                    $"port {port} may not be used by you", $"Choose one above 1023 with --urls http://{url.Host}:PORT."),
                _ => new ListenException($"can't listen on {url.Host}:{port}: {e.Message}", "Choose another address with --urls."),
            };
        }

        if (!listens && bound.Count == 0)
        {
            throw new ListenException($"this machine has no address {url.Host}", "Choose another with --urls.");
        }

        bound.ForEach(s => _byEndPoint.Add(s.LocalEndPoint!, s));
        return port;
    }

    // By itself, or as part of an address that stands for all.
    private bool Has(IPAddress address, int port) => _byEndPoint.Keys.Cast<IPEndPoint>().Any(e => e.Port == port
        && (e.Address.Equals(address) || e.Address.Equals(IPAddress.IPv6Any)
            || (e.Address.Equals(IPAddress.Any) && address.AddressFamily == AddressFamily.InterNetwork)));

    private static Socket? TryBind(IPAddress address, int port)
    {
        Socket socket;
        try
        {
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressFamilyNotSupported)
        {
            return null;
        }

        try
        {
            // On Unix .NET sets SO_REUSEADDR, which lets a restart bind at once and still refuses a port that someone listens on;
            // on Windows the same option would share it.
            if (OperatingSystem.IsWindows())
            {
                socket.ExclusiveAddressUse = true;
            }

            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(address, port));
            // Only a socket that listens keeps others off its port; the server asks for the same once more.
            socket.Listen(Limits.ConnectionsWaitingMax);
            return socket;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            socket.Dispose();
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
