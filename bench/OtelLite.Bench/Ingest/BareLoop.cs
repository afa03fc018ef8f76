using System.Diagnostics;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using SQLitePCL;

namespace OtelLite.Bench.Ingest;

/// <summary>
/// The limit: the rows that a run has left in a table, put into the same table of a new file by a prepared statement and nothing else, with one index on the session and an fsync for each
/// transaction of 1,000.
/// </summary>
internal static class BareLoop
{
    private const int RowsOfTransaction = 1000;
    private const int RowsMax = 200_000;

    /// <returns>Microseconds of CPU for a row.</returns>
    public static double Run(string dataDir, string table)
    {
        object?[][] rows;
        string create;
        string[] columns;
        using (var source = new SqliteConnection($"Data Source={Path.Combine(dataDir, Database.FileName)};Pooling=False;Mode=ReadOnly"))
        {
            source.Open();
            using SqliteCommand schema = source.CreateCommand();
            schema.CommandText = $"SELECT sql FROM sqlite_master WHERE name = '{table}'";
            // The index is the loop's own: the program itself keeps otherwise which rows are of a session, and what it is measured by must not change with it.
            create = $"{(string)Read(schema).Single()[0]!}; CREATE INDEX {table}_session ON {table} (session_id)";
            using SqliteCommand all = source.CreateCommand();
            all.CommandText = $"SELECT * FROM {table} ORDER BY id LIMIT {RowsMax}";
            rows = [.. Read(all)];
            using SqliteCommand names = source.CreateCommand();
            names.CommandText = $"SELECT name FROM pragma_table_info('{table}')";
            columns = [.. Read(names).Select(r => (string)r[0]!)];
        }

        // Once to warm up: the loop is compiled while it runs.
        Insert(dataDir, create, table, columns, rows[..Math.Min(rows.Length, 20_000)]);
        return Insert(dataDir, create, table, columns, rows).TotalMicroseconds / rows.Length;
    }

    private static TimeSpan Insert(string dataDir, string create, string table, string[] columns, object?[][] rows)
    {
        string path = Path.Combine(dataDir, "bare.db");
        using var target = new SqliteConnection($"Data Source={path};Pooling=False");
        target.Open();
        Database.Execute(target, $"PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; {create}");
        using var insert = new Statement(target, $"INSERT INTO {table} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(_ => "?"))})");
        using var begin = new Statement(target, "BEGIN IMMEDIATE");
        using var commit = new Statement(target, "COMMIT");
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        for (int i = 0; i < rows.Length; i += RowsOfTransaction)
        {
            begin.Begin().Run();
            foreach (object?[] row in rows.AsSpan(i, Math.Min(RowsOfTransaction, rows.Length - i)))
            {
                insert.Begin();
                foreach (object? value in row)
                {
                    _ = value switch
                    {
                        null => insert.BindNull(),
                        long number => insert.Bind(number),
                        double number => insert.Bind(number),
                        byte[] text => insert.Bind(text),
                        _ => throw new NotSupportedException(),
                    };
                }

                insert.Run();
            }

            commit.Begin().Run();
        }

        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime - before;
        target.Close();
        Array.ForEach(Directory.GetFiles(dataDir, "bare.db*"), File.Delete);
        return cpu;
    }

    // Texts as UTF-8, as they are bound.
    private static IEnumerable<object?[]> Read(SqliteCommand command)
    {
        bool isSchema = !command.CommandText.StartsWith("SELECT *", StringComparison.Ordinal);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            object?[] row = new object?[reader.FieldCount];
            for (int i = 0; i < row.Length; i++)
            {
                object value = reader.GetValue(i);
                row[i] = value switch { DBNull => null, string text when !isSchema => System.Text.Encoding.UTF8.GetBytes(text), _ => value };
            }

            yield return row;
        }
    }
}
