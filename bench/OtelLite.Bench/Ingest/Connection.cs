using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OtelLite.Bench.Ingest;

/// <summary>One client's connection, kept open: a thread that sends a body, waits for its acknowledgement, and sends the next. A bare socket, so that the client takes little of the machine.</summary>
internal sealed class Connection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    // The system's: as an array it would lie among the large objects of the process whose collections are counted (MemoryRun.cs).
    private readonly SystemMemory _buffer = new(256 << 10);
    private readonly byte[] _head;
    private readonly bool _isChunked;

    public Connection(int port, string path, string token, bool isChunked)
    {
        _isChunked = isChunked;
        _socket.Connect(IPAddress.Loopback, port);
        _head = Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{(isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: ")}");
    }

    /// <summary>Sends a body and reads the answer.</summary>
    /// <exception cref="InvalidOperationException">It was not acknowledged.</exception>
    public TimeSpan Send(ReadOnlySpan<byte> body)
    {
        long begun = Stopwatch.GetTimestamp();
        int length = 0;
        void Add(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_buffer.Bytes[length..]);
            length += bytes.Length;
        }

        Add(_head);
        Add(Encoding.ASCII.GetBytes(body.Length.ToString(_isChunked ? "x" : "", CultureInfo.InvariantCulture)));
        Add(_isChunked ? "\r\n"u8 : "\r\n\r\n"u8);
        Add(body);
        if (_isChunked)
        {
            Add("\r\n0\r\n\r\n"u8);
        }

        for (int sent = 0; sent < length;)
        {
            sent += _socket.Send(_buffer.Bytes[sent..length]);
        }

        ReadAnswer();
        return Stopwatch.GetElapsedTime(begun);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _buffer.Dispose();
    }

    private void ReadAnswer()
    {
        int length = 0;
        while (true)
        {
            int read = _socket.Receive(_buffer.Bytes[length..]);
            length += read;
            ReadOnlySpan<byte> answer = _buffer.Bytes[..length];
            int head = answer.IndexOf("\r\n\r\n"u8);
            if (head >= 0 && length >= head + 4 + ContentLength(answer[..head]))
            {
                if (!answer.StartsWith("HTTP/1.1 200"u8))
                {
                    throw new InvalidOperationException(Encoding.UTF8.GetString(answer));
                }

                return;
            }

            if (read == 0)
            {
                throw new InvalidOperationException("the connection was closed");
            }
        }
    }

    private static int ContentLength(ReadOnlySpan<byte> head)
    {
        int at = head.IndexOf("Content-Length: "u8);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(head[(at + 16)..], out int length, out _) ? length : 0;
    }
}
