using System.Runtime.CompilerServices;

namespace OtelLite;

/// <summary>
/// Gives memory back to the system after something huge. The collector does not run while nothing is allocated: after one body of 60 MiB an idle
/// program would keep hundreds of megabytes for ever.
/// </summary>
internal static class SpareMemory
{
    private static int _isAsked;
    private static long _letGo;

    /// <summary>A large array with anything in it; what of it is never written takes no memory.</summary>
    /// <param name="pinned">It never moves.</param>
    public static T[] Make<T>(int length, bool pinned = false)
        where T : struct
    {
        if (Interlocked.Read(ref _letGo) + ((long)length * Unsafe.SizeOf<T>()) > Limits.LetGoBytesMax)
        {
            Collect();
        }

        return GC.AllocateUninitializedArray<T>(length, pinned);
    }

    /// <summary>The same for what grows: all the room that it may ever have, at once, since growing step by step would leave as much again for the collector; or, where so much can't be
    /// had, twice what it needs now.</summary>
    public static T[] MakeRoom<T>(int most, int least, bool pinned = false)
        where T : struct
    {
        try
        {
            return Make<T>(most, pinned);
        }
        catch (OutOfMemoryException)
        {
            return Make<T>((int)Math.Min(most, 2L * least), pinned);
        }
    }

    /// <summary>Call it where a large array is let go. The collector waits for more of these than the memory that the program may have, since it knows of no such bound: so it is told
    /// when enough of them lie about. It takes some milliseconds; what took so much takes longer.</summary>
    public static void LetGo(long bytes)
    {
        Interlocked.Add(ref _letGo, bytes);
        GiveBackSoon();
    }

    /// <summary>Has what was let go collected at once, if it is much.</summary>
    public static void CollectMuch()
    {
        if (Interlocked.Read(ref _letGo) > Limits.LetGoBytesMax)
        {
            Collect();
        }
    }

    /// <summary>Call it where something large was let go. It collects a while later, once for all that ask until then, so that the next large thing does
    /// not wait for it.</summary>
    public static void GiveBackSoon()
    {
        if (Interlocked.Exchange(ref _isAsked, 1) == 0)
        {
            _ = GiveBack();
        }
    }

    private static async Task GiveBack()
    {
        await Task.Delay(Limits.SpareMemoryKept).ConfigureAwait(false);
        Volatile.Write(ref _isAsked, 0);
        Interlocked.Exchange(ref _letGo, 0);
        HandBack();
    }

    private static void Collect()
    {
        if (Interlocked.Exchange(ref _letGo, 0) > 0)
        {
            HandBack();
        }
    }

    // Aggressive is the one mode that hands emptied memory back to the system at once.
    private static void HandBack() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
