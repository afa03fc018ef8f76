namespace OtelLite;

/// <summary>
/// Gives memory back to the system after something huge. The collector does not run while nothing is allocated: after one body of 60 MiB an idle
/// program would keep hundreds of megabytes for ever.
/// </summary>
internal static class SpareMemory
{
    private static int _isAsked;

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
        // Aggressive is the one mode that hands emptied memory back to the system.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
