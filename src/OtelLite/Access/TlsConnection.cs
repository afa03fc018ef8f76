using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace OtelLite.Access;

/// <summary>A connection that speaks TLS, as a plain one to whoever serves it.</summary>
internal static class TlsConnection
{
    /// <summary>Shakes hands and serves; why the two could not agree, or null.</summary>
    public static async Task<string?> Serve(ConnectionContext connection, ServerCertificate certificate, ConnectionDelegate next)
    {
        IDuplexPipe plain = connection.Transport;
        var tls = new TlsStream(certificate.Begin(), plain.Input.AsStream(leaveOpen: true), plain.Output.AsStream(leaveOpen: true));
        await using (tls.ConfigureAwait(false))
        {
            using (var patience = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed))
            {
                patience.CancelAfter(Limits.HandshakeTimeout);
                try
                {
                    await tls.ShakeHands(patience.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    return "the client stood still in the middle";
                }
                catch (IOException e)
                {
                    return e.Message;
                }
            }

            connection.Transport = new Pipes(PipeReader.Create(tls, new StreamPipeReaderOptions(leaveOpen: true)), PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)));
            var told = new Told(tls.Protocol);
            connection.Features.Set<ITlsConnectionFeature>(told);
            connection.Features.Set<ITlsApplicationProtocolFeature>(told);
            try
            {
                await next(connection).ConfigureAwait(false);
                await connection.Transport.Input.CompleteAsync().ConfigureAwait(false);
                await connection.Transport.Output.CompleteAsync().ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The client went away before its answer did.
            }
            finally
            {
                connection.Transport = plain;
            }
        }

        return null;
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    // That it is there tells the server that its scheme is https; HTTP/2 it takes where that was agreed on.
    private sealed class Told(ReadOnlyMemory<byte> protocol) : ITlsConnectionFeature, ITlsApplicationProtocolFeature
    {
        public ReadOnlyMemory<byte> ApplicationProtocol => protocol;

        public X509Certificate2? ClientCertificate { get; set; }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
    }
}
