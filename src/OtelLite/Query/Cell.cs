using System.Text;
using SQLitePCL;

namespace OtelLite.Query;

internal static class Cell
{
    /// <summary>A column of the row that a statement stands on: null, <see cref="long"/>, <see cref="double"/>, <see cref="string"/> or bytes.</summary>
    public static object? Of(sqlite3_stmt statement, int column) => raw.sqlite3_column_type(statement, column) switch
    {
        raw.SQLITE_INTEGER => raw.sqlite3_column_int64(statement, column),
        raw.SQLITE_FLOAT => raw.sqlite3_column_double(statement, column),
        // As bytes, which are whole also where a text holds a zero.
        raw.SQLITE_TEXT => Encoding.UTF8.GetString(raw.sqlite3_column_blob(statement, column)),
        raw.SQLITE_BLOB => raw.sqlite3_column_blob(statement, column).ToArray(),
        _ => null,
    };
}
