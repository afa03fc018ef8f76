using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Tests.Storage;

/// <summary>The file as others find it: its place, its modes, its journal and the columns that are promised.</summary>
public sealed class DatabaseTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("otellite-").FullName;

    private string Folder => Path.Combine(_parent, "data");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Theory]
    [InlineData("otel_metrics", "metric_name TEXT, value REAL, unit TEXT, attributes TEXT, session_id TEXT")]
    [InlineData("otel_events", "event_name TEXT, attributes TEXT, session_id TEXT, prompt_id TEXT")]
    public void The_promised_columns_come_first_in_their_order_and_with_their_types(string table, string promised)
    {
        using SqliteConnection connection = Database.OpenWriter(Folder, Durability.Full);
        string columns = Text(connection, $"""
            SELECT group_concat(name || ' ' || type || CASE WHEN pk THEN ' PRIMARY KEY' ELSE '' END || coalesce(' DEFAULT ' || dflt_value, ''), ', ' ORDER BY cid)
            FROM pragma_table_info('{table}')
            """);
        Assert.StartsWith($"id INTEGER PRIMARY KEY, received_at DATETIME DEFAULT CURRENT_TIMESTAMP, {promised}, ", columns, StringComparison.Ordinal);

        // AUTOINCREMENT: the id of a deleted row never comes back.
        Database.Execute(connection, $"INSERT INTO {table} DEFAULT VALUES; INSERT INTO {table} DEFAULT VALUES; DELETE FROM {table}; INSERT INTO {table} DEFAULT VALUES;");
        Assert.Equal("3", Text(connection, $"SELECT group_concat(id) FROM {table}"));
        Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", Text(connection, $"SELECT received_at FROM {table}"));
    }

    [Fact]
    public void Only_the_owner_can_read_the_folder_and_its_files()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using SqliteConnection connection = Database.OpenWriter(Folder, Durability.Full);
        Database.Execute(connection, "INSERT INTO otel_events DEFAULT VALUES");
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        string[] files = Directory.GetFiles(Folder);
        Assert.Equal(["otellite.db", "otellite.db-shm", "otellite.db-wal"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string file in files)
        {
            Assert.Equal(owner, File.GetUnixFileMode(file));
        }
    }

    [Theory]
    [InlineData(false, "2")]
    [InlineData(true, "1")]
    public void The_journal_is_written_ahead_and_as_durable_as_asked(bool isNormal, string synchronous)
    {
        using SqliteConnection connection = Database.OpenWriter(Folder, isNormal ? Durability.Normal : Durability.Full);
        Assert.Equal("wal", Text(connection, "PRAGMA journal_mode"));
        Assert.Equal(synchronous, Text(connection, "PRAGMA synchronous"));
        Assert.Equal("2", Text(connection, "PRAGMA auto_vacuum"));
    }

    [Fact]
    public void A_file_that_is_there_is_kept()
    {
        using (SqliteConnection first = Database.OpenWriter(Folder, Durability.Full))
        {
            Database.Execute(first, "INSERT INTO otel_events (event_name) VALUES ('kept')");
        }

        using SqliteConnection second = Database.OpenWriter(Folder, Durability.Normal);
        Assert.Equal("kept", Text(second, "SELECT event_name FROM otel_events"));
    }

    [Fact]
    public void A_reader_can_not_write()
    {
        using SqliteConnection writer = Database.OpenWriter(Folder, Durability.Full);
        using SqliteConnection reader = Database.OpenReader(Folder);
        Assert.Equal("0", Text(reader, "SELECT count(*) FROM otel_events"));
        SqliteException e = Assert.Throws<SqliteException>(() => Database.Execute(reader, "INSERT INTO otel_events DEFAULT VALUES"));
        Assert.Equal(SQLitePCL.raw.SQLITE_READONLY, e.SqliteErrorCode);
        SqliteConnection.ClearPool(reader);
    }

    [Fact]
    public void A_file_of_a_newer_program_is_left_alone()
    {
        using (SqliteConnection connection = Database.OpenWriter(Folder, Durability.Full))
        {
            Database.Execute(connection, $"PRAGMA user_version = {Database.SchemaVersion + 1}");
        }

        StorageException e = Assert.Throws<StorageException>(() => Database.OpenWriter(Folder, Durability.Full).Dispose());
        Assert.Contains("was written by a newer OtelLite", e.Message, StringComparison.Ordinal);
        Assert.Contains("--data-dir", e.Message, StringComparison.Ordinal);

        // What was refused is closed again: nothing keeps the file busy.
        Assert.Equal([Database.FileName], Directory.GetFiles(Folder).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("a folder where the file should be")]
    [InlineData("a file where the folder should be")]
    [InlineData("a file that is no database")]
    public void What_can_not_be_used_is_said_in_a_sentence_that_helps(string what)
    {
        switch (what)
        {
            case "a folder where the file should be": Directory.CreateDirectory(Path.Combine(Folder, Database.FileName)); break;
            case "a file where the folder should be": File.WriteAllText(Folder, ""); break;
            default:
                Directory.CreateDirectory(Folder);
                File.WriteAllText(Path.Combine(Folder, Database.FileName), new string('x', 5000));
                break;
        }

        StorageException e = Assert.Throws<StorageException>(() => Database.OpenWriter(Folder, Durability.Full).Dispose());
        Assert.StartsWith($"can't use the database {Path.Combine(Folder, Database.FileName)}: ", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("Name a folder that you may write to with --data-dir DIR.", e.Message, StringComparison.Ordinal);
    }

    private static string Text(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture)!;
    }
}
