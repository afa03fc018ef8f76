using System.Buffers;

namespace OtelLite.Receiver;

/// <summary>
/// Arrays for bodies. Those of usual bodies are kept for the next; .NET's pool would keep a huge one as well, one for each thread that ever gave one
/// back, and so those are made and let go.
/// </summary>
internal static class Pooled
{
    private static long _letGo;

    /// <summary>An array of at least so many bytes, with anything in it.</summary>
    public static byte[] Rent(int size) =>
        size <= Limits.PooledBodyBytesMax ? ArrayPool<byte>.Shared.Rent(size) : Make(size);

    // The collector waits for more of these than the memory that the program may have, since it knows of no such bound: so it is told when enough of them
    // lie about. It takes some milliseconds; a body of that size takes longer.
    private static byte[] Make(int size)
    {
        if (Interlocked.Read(ref _letGo) + size > Limits.LetGoBytesMax && Interlocked.Exchange(ref _letGo, 0) > 0)
        {
            // Aggressive is the one mode that hands emptied memory back to the system at once.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }

        return GC.AllocateUninitializedArray<byte>(size);
    }

    /// <summary>Gives back what was rented, or an empty array. Nobody may touch it afterwards.</summary>
    public static void Return(byte[] bytes)
    {
        if (bytes.Length <= Limits.PooledBodyBytesMax)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
        else
        {
            Interlocked.Add(ref _letGo, bytes.Length);
            SpareMemory.GiveBackSoon();
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
