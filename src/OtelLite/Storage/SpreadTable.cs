using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>Keeps usage_spread equal to the numbers that it counts: collects what a batch adds or takes back, and writes it at the batch's end, one row for many.</summary>
internal sealed class SpreadTable : IDisposable
{
    private readonly Statement _read;
    private readonly Statement _write;

    // What the open batch changed: of each row (spread, step, quarter, key) its buckets.
    private readonly Dictionary<SumKey, Dictionary<long, long>> _changes = [];

    // What earlier ones changed, for the next: as many as a usual transaction has.
    private readonly Stack<Dictionary<long, long>> _spare = [];
    private readonly long[] _counts = new long[SpreadBuckets.Count];
    private readonly byte[] _bytes = new byte[SpreadBuckets.BytesMax];

    public SpreadTable(SqliteConnection connection)
    {
        _read = new(connection, "SELECT counts FROM usage_spread WHERE spread = ? AND step = ? AND quarter = ? AND key = ?");
        _write = new(connection, "INSERT OR REPLACE INTO usage_spread (spread, step, quarter, key, counts) VALUES (?, ?, ?, ?, ?)");
    }

    /// <summary>How many rows' buckets are kept for the next batch.</summary>
    public int Spare => _spare.Count;

    /// <param name="times">1, or -1 for what is taken back.</param>
    public void Add(SpreadOf of, long key, long timeUnixNano, long number, int times)
    {
        long quarter = timeUnixNano / QuarterTable.QuarterNano;
        int bucket = SpreadBuckets.Of(number);
        foreach (long step in SpreadOf.Steps)
        {
            SumKey row = new(of.Number, step, quarter / step * step, key);
            if (!_changes.TryGetValue(row, out Dictionary<long, long>? counts))
            {
                _changes[row] = counts = _spare.TryPop(out Dictionary<long, long>? spare) ? spare : [];
            }

            counts[bucket] = counts.GetValueOrDefault(bucket) + times;
        }
    }

    public void Write()
    {
        foreach ((SumKey row, Dictionary<long, long> counts) in _changes)
        {
            if (Read(row, counts))
            {
                int length = SpreadBuckets.Write(_counts, _bytes);
                _write.Begin().Bind(row.A).Bind(row.B).Bind(row.C).Bind(row.D).BindBlob(_bytes.AsSpan(0, length)).Run();
            }
        }

        // Once all is written: until then it is what a row changes by.
        foreach (Dictionary<long, long> counts in _changes.Values)
        {
            if (_spare.Count >= Limits.UncountedRecordsMax)
            {
                break;
            }

            // One keeps the room that it once needed.
            if (counts.Count <= Limits.SpareBucketsMax)
            {
                counts.Clear();
                _spare.Push(counts);
            }
        }

        _changes.Clear();
    }

    public void Forget() => _changes.Clear();

    public void Dispose()
    {
        _read.Dispose();
        _write.Dispose();
    }

    /// <summary>Makes all rows anew, in the transaction that is open.</summary>
    public static void MakeAll(SqliteConnection connection)
    {
        Database.Execute(connection, "DELETE FROM usage_spread");
        using var table = new SpreadTable(connection);
        foreach (SpreadOf of in SpreadOf.All)
        {
            foreach (long _ in table.EachBlock(connection, of, 1))
            {
                table.Write();
            }
        }
    }

    /// <summary>Whether the rows are what their numbers come to, in the transaction that is open.</summary>
    public static bool IsAsMade(SqliteConnection connection)
    {
        using var table = new SpreadTable(connection);
        return SpreadOf.All.All(of => table.IsAsMade(connection, of));
    }

    private bool IsAsMade(SqliteConnection connection, SpreadOf of)
    {
        long rows = 0;
        foreach (long _ in EachBlock(connection, of, -1))
        {
            foreach ((SumKey row, Dictionary<long, long> counts) in _changes)
            {
                Read(row, counts);
                if (_counts.AsSpan().ContainsAnyExcept(0))
                {
                    return false;
                }

                rows++;
            }

            _changes.Clear();
        }

        // Those are equal; and there are no others. One that is empty is none.
        using var kept = new Statement(connection, "SELECT count(*) FROM usage_spread WHERE spread = ? AND length(counts) > 0");
        return kept.Begin().Bind(of.Number).Scalar() == rows;
    }

    // All numbers, of the largest step at a time, which keeps what is in memory bounded; the changes that they are stand ready each time.
    private IEnumerable<long> EachBlock(SqliteConnection connection, SpreadOf of, int times)
    {
        long block = SpreadOf.Steps[^1] * QuarterTable.QuarterNano;
        using var next = new Statement(connection, $"SELECT min(time_unix_nano) FROM {of.Rows} WHERE time_unix_nano >= ?");
        using var numbers = new Statement(
            connection, $"SELECT {of.Key}, time_unix_nano, {of.Column} FROM {of.Rows} WHERE time_unix_nano >= ? AND time_unix_nano <= ? AND {of.Column} IS NOT NULL");
        long from = long.MinValue;
        while (next.Begin().Bind(from).Step() && !next.IsNull(0))
        {
            long first = next.Int64(0) / block * block;
            long last = first > long.MaxValue - block ? long.MaxValue : first + block - 1;
            next.Reset();
            numbers.Begin().Bind(Math.Max(from, first)).Bind(last);
            while (numbers.Step())
            {
                Add(of, numbers.Int64(0), numbers.Int64(1), numbers.Int64(2), times);
            }

            yield return first;
            if (last == long.MaxValue)
            {
                break;
            }

            from = last + 1;
        }
    }

    // What stands in a row and what changes it, into the counts; false where nothing does.
    private bool Read(SumKey row, Dictionary<long, long> changes)
    {
        _counts.AsSpan().Clear();
        bool isChanged = false;
        foreach ((long bucket, long count) in changes)
        {
            _counts[bucket] += count;
            isChanged |= count != 0;
        }

        if (isChanged && _read.Begin().Bind(row.A).Bind(row.B).Bind(row.C).Bind(row.D).Step())
        {
            SpreadBuckets.Add(_read.Blob(0), _counts);
        }

        _read.Reset();
        return isChanged;
    }
}
