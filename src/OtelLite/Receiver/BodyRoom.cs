using System.Diagnostics;

namespace OtelLite.Receiver;

/// <summary>
/// The room that all bodies have together while they are read and decoded (<see cref="Limits.BodiesBytesMax"/>). Without it a few hundred clients that send a large body
/// slowly would be gigabytes.
/// </summary>
internal static class BodyRoom
{
    private static long _taken;

    /// <summary>Takes so much more for a body that has so much. False when others had it all for too long.</summary>
    public static async ValueTask<bool> Take(long more, long has)
    {
        long begun = Stopwatch.GetTimestamp();
        while (!TryTake(more, has))
        {
            if (Stopwatch.GetElapsedTime(begun) > Limits.LargeBodyWait)
            {
                return false;
            }

            await Task.Delay(Limits.BodyRoomLook).ConfigureAwait(false);
        }

        return true;
    }

    public static void GiveBack(long bytes) => Interlocked.Add(ref _taken, -bytes);

    private static bool TryTake(long more, long has)
    {
        while (true)
        {
            // One alone may be larger than all that there is, else it could never be read.
            long taken = Interlocked.Read(ref _taken);
            if (taken > has && taken + more > Limits.BodiesBytesMax)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _taken, taken + more, taken) == taken)
            {
                return true;
            }
        }
    }
}
