using System.Numerics;

namespace OtelLite.Storage;

/// <summary>
/// Into which bucket a number falls, and how counts by bucket are written. Numbers up to 31 have a bucket each, and larger ones share 16 between each power of two and the next: a
/// bucket is at most 1/16 as wide as its numbers are large. Twice as many took longer to read than they spared of the numbers in one.
/// </summary>
internal static class SpreadBuckets
{
    private const int Bits = 4;
    private const int Width = 1 << Bits;

    /// <summary>How many buckets there are.</summary>
    public const int Count = Width * (63 - Bits + 1);

    /// <summary>Room for all counts, each as large as it can be, behind its distance from the one before.</summary>
    public const int BytesMax = Count * (2 + 10);

    /// <summary>The bucket of a number; those below 0, which a broken clock makes, are in the first one.</summary>
    public static int Of(long number)
    {
        if (number < Width)
        {
            return (int)Math.Max(0, number);
        }

        int shift = BitOperations.Log2((ulong)number) - Bits;
        return ((shift + 1) * Width) + (int)((number >> shift) - Width);
    }

    /// <summary>The least and the largest number of a bucket.</summary>
    public static (long First, long Last) Bounds(int bucket)
    {
        if (bucket < Width)
        {
            return (bucket == 0 ? long.MinValue : bucket, bucket);
        }

        int shift = (bucket / Width) - 1;
        long first = (long)(Width + (bucket % Width)) << shift;
        return (first, first + (1L << shift) - 1);
    }

    /// <summary>Adds written counts to others. What is no such writing, as in a damaged file, adds nothing from there on.</summary>
    public static void Add(ReadOnlySpan<byte> written, Span<long> counts)
    {
        int at = 0;
        long bucket = -1;
        while (TryRead(written, ref at, out ulong distance) && distance < Count && (bucket += (long)distance + 1) < counts.Length && TryRead(written, ref at, out ulong count))
        {
            // Signed: where a file was damaged, more may be taken out than stood there.
            counts[(int)bucket] += (long)(count >> 1) ^ -(long)(count & 1);
        }
    }

    /// <summary>Writes what is not 0, and tells how many bytes that are.</summary>
    public static int Write(ReadOnlySpan<long> counts, Span<byte> to)
    {
        int length = 0, before = -1;
        for (int bucket = 0; (bucket = Next(counts, bucket)) >= 0; bucket++)
        {
            length += Write((ulong)(bucket - before - 1), to[length..]);
            length += Write((ulong)((counts[bucket] << 1) ^ (counts[bucket] >> 63)), to[length..]);
            before = bucket;
        }

        return length;
    }

    private static int Next(ReadOnlySpan<long> counts, int from)
    {
        int distance = counts[from..].IndexOfAnyExcept(0);
        return distance < 0 ? -1 : from + distance;
    }

    private static int Write(ulong number, Span<byte> to)
    {
        int length = 0;
        for (; number >= 0x80; number >>= 7)
        {
            to[length++] = (byte)(number | 0x80);
        }

        to[length++] = (byte)number;
        return length;
    }

    // A question over a quarter of a year reads 40,000 of them, nearly all of one byte.
    private static bool TryRead(ReadOnlySpan<byte> from, ref int at, out ulong number)
    {
        if (at < from.Length && from[at] < 0x80)
        {
            number = from[at++];
            return true;
        }

        return TryReadLonger(from, ref at, out number);
    }

    private static bool TryReadLonger(ReadOnlySpan<byte> from, ref int at, out ulong number)
    {
        number = 0;
        for (int i = 0; i < 10 && at < from.Length; i++)
        {
            byte part = from[at++];
            number |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
