using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace OtelLite.Receiver;

/// <summary>What inflating a body came to.</summary>
internal enum GzipResult
{
    Done,
    Bad,
    TooLarge,
}

/// <summary>
/// Gzip that is checked to its end. .NET's GZipStream returns normally on a truncated stream, so a cut body could be stored as
/// a shorter valid one: here each member's length and checksum must stand behind it (RFC 1952, 2.3.1).
/// </summary>
internal static class Gzip
{
    private const int TrailerBytes = 8;

    // What deflate can make of one byte at the most.
    private const int DeflateRatioMax = 1032;

    /// <summary>
    /// How long the body says that it is once it is inflated: the right size for its buffer where it is true, and no more than its bytes could hold where
    /// it is not. A buffer that grows instead is all the smaller ones' memory on top of its own.
    /// </summary>
    public static long LengthTold(ReadOnlySpan<byte> gzip) =>
        gzip.Length < TrailerBytes ? 0 : Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(gzip[^4..]), (long)gzip.Length * DeflateRatioMax);

    /// <summary>Inflates into a pooled buffer that grows, never beyond <paramref name="max"/> bytes.</summary>
    public static GzipResult Inflate(ReadOnlyMemory<byte> from, int max, ref Memory<byte> to, out int written)
    {
        written = 0;
        if (!TrySkipHeader(from.Span, out int start))
        {
            return GzipResult.Bad;
        }

        // One member is what every client sends. Its last byte is handed over by itself: whether the inflater asks for it tells whether the member
        // goes to its very end, as .NET reads ahead and does not say where it stopped.
        int end = from.Length - TrailerBytes;
        if (start >= end)
        {
            return GzipResult.Bad;
        }

        var bytes = new Stepped(from[..end], start, end - 1);
        GzipResult result = InflateMember(bytes, max, ref to, ref written);
        if (result != GzipResult.Done || (bytes.At == end && HasTrailer(from.Span[end..], to.Span[..written])))
        {
            return result;
        }

        return InflateMembers(from, max, ref to, out written);
    }

    // Several members are one stream (RFC 1952, 2.2). Each is inflated once in large steps to see in which of them it ends, and once more with that
    // step byte by byte, which makes its end exact.
    private static GzipResult InflateMembers(ReadOnlyMemory<byte> from, int max, ref Memory<byte> to, out int written)
    {
        int at = 0;
        written = 0;
        while (at < from.Length)
        {
            if (!TrySkipHeader(from.Span[at..], out int header))
            {
                return GzipResult.Bad;
            }

            int member = written;
            var coarse = new Stepped(from, at + header, from.Length);
            GzipResult result = InflateMember(coarse, max, ref to, ref written);
            if (result != GzipResult.Done)
            {
                return result;
            }

            written = member;
            var exact = new Stepped(from, at + header, coarse.LastStepAt);
            _ = InflateMember(exact, max, ref to, ref written);
            at = exact.At + TrailerBytes;
            if (at > from.Length || !HasTrailer(from.Span.Slice(exact.At, TrailerBytes), to.Span[member..written]))
            {
                return GzipResult.Bad;
            }
        }

        return GzipResult.Done;
    }

    private static GzipResult InflateMember(Stream deflated, int max, ref Memory<byte> to, ref int written)
    {
        try
        {
            using var inflater = new DeflateStream(deflated, CompressionMode.Decompress);
            while (true)
            {
                if (written == max || written == to.Length)
                {
                    // One byte tells whether that was all, without a larger buffer for it.
                    int next = inflater.ReadByte();
                    if (next < 0)
                    {
                        return GzipResult.Done;
                    }

                    if (written == max)
                    {
                        return GzipResult.TooLarge;
                    }

                    Pooled.Grow(ref to, written, Math.Min(max, written * 2L));
                    to.Span[written++] = (byte)next;
                    continue;
                }

                int read = inflater.Read(to.Span[written..Math.Min(to.Length, max)]);
                if (read == 0)
                {
                    return GzipResult.Done;
                }

                written += read;
            }
        }
        catch (InvalidDataException)
        {
            return GzipResult.Bad;
        }
    }

    private static bool HasTrailer(ReadOnlySpan<byte> trailer, ReadOnlySpan<byte> inflated) =>
        trailer.Length == TrailerBytes
        && BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) == (uint)inflated.Length
        && BinaryPrimitives.ReadUInt32LittleEndian(trailer) == Crc32.HashToUInt32(inflated);

    private static bool TrySkipHeader(ReadOnlySpan<byte> gzip, out int length)
    {
        const int fixedBytes = 10, hasCrc = 2, hasExtra = 4, hasName = 8, hasComment = 16;
        length = fixedBytes;
        if (gzip.Length < fixedBytes + TrailerBytes || gzip[0] != 0x1F || gzip[1] != 0x8B || gzip[2] != 8)
        {
            return false;
        }

        byte flags = gzip[3];
        if ((flags & hasExtra) != 0)
        {
            length += 2 + BinaryPrimitives.ReadUInt16LittleEndian(gzip[length..]);
        }

        foreach (int text in (ReadOnlySpan<int>)[hasName, hasComment])
        {
            if ((flags & text) != 0 && length < gzip.Length)
            {
                int end = gzip[length..].IndexOf((byte)0);
                length = end < 0 ? gzip.Length : length + end + 1;
            }
        }

        length += (flags & hasCrc) != 0 ? 2 : 0;
        return length <= gzip.Length;
    }

    /// <summary>Gives bytes in large steps up to a place and from there one a read, so that what reads it takes no more than it needs.</summary>
    private sealed class Stepped(ReadOnlyMemory<byte> bytes, int start, int fineFrom) : Stream
    {
        /// <summary>Behind the last byte that was given.</summary>
        public int At { get; private set; } = start;

        /// <summary>Where the last step began.</summary>
        public int LastStepAt { get; private set; } = start;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, At < fineFrom ? fineFrom - At : Math.Min(1, bytes.Length - At));
            bytes.Span.Slice(At, count).CopyTo(buffer);
            LastStepAt = At;
            At += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
