using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Bench.Ingest;

/// <summary>What a record takes of the file that a run has left: its raw row, and all that comes with it.</summary>
/// <param name="Row">Bytes of the raw row, in a table of such rows and nothing else.</param>
/// <param name="All">Bytes of the whole file, but for its free pages, for each row.</param>
internal readonly record struct StoredBytes(double Row, double All)
{
    private const int RowsMax = 200_000;

    public static StoredBytes Of(string dataDir, string table)
    {
        using var file = new SqliteConnection($"Data Source={Path.Combine(dataDir, Database.FileName)};Pooling=False");
        file.Open();
        double all = Used(file, "main") / (double)Number(file, $"SELECT count(*) FROM {table}");
        string bare = Path.Combine(dataDir, "rows.db");
        Database.Execute(file, $"ATTACH '{bare}' AS bare; PRAGMA bare.synchronous = OFF");
        using (SqliteCommand schema = file.CreateCommand())
        {
            schema.CommandText = $"SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = '{table}'";
            Database.Execute(file, ((string)schema.ExecuteScalar()!).Replace("CREATE TABLE ", "CREATE TABLE bare.", StringComparison.Ordinal));
        }

        Database.Execute(file, $"PRAGMA foreign_keys = OFF; INSERT INTO bare.{table} SELECT * FROM main.{table} ORDER BY id LIMIT {RowsMax}");
        double row = Used(file, "bare") / (double)Number(file, $"SELECT count(*) FROM bare.{table}");
        Database.Execute(file, "DETACH bare");
        Array.ForEach(Directory.GetFiles(dataDir, "rows.db*"), File.Delete);
        return new StoredBytes(row, all);
    }

    private static long Used(SqliteConnection file, string schema) =>
        (Number(file, $"PRAGMA {schema}.page_count") - Number(file, $"PRAGMA {schema}.freelist_count")) * Number(file, $"PRAGMA {schema}.page_size");

    private static long Number(SqliteConnection file, string sql)
    {
        using SqliteCommand command = file.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
