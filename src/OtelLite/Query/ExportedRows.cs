using System.Globalization;
using Microsoft.Data.Sqlite;

namespace OtelLite.Query;

/// <summary>The rows of an export, read one by one in one statement: one moment's state, whatever a server writes meanwhile, and never two in memory.</summary>
internal sealed class ExportedRows : IDisposable
{
    private readonly Exported _what;
    private readonly SqliteCommand _command;
    private readonly SqliteDataReader _row;

    /// <param name="untilUnixNano">What happened then is not part of it.</param>
    public ExportedRows(SqliteConnection connection, Exported what, long fromUnixNano, long untilUnixNano)
    {
        _what = what;
        _command = connection.CreateCommand();
        _command.CommandText = what.Sql;
        _command.Parameters.AddWithValue("$from", fromUnixNano);
        _command.Parameters.AddWithValue("$until", untilUnixNano);
        _row = _command.ExecuteReader();
    }

    /// <summary>False when there is none any more.</summary>
    /// <param name="cells">One for each column: null, a number, a text or a flag as true and false.</param>
    public bool Next(Span<object?> cells)
    {
        if (!_row.Read())
        {
            return false;
        }

        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = Tell(Cell.Of(_row.Handle!, i), _what.Columns[i].Told);
        }

        return true;
    }

    public void Dispose()
    {
        _row.Dispose();
        _command.Dispose();
    }

    private static object? Tell(object? value, Told told) => (told, value) switch
    {
        (Told.Time, long nano) => nano == 0 ? null : Rfc3339(nano),
        (Told.Dollars, long nano) => nano / 1_000_000_000m,
        (Told.Flag, long flag) => flag != 0,
        _ => value,
    };

    // To the nanosecond, always with nine digits: so texts are in the order of the times.
    private static string Rfc3339(long nano)
    {
        (long seconds, long rest) = Math.DivRem(nano, 1_000_000_000);
        return string.Create(CultureInfo.InvariantCulture, $"{DateTime.UnixEpoch.AddSeconds(seconds):yyyy-MM-dd'T'HH:mm:ss}.{rest:000000000}Z");
    }
}
