using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OtelLite.Access;
using OtelLite.Receiver;

namespace OtelLite;

/// <summary>
/// Which protocol a connection speaks is told by its first bytes. The server speaks one per port where there is no TLS to negotiate, and answers
/// the other with silence or a word that no exporter shows; so here every port hands each connection to the protocol that it speaks, and whoever
/// came to the wrong port reads which variable to change. TLS, where there is a certificate, is on every port too, and what it brings is asked the same.
/// </summary>
/// <param name="certificate">Null: there is no TLS.</param>
/// <param name="plainFromAfar">Other machines may come in without TLS.</param>
internal sealed class ConnectionProtocols(IngestLog log, ServerCertificate? certificate, bool plainFromAfar)
{
    // TLS's ClientHello is a record of the type "handshake".
    private const byte TlsHandshake = 0x16;

    private readonly Http2Connections _http2Connections = new();
    private ConnectionDelegate? _http2;

    private enum Protocol
    {
        None,
        Http1,
        Http2,
        Tls,
    }

    // RFC 9113, 3.4: what every HTTP/2 connection begins with, and no other.
    private static ReadOnlySpan<byte> Http2Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Makes the server listen on these, and speak both protocols on each.</summary>
    public void Listen(KestrelServerOptions kestrel, IEnumerable<EndPoint> endPoints)
    {
        kestrel.Listen(Nowhere.EndPoint, options =>
        {
            options.Protocols = HttpProtocols.Http2;
            options.Use(next => _http2 = next);
        });
        foreach (EndPoint endPoint in endPoints)
        {
            kestrel.Listen(endPoint, options =>
            {
                options.Protocols = HttpProtocols.Http1;
                options.Use(http1 => connection => Serve(connection, http1));
            });
        }
    }

    /// <summary>Hands a connection to whoever speaks its protocol.</summary>
    internal async Task Serve(ConnectionContext connection, ConnectionDelegate http1)
    {
        Protocol protocol = await ProtocolOf(connection).ConfigureAwait(false);
        if (protocol == Protocol.Tls)
        {
            await ServeTls(connection, http1).ConfigureAwait(false);
        }
        else if (protocol != Protocol.None && !plainFromAfar && !IsFromThisMachine(connection))
        {
            await RefusePlain(connection, protocol).ConfigureAwait(false);
        }
        else
        {
            await ServePlain(connection, protocol, http1).ConfigureAwait(false);
        }
    }

    private async Task ServePlain(ConnectionContext connection, Protocol protocol, ConnectionDelegate http1)
    {
        if (protocol == Protocol.Http1)
        {
            await http1(connection).ConfigureAwait(false);
        }
        else if (protocol == Protocol.Http2)
        {
            await ServeHttp2(connection).ConfigureAwait(false);
        }
    }

    private async Task ServeHttp2(ConnectionContext connection)
    {
        if (!await _http2Connections.Serve(connection, _http2!).ConfigureAwait(false))
        {
            Remember(connection, $"there are too many connections with HTTP/2, as gRPC uses it ({Limits.Http2ConnectionsMax} at once, of which {Limits.Http2StrangersMax} without a token yet); one more was closed");
        }
    }

    private async Task ServeTls(ConnectionContext connection, ConnectionDelegate http1)
    {
        string? failure = certificate is null ? OtlpRefusal.NoTls(PortOf(connection)).Message
            : await TlsConnection.Serve(connection, certificate, async c => await ServePlain(c, await ProtocolOf(c).ConfigureAwait(false), http1).ConfigureAwait(false)).ConfigureAwait(false)
                is { } why ? OtlpRefusal.NoHandshake(PortOf(connection), why).Message
            : null;
        if (failure is not null)
        {
            Remember(connection, failure);
        }
    }

    // Said in the client's own words and not in TLS's, which it does not speak; over HTTP/2 there is no word before the greeting.
    private async Task RefusePlain(ConnectionContext connection, Protocol protocol)
    {
        string message = OtlpRefusal.NotPlain(PortOf(connection)).Message;
        Remember(connection, message);
        if (protocol == Protocol.Http1)
        {
            await connection.Transport.Output.WriteAsync(System.Text.Encoding.ASCII.GetBytes(
                $"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {message.Length + 1}\r\nConnection: close\r\n\r\n{message}\n")).ConfigureAwait(false);
        }
    }

    private void Remember(ConnectionContext connection, string message) => log.Refuse(
        $"port {PortOf(connection)}", StatusCodes.Status400BadRequest, message, (connection.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "");

    private static int PortOf(ConnectionContext connection) => (connection.LocalEndPoint as IPEndPoint)?.Port ?? 0;

    // What a machine sends to an address of its own crosses no network, and no other can send from there.
    private static bool IsFromThisMachine(ConnectionContext connection) =>
        connection.RemoteEndPoint is IPEndPoint { Address: var from } && (IPAddress.IsLoopback(from) || from.Equals((connection.LocalEndPoint as IPEndPoint)?.Address));

    // Looks at the bytes and leaves them for whoever reads the connection next.
    private static async Task<Protocol> ProtocolOf(ConnectionContext connection)
    {
        using CancellationTokenSource waiting = ConnectionEnd.Of(connection);
        waiting.CancelAfter(Limits.FirstBytesTimeout);
        PipeReader input = connection.Transport.Input;
        try
        {
            while (true)
            {
                ReadResult read = await input.ReadAsync(waiting.Token).ConfigureAwait(false);
                Protocol? protocol = ProtocolOf(read.Buffer);
                if (protocol is not null || read.IsCompleted)
                {
                    input.AdvanceTo(read.Buffer.Start);
                    return protocol ?? (read.Buffer.IsEmpty ? Protocol.None : Protocol.Http1);
                }

                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ConnectionAbortedException)
        {
            // Nothing was said in time, or the other side is gone, or this one is: the connection is closed.
            return Protocol.None;
        }
    }

    // Null while it can't be told.
    private static Protocol? ProtocolOf(ReadOnlySequence<byte> bytes)
    {
        Span<byte> first = stackalloc byte[Http2Preface.Length];
        int length = (int)Math.Min(bytes.Length, first.Length);
        bytes.Slice(0, length).CopyTo(first);
        return length == 0 ? null
            : first[0] == TlsHandshake ? Protocol.Tls
            : !Http2Preface.StartsWith(first[..length]) ? Protocol.Http1
            : length == Http2Preface.Length ? Protocol.Http2
            : null;
    }

    /// <summary>An address that nobody can connect to: the server makes its HTTP/2 for it, and the connections come from the other ports.</summary>
    internal sealed class Nowhere : IConnectionListenerFactory, IConnectionListenerFactorySelector
    {
        public static readonly EndPoint EndPoint = new NowhereEndPoint();

        public bool CanBind(EndPoint endpoint) => endpoint == EndPoint;

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(new Listener());

        private sealed class NowhereEndPoint : EndPoint
        {
            public override string ToString() => "nowhere";
        }

        private sealed class Listener : IConnectionListener
        {
            private readonly TaskCompletionSource<ConnectionContext?> _never = new(TaskCreationOptions.RunContinuationsAsynchronously);

            public EndPoint EndPoint => Nowhere.EndPoint;

            public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) => await _never.Task.ConfigureAwait(false);

            public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
            {
                _never.TrySetResult(null);
                return default;
            }

            public ValueTask DisposeAsync() => UnbindAsync();
        }
    }
}
