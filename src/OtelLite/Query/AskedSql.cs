using System.Diagnostics;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OtelLite.Query;

/// <summary>SQL that can't be answered; the message is a sentence that says why.</summary>
internal sealed class AskedSqlException(string message) : Exception(message);

/// <summary>
/// One statement that a person typed, and its rows. It can only read: the file is open for reading, and SQLite asks for each step of the statement
/// whether it is allowed, which only reading is. It takes as long as it may and no longer; only the time within SQLite counts.
/// </summary>
internal sealed class AskedSql : IDisposable
{
    // Those that tell of the file, and, with an argument, only those whose argument is a name.
    private static readonly string[] AboutTheFile =
        ["page_count", "page_size", "freelist_count", "user_version", "schema_version", "compile_options", "function_list", "pragma_list", "collation_list", "table_list", "database_list", "encoding"];

    private static readonly string[] AboutATable = ["table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"];

    private readonly sqlite3 _database;
    private readonly TimeSpan _time;
    private readonly Action<string> _overdue;
    private readonly Stopwatch _spent = new();
    private readonly Timer _timer;
    private readonly Lock _lock = new();
    private readonly sqlite3_stmt _statement;
    private bool _isStepping;
    private bool _isTooLong;
    private string? _refused;
    private long _read;

    /// <param name="connection">Read-only, and for nothing else afterwards.</param>
    /// <param name="overdue">Called on another thread, with the sentence, where SQLite does not stop though its time is over: it does not look up within one function, and there is no other
    /// end to that than the program's.</param>
    /// <exception cref="AskedSqlException">It is no SQL, not one statement, or one that would do more than read.</exception>
    public AskedSql(SqliteConnection connection, string sql, TimeSpan time, Action<string> overdue)
    {
        _database = connection.Handle!;
        _time = time;
        _overdue = overdue;
        _timer = new Timer(_ => Interrupt());
        // What is stored is no longer, and what is made of it would be printed.
        raw.sqlite3_limit(_database, raw.SQLITE_LIMIT_LENGTH, Limits.BatchTextBytesMax);
        Check(raw.sqlite3_exec(_database, "PRAGMA query_only = 1"));
        Check(raw.sqlite3_set_authorizer(_database, Authorize, null));
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement, out string rest));
        if (_statement.IsInvalid)
        {
            throw new AskedSqlException("there is no statement in it.");
        }

        Check(raw.sqlite3_prepare_v2(_database, rest ?? "", out sqlite3_stmt second, out _));
        using (second)
        {
            if (!second.IsInvalid)
            {
                throw new AskedSqlException("one statement at a time.");
            }
        }

        Columns = [.. Enumerable.Range(0, raw.sqlite3_column_count(_statement)).Select(i => raw.sqlite3_column_name(_statement, i).utf8_to_string())];
    }

    public IReadOnlyList<string> Columns { get; }

    /// <summary>Bounds what SQLite takes in this process, for one that only asks. Called before anything is opened: SQLite is told anew that it is to keep count of its memory, which it
    /// does not where speed matters.</summary>
    public static void LimitMemory()
    {
        Batteries_V2.Init();
        _ = raw.sqlite3_shutdown();
        _ = raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 1);
        _ = raw.sqlite3_initialize();
        _ = raw.sqlite3_hard_heap_limit64(Limits.QueryBytesMax);
    }

    /// <summary>Reads the next row; false when there is none.</summary>
    /// <param name="cells">One for each column: null, <see cref="long"/>, <see cref="double"/>, <see cref="string"/> or bytes.</param>
    /// <exception cref="AskedSqlException">It takes too long, or SQLite can't go on.</exception>
    public bool Next(Span<object?> cells)
    {
        int result = Step();
        if (result == raw.SQLITE_DONE)
        {
            return false;
        }

        if (result != raw.SQLITE_ROW)
        {
            Check(result);
        }

        // A text of SQLite's takes twice as much here.
        long bytes = 0;
        for (int i = 0; i < cells.Length; i++)
        {
            // Asking that of a number would make a text of it.
            bytes += raw.sqlite3_column_type(_statement, i) is raw.SQLITE_TEXT or raw.SQLITE_BLOB ? raw.sqlite3_column_bytes(_statement, i) : 0;
            if (bytes > Limits.QueryRowBytesMax)
            {
                throw new AskedSqlException($"a row of it has more than {Limits.QueryRowBytesMax >> 20} MiB: ask for fewer columns, or for substr(COLUMN, 1, N) of the long ones.");
            }

            cells[i] = Cell.Of(_statement, i);
        }

        _read += bytes;
        return _read <= Limits.QueryOutputBytesMax ? true
            : throw new AskedSqlException($"its rows have more than {Limits.QueryOutputBytesMax >> 20} MiB: ask for fewer, or for substr(COLUMN, 1, N) of the long texts.");
    }

    public void Dispose()
    {
        _timer.Dispose();
        _statement?.Dispose();
    }

    private int Step()
    {
        lock (_lock)
        {
            _isStepping = true;
        }

        TimeSpan left = _time - _spent.Elapsed;
        _spent.Start();
        _timer.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        int result = raw.sqlite3_step(_statement);
        _spent.Stop();
        lock (_lock)
        {
            _isStepping = false;
        }

        return result;
    }

    // From the timer's thread. Outside of a step there is nothing to interrupt, and the file may be closed.
    private void Interrupt()
    {
        lock (_lock)
        {
            if (_isStepping && _spent.Elapsed >= _time - TimeSpan.FromMilliseconds(50))
            {
                if (_isTooLong)
                {
                    _overdue(TooLong);
                    return;
                }

                _isTooLong = true;
                raw.sqlite3_interrupt(_database);
                _timer.Change(Limits.QueryGrace, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private int Authorize(object userData, int action, string first, string second, string database, string innerMost)
    {
        bool reads = action switch
        {
            raw.SQLITE_SELECT or raw.SQLITE_READ or raw.SQLITE_RECURSIVE => true,
            raw.SQLITE_FUNCTION => !second.Equals("load_extension", StringComparison.OrdinalIgnoreCase),
            raw.SQLITE_PRAGMA => (second is null ? AboutTheFile : AboutATable).Contains(first, StringComparer.OrdinalIgnoreCase),
            _ => false,
        };
        if (reads)
        {
            return raw.SQLITE_OK;
        }

        _refused ??= action switch
        {
            raw.SQLITE_PRAGMA => $"PRAGMA {first}",
            raw.SQLITE_ATTACH => "ATTACH",
            raw.SQLITE_FUNCTION => second,
            _ => "that",
        };
        return raw.SQLITE_DENY;
    }

    private string TooLong => $"this takes longer than {_time.TotalSeconds:0} s; --timeout SECONDS gives it more.";

    private void Check(int result)
    {
        if (result == raw.SQLITE_OK)
        {
            return;
        }

        throw new AskedSqlException(
            _isTooLong ? TooLong
            : (result & 0xFF) == raw.SQLITE_NOMEM ? $"this takes more than {Limits.QueryBytesMax >> 20} MiB of memory: ask for less at once, or work on a copy that otellite backup makes."
            : _refused is { } what ? $"{what} is not allowed here, only reading is."
            : $"{raw.sqlite3_errmsg(_database).utf8_to_string().TrimEnd('.')}.");
    }
}
