using System.Buffers;

namespace OtelLite.Receiver;

/// <summary>
/// Arrays for bodies. Those of usual bodies are kept for the next; .NET's pool would keep a huge one as well, one for each thread that ever gave one
/// back, and so those are made and let go.
/// </summary>
internal static class Pooled
{
    /// <summary>An array of at least so many bytes, with anything in it.</summary>
    public static byte[] Rent(int size) =>
        size <= Limits.PooledBodyBytesMax ? ArrayPool<byte>.Shared.Rent(size) : SpareMemory.Make<byte>(size);

    /// <summary>Gives back what was rented, or an empty array. Nobody may touch it afterwards.</summary>
    public static void Return(byte[] bytes)
    {
        if (bytes.Length <= Limits.PooledBodyBytesMax)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
        else
        {
            SpareMemory.LetGo(bytes.Length);
        }
    }

    /// <summary>Replaces the array by one of at least <paramref name="size"/> bytes that starts with the same <paramref name="kept"/>.</summary>
    public static void Grow(ref byte[] bytes, int kept, long size)
    {
        byte[] larger = Rent((int)Math.Min(Array.MaxLength, size));
        bytes.AsSpan(0, kept).CopyTo(larger);
        Return(bytes);
        bytes = larger;
    }
}
