using System.Diagnostics;

namespace OtelLite.Receiver;

/// <summary>
/// The room that bodies have together while they are read and decoded, without which a few hundred clients that send a body slowly would be gigabytes. Small, usual and
/// large ones each have their own: however slowly those of one size come, those of another are read meanwhile.
/// </summary>
internal sealed class BodyRoom(long size)
{
    private long _taken;

    public static BodyRoom Small { get; } = new(Limits.SmallBodiesBytesMax);

    public static BodyRoom Usual { get; } = new(Limits.UsualBodiesBytesMax);

    public static BodyRoom Large { get; } = new(Limits.LargeBodiesBytesMax);

    /// <summary>Where a body of so many bytes is read.</summary>
    public static BodyRoom Of(long bytes) => bytes <= Limits.SmallBodyBytes ? Small : bytes <= Limits.LargeBodyBytes ? Usual : Large;

    /// <summary>Takes so much more for a body that has so much. False when others had it all for too long.</summary>
    public async ValueTask<bool> Take(long more, long has, TimeSpan patience)
    {
        long begun = Stopwatch.GetTimestamp();
        while (!TryTake(more, has))
        {
            if (Stopwatch.GetElapsedTime(begun) >= patience)
            {
                return false;
            }

            await Task.Delay(Limits.BodyRoomLook).ConfigureAwait(false);
        }

        return true;
    }

    public void GiveBack(long bytes) => Interlocked.Add(ref _taken, -bytes);

    private bool TryTake(long more, long has)
    {
        while (true)
        {
            // One alone may be larger than all that there is, else it could never be read.
            long taken = Interlocked.Read(ref _taken);
            if (taken > has && taken + more > size)
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
