using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>
/// A removal of raw rows under way: step by step along the ids, which are in the order of arrival, each step a transaction of its own; then the room is given
/// back to the disk, some pages at a time.
/// </summary>
internal sealed class Removal : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly long _before;
    private readonly int _fruitlessMax;
    private readonly long[] _removed = new long[Prune.Raw.Length];
    private readonly long _sizeBefore;
    private readonly Statement _vacuum;

    // Of the table that is being passed.
    private Statement? _look;
    private Statement? _remove;
    private Statement? _takeOut;
    private Statement? _count;
    private int _table = -1;
    private long _after;
    private int _fruitless;
    private long _free = long.MaxValue;

    /// <param name="fruitlessMax">After so many steps in a row that found nothing, the rest of a table is taken to be newer; by default all of it is looked at.</param>
    /// <exception cref="SqliteException">The file can't be written, or another program holds it.</exception>
    public Removal(SqliteConnection connection, long beforeUnixNano, int fruitlessMax = int.MaxValue)
    {
        (_connection, _before, _fruitlessMax) = (connection, beforeUnixNano, fruitlessMax);
        _sizeBefore = Size(connection);
        // From now on a recount leaves alone what lies before it.
        using (var remember = new Statement(connection, "UPDATE otel_removed SET before_unix_nano = max(before_unix_nano, ?)"))
        {
            remember.Begin().Bind(beforeUnixNano).Run();
        }

        _vacuum = new Statement(connection, $"PRAGMA incremental_vacuum({Limits.PrunePagesPerStep})");
    }

    /// <summary>What was removed until now; the bytes, once it is over.</summary>
    public PrunedRows Removed => new(_removed[0], _removed[1], _removed[2], Math.Max(0, _sizeBefore - Size(_connection)));

    /// <summary>Whether the last step took the lock: only one that removes something does.</summary>
    public bool HeldLock { get; private set; }

    /// <summary>Does the next step. False once there is none left.</summary>
    /// <exception cref="SqliteException">The file can't be written, or another program holds it; what is removed until then is removed.</exception>
    public bool Step()
    {
        HeldLock = false;
        if (_look is null && !NextTable())
        {
            return GiveBack();
        }

        _look!.Begin().Bind(_before).Bind(_after).Step();
        if (_look.IsNull(0))
        {
            EndTable();
            return true;
        }

        (long last, long rows) = (_look.Int64(0), _look.Int64(1));
        _look.Reset();
        _fruitless = rows > 0 ? 0 : _fruitless + 1;
        if (rows > 0)
        {
            HeldLock = true;
            Remove(last);
        }

        _after = last;
        if (_fruitless >= _fruitlessMax)
        {
            EndTable();
        }

        return true;
    }

    /// <summary>How large the file is, with its free pages, in bytes.</summary>
    public static long Size(SqliteConnection connection) => Pragma(connection, "page_count") * Pragma(connection, "page_size");

    /// <summary>The same without the free pages, of which a file that was made without vacuum keeps all.</summary>
    public static long Used(SqliteConnection connection) => (Pragma(connection, "page_count") - Pragma(connection, "freelist_count")) * Pragma(connection, "page_size");

    public void Dispose()
    {
        EndTable();
        _vacuum.Dispose();
    }

    private bool NextTable()
    {
        if (_table + 1 >= Prune.Raw.Length)
        {
            return false;
        }

        (string table, string count, string happened, _) = Prune.Raw[++_table];
        (_after, _fruitless) = (0, 0);
        _look = new Statement(_connection, $"""
            SELECT max(id), coalesce(sum(happened < ?), 0) FROM (SELECT id, {happened} AS happened FROM {table} WHERE id > ? ORDER BY id LIMIT {Limits.PruneRowsPerStep})
            """);
        string passed = $"row.id > ?1 AND row.id <= ?2 AND {happened} < ?3 AND {Uncounted.HasNot(table, "row.id")}";
        _remove = new Statement(_connection, $"DELETE FROM {table} AS row WHERE {passed}");
        _takeOut = new Statement(_connection, SessionRows.TakeOut(_table, passed));
        _count = new Statement(_connection, $"UPDATE otel_removed SET {count} = {count} + ?");
        return true;
    }

    private void Remove(long last)
    {
        using SqliteTransaction step = _connection.BeginTransaction();
        _takeOut!.Begin().Bind(_after).Bind(last).Bind(_before).Run();
        int rows = _remove!.Begin().Bind(_after).Bind(last).Bind(_before).Run();
        _count!.Begin().Bind(rows).Run();
        step.Commit();
        _removed[_table] += rows;
    }

    // The last pages move into the free ones, and the file ends before them. A file that was made without this keeps its free pages for rows to come.
    private bool GiveBack()
    {
        long free = Pragma(_connection, "freelist_count");
        if (free > 0 && free < _free)
        {
            _free = free;
            HeldLock = true;
            _vacuum.Begin().Run();
            return true;
        }

        // Only as far as nobody has to wait for it.
        Database.Execute(_connection, "PRAGMA wal_checkpoint(PASSIVE)");
        return false;
    }

    private void EndTable()
    {
        _look?.Dispose();
        _remove?.Dispose();
        _takeOut?.Dispose();
        _count?.Dispose();
        (_look, _remove, _takeOut, _count) = (null, null, null, null);
    }

    private static long Pragma(SqliteConnection connection, string name)
    {
        using var statement = new Statement(connection, $"PRAGMA {name}");
        return statement.Begin().Scalar()!.Value;
    }
}
