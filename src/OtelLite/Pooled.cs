using System.Buffers;
using System.Runtime.InteropServices;

namespace OtelLite;

/// <summary>
/// Bytes for a body, or for a part of it, or for an answer. Those of usual ones are arrays that are kept for the next; .NET's pool would keep a huge one as well, one for each thread that
/// ever gave one back, and so those are the system's.
/// </summary>
internal static class Pooled
{
    /// <summary>At least so many bytes, with anything in them.</summary>
    public static Memory<byte> Rent(int size) =>
        size <= Limits.PooledBodyBytesMax ? ArrayPool<byte>.Shared.Rent(size) : new SystemMemory(size).Memory;

    /// <summary>Gives back what was rented, all of it, or nothing. Nobody may touch it afterwards.</summary>
    public static void Return(Memory<byte> bytes)
    {
        if (MemoryMarshal.TryGetMemoryManager<byte, SystemMemory>(bytes, out SystemMemory? large))
        {
            large.Dispose();
        }
        else if (MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> array))
        {
            ArrayPool<byte>.Shared.Return(array.Array!);
        }
    }

    /// <summary>Replaces the bytes by at least <paramref name="size"/> that start with the same <paramref name="kept"/>.</summary>
    public static void Grow(ref Memory<byte> bytes, int kept, long size)
    {
        Memory<byte> larger = Rent((int)Math.Min(Array.MaxLength, size));
        bytes.Span[..kept].CopyTo(larger.Span);
        Return(bytes);
        bytes = larger;
    }
}
