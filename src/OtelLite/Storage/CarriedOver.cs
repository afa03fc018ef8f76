using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>
/// What a database that is begun beside a damaged one has to know of that one, so that nothing counts in both: which bodies came last, and where each cumulative series stands. It is
/// read before the damaged one is closed, as far as it can be.
/// </summary>
internal sealed class CarriedOver
{
    private readonly List<(long TimeUnixNano, byte[] Hash, long ReceivedUnixNano)> _bodies = [];
    private readonly List<(byte[] Key, long TimeUnixNano, double Value, long Count)> _series = [];

    /// <summary>Of a file that could not even be opened.</summary>
    public static CarriedOver Nothing { get; } = new();

    /// <summary>Never more than <see cref="Limits.CarriedBodiesMax"/> and <see cref="Limits.CarriedSeriesMax"/>, the newest.</summary>
    public static CarriedOver Of(SqliteConnection damaged)
    {
        var carried = new CarriedOver();
        Each(damaged, $"SELECT time_unix_nano, hash, received_unix_nano FROM otel_body ORDER BY received_unix_nano DESC LIMIT {Limits.CarriedBodiesMax}", row =>
            carried._bodies.Add((row.Int64(0), row.Utf8(1).ToArray(), row.Int64(2))));
        Each(damaged, $"SELECT key, time_unix_nano, value, count FROM otel_series ORDER BY time_unix_nano DESC LIMIT {Limits.CarriedSeriesMax}", row =>
            carried._series.Add((row.Utf8(0).ToArray(), row.Int64(1), row.Double(2), row.Int64(3))));
        return carried;
    }

    /// <summary>Opens the database that is begun, with all of this in it.</summary>
    /// <exception cref="StorageException">The folder or file can't be used; the message says what to do.</exception>
    /// <exception cref="SqliteException">It can't be written.</exception>
    public SqliteConnection Begin(string dataDir, Durability durability)
    {
        SqliteConnection begun = Database.OpenWriter(dataDir, durability);
        try
        {
            WriteInto(begun);
            return begun;
        }
        catch
        {
            begun.Dispose();
            throw;
        }
    }

    private void WriteInto(SqliteConnection begun)
    {
        using SqliteTransaction transaction = begun.BeginTransaction();
        using var body = new Statement(begun, "INSERT OR IGNORE INTO otel_body (time_unix_nano, hash, received_unix_nano) VALUES (?, ?, ?)");
        foreach ((long timeUnixNano, byte[] hash, long receivedUnixNano) in _bodies)
        {
            body.Begin().Bind(timeUnixNano).BindBlob(hash).Bind(receivedUnixNano).Run();
        }

        using var series = new Statement(begun, "INSERT OR IGNORE INTO otel_series (key, time_unix_nano, value, count) VALUES (?, ?, ?, ?)");
        foreach ((byte[] key, long timeUnixNano, double value, long count) in _series)
        {
            series.Begin().BindBlob(key).Bind(timeUnixNano).Bind(value).Bind(count).Run();
        }

        transaction.Commit();
    }

    private static void Each(SqliteConnection damaged, string sql, Action<Statement> take)
    {
        try
        {
            using var rows = new Statement(damaged, sql);
            rows.Begin();
            while (rows.Step())
            {
                take(rows);
            }
        }
        catch (SqliteException)
        {
            // As far as it can be read: it is damaged, after all.
        }
    }
}
