namespace OtelLite.Query;

/// <summary>The buckets of a series, and how rows find theirs.</summary>
/// <param name="starts">Ascending, in Unix seconds: the first at or before the scope's start, each other a multiple of <paramref name="stepSeconds"/> or, for
/// steps above 15 minutes, of a quarter of an hour.</param>
internal sealed class Buckets(long[] starts, long stepSeconds)
{
    // Every time zone's offset is a whole number of quarters of an hour, so that days are whole numbers of these.
    private const long QuarterSeconds = 15 * 60;

    public long[] Starts { get; } = starts;

    /// <summary>A quarter of an hour is too coarse: every row is to come with its own time.</summary>
    public bool NeedExactTimes => stepSeconds < QuarterSeconds;

    /// <summary>Whether no step of so many quarters of an hour, counted from 1970, reaches over the border of two.</summary>
    public bool StandOn(long quarters) => Starts.Skip(1).All(start => start % (quarters * QuarterSeconds) == 0);

    /// <summary>The place of the bucket in which a time lies, the first for what is before all.</summary>
    public int Of(long unixNano)
    {
        int index = Array.BinarySearch(Starts, unixNano / 1_000_000_000);
        return Math.Max(0, index >= 0 ? index : ~index - 1);
    }

    /// <summary>The same as a SQL expression: the place of the bucket in which a time lies, the first for what is before all.</summary>
    /// <param name="time">An expression of Unix nanoseconds.</param>
    public string PlaceOf(string time)
    {
        if (Starts.Length == 1)
        {
            return "0";
        }

        // Buckets are equally long but where the clock is changed.
        string seconds = $"({time} / 1000000000)";
        List<(int First, long Length)> runs = [];
        for (int i = 0; i + 1 < Starts.Length; i++)
        {
            long length = Starts[i + 1] - Starts[i];
            if (runs.Count == 0 || runs[^1].Length != length)
            {
                runs.Add((i, length));
            }
        }

        string place = $"{Starts.Length - 1}";
        for (int run = runs.Count - 1; run >= 0; run--)
        {
            (int first, long length) = runs[run];
            long end = run + 1 < runs.Count ? Starts[runs[run + 1].First] : Starts[^1];
            place = $"iif({seconds} < {end}, {first} + max(0, {seconds} - {Starts[first]}) / {length}, {place})";
        }

        return place;
    }
}
