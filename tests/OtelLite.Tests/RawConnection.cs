using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace OtelLite.Tests;

/// <summary>An answer as it stands on the wire.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonNode Json => JsonNode.Parse(Body)!;

    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>
/// One TCP connection on which a test writes every byte itself: for what an HTTP library would not let it do, and for seeing
/// whether a connection lives on.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    /// <summary>How a client begins HTTP/2, with SETTINGS that say nothing (RFC 9113, 3.4).</summary>
    public static readonly byte[] Http2Greeting = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly TimeSpan _patience;

    private RawConnection(Socket socket, TimeSpan patience)
    {
        (_socket, _patience) = (socket, patience);
        _stream = new NetworkStream(socket);
    }

    /// <param name="patience">How long each answer may take; null: as long as any test waits.</param>
    public static async Task<RawConnection> Open(string url, TimeSpan? patience = null)
    {
        var uri = new Uri(url);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(uri.Host, uri.Port);
        return new RawConnection(socket, patience ?? Patience);
    }

    /// <summary>The head of a request with the test's token; header lines as they are to be written.</summary>
    public static string Head(string method, string path, params string[] headers) =>
        $"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n";

    public Task Send(string text) => Send(Encoding.UTF8.GetBytes(text));

    public async Task Send(byte[] bytes)
    {
        using var patience = new CancellationTokenSource(_patience);
        await _stream.WriteAsync(bytes, patience.Token);
    }

    /// <summary>A whole JSON export with its length.</summary>
    public Task Post(string path, byte[] body, params string[] headers) => Send([
        .. Encoding.UTF8.GetBytes(Head("POST", path,
        [
            $"Authorization: Bearer {RunningServer.TestToken}", "Content-Type: application/json", $"Content-Length: {body.Length}", .. headers,
        ])),
        .. body]);

    /// <summary>Tells the server that nothing more comes, and still reads.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>The next answer; a 100 is an answer too.</summary>
    public async Task<RawAnswer> Read(bool toHead = false)
    {
        using var patience = new CancellationTokenSource(_patience);
        string[] lines = await ReadHead(patience.Token);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        int status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        byte[] body = new byte[toHead || status is 100 or 304 ? 0 : int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        await _stream.ReadExactlyAsync(body, patience.Token);
        return new RawAnswer(status, headers, body);
    }

    /// <summary>True when the server closed the connection without saying more.</summary>
    public async Task<bool> IsClosed()
    {
        using var patience = new CancellationTokenSource(_patience);
        try
        {
            return await _stream.ReadAsync(new byte[1], patience.Token) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Whether it is closed within so long, whatever comes before that.</summary>
    public async Task<bool> EndsWithin(TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        while (!HasEnded())
        {
            if (clock.Elapsed > time)
            {
                return false;
            }

            await Task.Delay(20);
        }

        return true;
    }

    /// <summary>Whether it is closed by now, whatever came before that.</summary>
    public bool HasEnded()
    {
        byte[] buffer = new byte[1 << 16];
        try
        {
            while (_socket.Poll(0, SelectMode.SelectRead))
            {
                if (_socket.Receive(buffer) == 0)
                {
                    return true;
                }
            }

            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private async Task<string[]> ReadHead(CancellationToken patience)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            Assert.True(await _stream.ReadAsync(one, patience) == 1, $"the server closed the connection after '{head}'");
            head.Append((char)one[0]);
        }

        return head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
    }
}
