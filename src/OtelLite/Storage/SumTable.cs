using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>The key of a row of sums; a table with fewer key columns leaves the last ones 0.</summary>
internal readonly record struct SumKey(long A, long B, long C = 0, long D = 0, long E = 0, long F = 0)
{
    public long this[int index] => index switch { 0 => A, 1 => B, 2 => C, 3 => D, 4 => E, _ => F };
}

/// <summary>A table of sums, a column for each: collects what a batch adds or takes back, and writes it at the batch's end, one row for many.</summary>
internal sealed class SumTable : IDisposable
{
    /// <summary>In quarters of an hour: the quarter itself, the hour, six hours, the day in UTC, eight days. A month is four to thirteen rows of a key, and a year some sixty; buckets of
    /// a chart that are longer than three hours are made of rows of six.</summary>
    public static readonly long[] Steps = [1, 4, 24, 96, 768];

    private readonly int _keys;
    private readonly int _columns;
    private readonly Statement _add;

    // What the open batch changed.
    private readonly Dictionary<SumKey, long[]> _changes = [];

    // What earlier ones changed, for the next: as many as a usual transaction has.
    private readonly Stack<long[]> _spare = [];

    /// <param name="keys">The columns of the primary key, in order.</param>
    /// <param name="columns">The columns that are added up.</param>
    public SumTable(SqliteConnection connection, string table, string[] keys, string[] columns)
    {
        (_keys, _columns) = (keys.Length, columns.Length);
        _add = new(connection, $"""
            INSERT INTO {table} ({string.Join(", ", keys)}, {string.Join(", ", columns)}) VALUES ({string.Join(", ", Enumerable.Repeat("?", _keys + _columns))})
            ON CONFLICT DO UPDATE SET {string.Join(", ", columns.Select(c => $"{c} = {c} + excluded.{c}"))}
            """);
    }

    public SumTable(SqliteConnection connection, SumsTable sums)
        : this(connection, sums.Table, sums.PrimaryKey, sums.Sums)
    {
    }

    /// <summary>The row of a key, whose columns are what the batch adds to them.</summary>
    public Span<long> Of(SumKey key)
    {
        if (!_changes.TryGetValue(key, out long[]? sums))
        {
            _changes[key] = sums = _spare.TryPop(out long[]? spare) ? spare : new long[_columns];
        }

        return sums;
    }

    public void Write()
    {
        foreach ((SumKey key, long[] sums) in _changes)
        {
            if (sums.AsSpan().ContainsAnyExcept(0))
            {
                _add.Begin();
                for (int i = 0; i < _keys; i++)
                {
                    _add.Bind(key[i]);
                }

                foreach (long sum in sums)
                {
                    _add.Bind(sum);
                }

                _add.Run();
            }
        }

        // Once all is written: until then it is what a key adds.
        foreach (long[] sums in _changes.Values)
        {
            if (_spare.Count >= Limits.UncountedRecordsMax)
            {
                break;
            }

            sums.AsSpan().Clear();
            _spare.Push(sums);
        }

        _changes.Clear();
    }

    public void Forget() => _changes.Clear();

    public void Dispose() => _add.Dispose();
}
