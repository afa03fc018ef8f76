using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace OtelLite.Doctor;

/// <summary>
/// One gRPC call as bytes, and what is understood of its answer. It is the least of HTTP/2 that a call needs: its headers are sent plain, and of the
/// answer's only the status is looked for where it is sent plain too, as OtelLite does.
/// </summary>
internal static class GrpcExport
{
    private const int Data = 0, Headers = 1, Reset = 3, Settings = 4, GoAway = 7;
    private const int EndStream = 1, EndHeaders = 4;

    // RFC 9113: a frame's head, and the largest that may be sent to who has not asked for larger ones.
    private const int FrameHead = 9, FrameMax = 16384;

    /// <summary>An export without a record, whose message is no bytes at all.</summary>
    public static byte[] Call(Route route, string agent)
    {
        string method = route.Signal == "traces" ? "trace.v1.TraceService" : $"{route.Signal}.v1.{char.ToUpperInvariant(route.Signal[0])}{route.Signal[1..]}Service";
        List<byte> block = [];
        Add(block, ":method", "POST");
        Add(block, ":scheme", "http");
        Add(block, ":path", $"/opentelemetry.proto.collector.{method}/Export");
        Add(block, ":authority", route.Url!.Authority);
        Add(block, "te", "trailers");
        Add(block, "content-type", "application/grpc");
        Add(block, "user-agent", agent);
        foreach ((string name, string value) in route.Headers)
        {
            Add(block, name.ToLowerInvariant(), value);
        }

        // gRPC: not compressed, and the message's length in four bytes.
        byte[] empty = [0, 0, 0, 0, 0];
        return
        [
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, []), .. Frame(Headers, EndHeaders, 1, [.. block]), .. Frame(Data, EndStream, 1, empty),
        ];
    }

    public static ExportAnswer Answer(NetworkStream stream)
    {
        var headers = new StringBuilder();
        byte[] head = new byte[FrameHead];
        bool isFirst = true;
        for (long read = 0; read < Limits.AnswerBytesMax;)
        {
            if (stream.ReadAtLeast(head, FrameHead, throwOnEndOfStream: false) < FrameHead)
            {
                break;
            }

            int length = (head[0] << 16) | (head[1] << 8) | head[2], type = head[3], flags = head[4];
            if ((isFirst && type != Settings) || length > FrameMax)
            {
                return new(ExportOutcome.OtherProtocol, "what answers does not speak gRPC");
            }

            isFirst = false;
            byte[] content = new byte[length];
            stream.ReadExactly(content);
            read += FrameHead + length;
            if (type == Headers)
            {
                headers.Append(Encoding.Latin1.GetString(content));
                if ((flags & EndStream) != 0)
                {
                    return OfStatus(headers.ToString());
                }
            }
            else if (type is Reset or GoAway)
            {
                break;
            }
        }

        return isFirst ? new(ExportOutcome.OtherProtocol, "what answers does not speak gRPC") : new(ExportOutcome.Refused, "it ended the call without an answer");
    }

    // "grpc-status" is followed by its value's length in one byte and the value.
    private static ExportAnswer OfStatus(string headers)
    {
        const string name = "grpc-status";
        int at = headers.IndexOf(name, StringComparison.Ordinal) + name.Length;
        int length = at >= name.Length && at < headers.Length ? headers[at] : 0;
        return length is 0 or > 2 || at + length >= headers.Length || !int.TryParse(headers.AsSpan(at + 1, length), NumberStyles.None, CultureInfo.InvariantCulture, out int status)
            ? new(ExportOutcome.Refused, "its answer is not understood")
            : status == 0 ? new(ExportOutcome.Taken, "")
            : new(status == 16 ? ExportOutcome.Unauthorized : ExportOutcome.Refused, $"it answers gRPC status {status}");
    }

    // HPACK (RFC 7541), 6.2.2: a literal that is in no table, without Huffman's code.
    private static void Add(List<byte> block, string name, string value)
    {
        block.Add(0);
        AddText(block, name);
        AddText(block, value);
    }

    private static void AddText(List<byte> block, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        const int inPrefix = 127;
        block.Add((byte)Math.Min(bytes.Length, inPrefix));
        if (bytes.Length >= inPrefix)
        {
            int rest = bytes.Length - inPrefix;
            for (; rest >= 128; rest >>= 7)
            {
                block.Add((byte)((rest & inPrefix) | 128));
            }

            block.Add((byte)rest);
        }

        block.AddRange(bytes);
    }

    private static byte[] Frame(int type, int flags, int stream, byte[] content)
    {
        byte[] frame = new byte[FrameHead + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, content.Length << 8);
        frame[3] = (byte)type;
        frame[4] = (byte)flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        content.CopyTo(frame, FrameHead);
        return frame;
    }
}
