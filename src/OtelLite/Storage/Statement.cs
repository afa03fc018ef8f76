using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using SQLitePCL;
using static OtelLite.Storage.SqliteCalls;

namespace OtelLite.Storage;

/// <summary>
/// A prepared statement on the handle of a Microsoft.Data.Sqlite connection, bound with UTF-8 as it stands in the batch: no
/// string and no parameter object between the wire and the page. Used by one thread.
/// </summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    // Of the two handles, which are held as long as this is. 0 once it is disposed, for which SQLite has an error.
    private readonly nint _databasePointer;
    private nint _statementPointer;
    private int _next;

    public Statement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
        (_databasePointer, _statementPointer) = (_database.DangerousGetHandle(), _statement.DangerousGetHandle());
    }

    /// <summary>A command's text with its values bound, for rows that are too many to be read as objects.</summary>
    public static Statement Of(SqliteCommand command)
    {
        var statement = new Statement(command.Connection!, command.CommandText);
        foreach (SqliteParameter parameter in command.Parameters)
        {
            // Of a text that does without one, it is passed over.
            statement._next = raw.sqlite3_bind_parameter_index(statement._statement, parameter.ParameterName);
            _ = statement._next == 0 ? statement
                : parameter.Value is long number ? statement.Bind(number)
                : parameter.Value is string text ? statement.Bind(text)
                : throw new NotSupportedException($"{parameter.ParameterName} is neither a number nor a text");
        }

        return statement;
    }

    /// <summary>
    /// Starts a new execution: the next bound value is the first parameter's. An error elsewhere may have left the last
    /// execution in the middle of its rows, and SQLite binds nothing to such a statement.
    /// </summary>
    public Statement Begin()
    {
        Reset();
        _next = 1;
        return this;
    }

    public Statement Bind(long value)
    {
        Check(sqlite3_bind_int64(_statementPointer, _next++, value));
        return this;
    }

    public Statement Bind(double value)
    {
        Check(sqlite3_bind_double(_statementPointer, _next++, value));
        return this;
    }

    public Statement BindNull()
    {
        Check(sqlite3_bind_null(_statementPointer, _next++));
        return this;
    }

    public Statement Bind(ReadOnlySpan<byte> utf8)
    {
        // An empty span may have no address, and SQLite takes that for NULL.
        Check(sqlite3_bind_text(_statementPointer, _next++, in MemoryMarshal.GetReference(utf8.IsEmpty ? ""u8 : utf8), utf8.Length, Transient));
        return this;
    }

    /// <summary>A text that is not copied, and not empty: a literal, or one in memory of the system, which must stay as it is for as long as the statement is executed.</summary>
    public Statement BindInPlace(ReadOnlySpan<byte> utf8)
    {
        Check(sqlite3_bind_text(_statementPointer, _next++, in MemoryMarshal.GetReference(utf8), utf8.Length, Static));
        return this;
    }

    /// <summary>A text of a batch; null where it is absent or empty, which protobuf does not tell apart. It is not copied, for a batch's text stays where it is until the batch is given
    /// back: each execution must bind it anew.</summary>
    public Statement Bind(Utf8Text text, TextRange range)
    {
        if (range.Length <= 0)
        {
            return BindNull();
        }

        return BindInPlace(text[range]);
    }

    /// <summary>A text, or null.</summary>
    public Statement Bind(string? text) => text is null ? BindNull() : Bind(Encoding.UTF8.GetBytes(text));

    public Statement BindHash(UInt128 hash)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, hash);
        return BindBlob(bytes);
    }

    public Statement BindBlob(ReadOnlySpan<byte> bytes)
    {
        // An empty span may have no address, and SQLite takes that for NULL.
        Check(sqlite3_bind_blob(_statementPointer, _next++, in MemoryMarshal.GetReference(bytes.IsEmpty ? ""u8 : bytes), bytes.Length, Transient));
        return this;
    }

    /// <summary>On to the next row; false, and reset, when there is none.</summary>
    public bool Step()
    {
        int result = sqlite3_step(_statementPointer);
        if (result == raw.SQLITE_ROW)
        {
            return true;
        }

        _ = sqlite3_reset(_statementPointer);
        if (result != raw.SQLITE_DONE)
        {
            Check(result);
        }

        return false;
    }

    /// <summary>Executes to the end, and says how many rows it changed.</summary>
    /// <param name="again">Once more, with the values that are bound.</param>
    public int Run(bool again = false)
    {
        if (again)
        {
            Reset();
        }

        while (Step())
        {
        }

        return sqlite3_changes(_databasePointer);
    }

    /// <summary>Executes an insertion of one row, and tells its id.</summary>
    public long Insert()
    {
        Run();
        return sqlite3_last_insert_rowid(_databasePointer);
    }

    /// <summary>The first column of the first row, or null.</summary>
    public long? Scalar()
    {
        long? value = Step() ? Int64(0) : null;
        Reset();
        return value;
    }

    public long Int64(int column) => sqlite3_column_int64(_statementPointer, column);

    /// <summary>A text as it stands in the file; empty where it is null. Valid until the next step.</summary>
    public ReadOnlySpan<byte> Utf8(int column) => raw.sqlite3_column_blob(_statement, column);

    /// <summary>A copy of a text; null where it is null.</summary>
    public byte[]? Text(int column) => IsNull(column) ? null : Utf8(column).ToArray();

    /// <summary>Bytes as they stand in the file. Valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(_statement, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public double Double(int column) => raw.sqlite3_column_double(_statement, column);

    public void Reset() => _ = sqlite3_reset(_statementPointer);

    public void Dispose()
    {
        _statementPointer = 0;
        _statement.Dispose();
    }

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            throw new SqliteException(
                raw.sqlite3_errmsg(_database).utf8_to_string(), result & 0xFF, raw.sqlite3_extended_errcode(_database));
        }
    }
}
