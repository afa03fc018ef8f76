using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Tests.Breaking;

namespace OtelLite.Tests.Storage;

/// <summary>What a start makes of a file that is not what it should be, and what is found out later.</summary>
[Collection(Alone.Name)]
public sealed class SoundFileTests : IDisposable
{
    private const int PageBytes = 4096, LargeRows = 200_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-").FullName;

    private string FilePath => Path.Combine(_folder, Database.FileName);

    public void Dispose()
    {
        // A server takes its folder with it.
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_broken_page_of_a_large_table_is_told_of_in_time_and_no_export_waits_for_it()
    {
        MakeLarge();
        BreakEarlyPageOf("otel_events");
        await using RunningServer server = await RunningServer.Start(_folder);
        Assert.Equal([], server.Said);
        var clock = Stopwatch.StartNew();
        var bodies = new FreshBodies("meanwhile");
        TimeSpan longest = TimeSpan.Zero;
        while (server.Said.Count == 0 && clock.Elapsed < TimeSpan.FromSeconds(60))
        {
            var one = Stopwatch.StartNew();
            using HttpResponseMessage answer = await server.Post(bodies.Next());
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            longest = one.Elapsed > longest ? one.Elapsed : longest;
        }

        Assert.Contains("is damaged", Assert.Single(server.Said), StringComparison.Ordinal);
        Assert.InRange(longest, TimeSpan.Zero, Limits.WriteWait);
        Assert.Equal(Assert.Single(SetAside.DamagedIn(_folder)), (string)(await server.Get("/api/ingest"))["database"]!["damaged"]![0]!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_large_table_is_looked_at_to_its_end_while_much_is_written_and_the_log_stays_short(bool isBroken)
    {
        MakeLarge();
        if (isBroken)
        {
            BreakEarlyPageOf("otel_events");
        }

        const int each = Limits.LeisureLogBytes + (1 << 20);
        using SqliteConnection writer = Open(), reader = Database.OpenReader(_folder);
        Database.Execute(writer, "CREATE TABLE written (bytes)");
        long longest = 0, written = 0;
        string? damage = SoundFile.LookAtLeisure(reader, () =>
        {
            Database.Execute(writer, $"INSERT INTO written VALUES (zeroblob({each})); DELETE FROM written");
            written += each;
            longest = Math.Max(longest, new FileInfo(FilePath + "-wal").Length);
        }, CancellationToken.None);
        SqliteConnection.ClearPool(reader);
        Assert.Equal(isBroken, damage is not null);
        Assert.True(written >= (isBroken ? 1L : 4) * each, $"no more than {written} bytes were written meanwhile");
        Assert.InRange(longest, 1, 3 * each);
        Assert.True(LargeRows > 10 * Limits.LeisureRows);
    }

    [Theory]
    [InlineData("CREATE TABLE notes (text); PRAGMA user_version = 0")]
    [InlineData("CREATE TABLE notes (text); PRAGMA user_version = 3")]
    public void A_database_of_another_program_is_left_alone(string sql)
    {
        using (SqliteConnection other = Open())
        {
            Database.Execute(other, sql);
        }

        byte[] before = File.ReadAllBytes(FilePath);
        StorageException e = Assert.Throws<StorageException>(() => SoundFile.Open(_folder, Durability.Normal, _ => { }, out _));
        Assert.Contains("another program", e.Message, StringComparison.Ordinal);
        Assert.Contains("--data-dir", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(FilePath));
        e = Assert.Throws<StorageException>(() => Recovery.Run(Path.Combine(_folder, "other"), Durability.Normal, FilePath));
        Assert.Contains("no table of OtelLite's", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public void A_damaged_file_of_a_newer_program_is_refused_and_not_set_aside()
    {
        Database.OpenWriter(_folder, Durability.Normal).Dispose();
        using (SqliteConnection newer = Open())
        {
            Database.Execute(newer, $"PRAGMA user_version = {Database.SchemaVersion + 1}");
        }

        byte[] cut = File.ReadAllBytes(FilePath)[..(5 * PageBytes)];
        File.WriteAllBytes(FilePath, cut);
        foreach (Action use in (Action[])[() => SoundFile.Open(_folder, Durability.Normal, _ => { }, out _), () => Recovery.Run(Path.Combine(_folder, "other"), Durability.Normal, FilePath)])
        {
            Assert.Contains("newer OtelLite", Assert.Throws<StorageException>(use).Message, StringComparison.Ordinal);
        }

        Assert.Equal(cut, File.ReadAllBytes(FilePath));
        Assert.Empty(SetAside.DamagedIn(_folder));
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("gone")]
    public void A_log_whose_file_is_empty_or_gone_is_kept_and_recovered(string how)
    {
        using (SqliteConnection connection = Database.OpenWriter(_folder, Durability.Normal))
        {
            SoundFile.KeepLog(connection);
            Database.Execute(connection, "INSERT INTO otel_events (event_name, attributes) VALUES ('in the log', '{}')");
        }

        byte[] log = File.ReadAllBytes(FilePath + "-wal");
        File.Delete(FilePath);
        if (how == "empty")
        {
            File.WriteAllBytes(FilePath, []);
        }

        List<string> said = [];
        SoundFile.Open(_folder, Durability.Normal, said.Add, out _).Dispose();
        Assert.Contains("otellite recover", Assert.Single(said), StringComparison.Ordinal);
        string aside = Assert.Single(SetAside.DamagedIn(_folder));
        Assert.Equal(log, File.ReadAllBytes(aside + "-wal"));
        Assert.Equal(1, Recovery.Run(_folder, Durability.Normal, null).Events);
    }

    [Fact]
    public void An_index_of_a_log_that_is_gone_is_no_damage()
    {
        using (SqliteConnection connection = Database.OpenWriter(_folder, Durability.Normal))
        {
            Database.Execute(connection, "INSERT INTO otel_events (event_name) VALUES ('kept'); PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO otel_events (event_name) VALUES ('lost with its log')");
            foreach (string suffix in (string[])["", "-shm"])
            {
                File.Copy(FilePath + suffix, Path.Combine(_folder, "copy" + suffix));
            }
        }

        File.Delete(FilePath + "-wal");
        foreach (string suffix in (string[])["", "-shm"])
        {
            File.Move(Path.Combine(_folder, "copy" + suffix), FilePath + suffix, overwrite: true);
        }

        List<string> said = [];
        using SqliteConnection opened = SoundFile.Open(_folder, Durability.Normal, said.Add, out bool isWhole);
        Assert.Empty(said);
        Assert.True(isWhole);
        using SqliteCommand command = opened.CreateCommand();
        command.CommandText = "SELECT group_concat(event_name) FROM otel_events";
        Assert.Equal("kept", command.ExecuteScalar());
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_start_does_not_wait_for_a_file_that_it_could_read_a_small_part_of(int beyond, bool isLooked)
    {
        SoundFile.Open(_folder, Durability.Normal, _ => { }, out _).Dispose();
        using (FileStream file = File.OpenWrite(FilePath))
        {
            // Behind what its header tells of; it takes no room.
            file.SetLength(Limits.StartCheckBytesMax + beyond);
        }

        // A busy machine may take longer for a small file than a start has; then it is looked at again.
        bool isWhole = false;
        for (int i = 0; i < 20 && !isWhole; i++)
        {
            SoundFile.Open(_folder, Durability.Normal, _ => { }, out isWhole).Dispose();
        }

        Assert.Equal(isLooked, isWhole);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(100_000)]
    public void Random_bytes_are_set_aside_and_can_not_be_recovered_and_both_is_said(int bytes)
    {
        byte[] nonsense = new byte[bytes];
        new Random(1).NextBytes(nonsense);
        File.WriteAllBytes(FilePath, nonsense);
        List<string> said = [];
        SoundFile.Open(_folder, Durability.Normal, said.Add, out _).Dispose();

        // An empty file is a new database.
        Assert.Equal(bytes == 0 ? 0 : 1, said.Count);
        if (bytes > 0)
        {
            string aside = Assert.Single(SetAside.DamagedIn(_folder));
            StorageException e = Assert.Throws<StorageException>(() => Recovery.Run(_folder, Durability.Normal, null));
            Assert.Equal($"{aside} can't be recovered: no table of OtelLite's can be found in it. It is as it was.", e.Message);
            Assert.Equal(nonsense, File.ReadAllBytes(aside));
        }
    }

    // A process loses all the locks that it has on a file as soon as it closes that file, by whatever way it had opened it. Without them another program that closes the database takes itself for
    // the last, and removes the log.
    [LinuxTheory]
    [InlineData("opened once more")]
    [InlineData("looked at")]
    [InlineData("looked at in parts")]
    [InlineData("copied")]
    public void While_it_is_open_others_see_that_it_is_whatever_is_done_with_it_beside(string how)
    {
        WithBrokenPage();
        using SqliteConnection writer = Database.OpenWriter(_folder, Durability.Normal), reader = Database.OpenReader(_folder);
        Database.Execute(writer, "INSERT INTO otel_events (event_name, attributes) VALUES ('in the log', '{}')");
        Assert.True(IsLocked());
        switch (how)
        {
            case "opened once more":
                Database.OpenWriter(_folder, Durability.Normal).Dispose();
                break;
            case "looked at":
                Assert.NotNull(SoundFile.Look(reader, TimeSpan.FromSeconds(20)).Damage);
                break;
            case "looked at in parts":
                Assert.NotNull(SoundFile.LookAtLeisure(reader, () => { }, CancellationToken.None));
                break;
            default:
                Assert.Throws<StorageException>(() => Backup.Make(reader, Path.Combine(_folder, "copy.db"), mayReplace: false));
                break;
        }

        Assert.True(IsLocked());
        SqliteConnection.ClearPool(reader);

        bool IsLocked() => File.ReadLines("/proc/locks").Any(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, "POSIX", _, "READ", var process, var file, ..]
            && process == $"{Environment.ProcessId}" && file.EndsWith($":{FileKind.Identity(FileKind.Name(FilePath))!.Value.Number}", StringComparison.Ordinal));
    }

    // The page is of a table of nobody's.
    private void WithBrokenPage()
    {
        using (SqliteConnection connection = Database.OpenWriter(_folder, Durability.Normal))
        {
            Database.Execute(connection, "CREATE TABLE other (bytes); INSERT INTO other WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT randomblob(2000) FROM n");
        }

        using var file = new FileStream(FilePath, FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length - PageBytes;
        file.Write(new byte[PageBytes]);
    }

    // More than a start looks at.
    private void MakeLarge()
    {
        using SqliteConnection connection = Database.OpenWriter(_folder, Durability.Normal);
        Database.Execute(connection, $$"""
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{LargeRows}})
            INSERT INTO otel_events (event_name, session_id, time_unix_nano, attributes)
            SELECT 'user_prompt', 'large', {{Exports.Noon}}000000000 + i, json_object('session.id', 'large', 'n', i, 'text', hex(zeroblob(500))) FROM n
            """);
    }

    // SQLite's own look begins at a tree's end.
    private void BreakEarlyPageOf(string table)
    {
        long page;
        using (SqliteConnection connection = Open())
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'";
            page = (long)command.ExecuteScalar()!;
        }

        using var file = new FileStream(FilePath, FileMode.Open, FileAccess.ReadWrite);
        byte[] bytes = new byte[PageBytes];
        for (int below = 0; ; page = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(below)))
        {
            file.Position = (page - 1) * PageBytes;
            file.ReadExactly(bytes);
            if (bytes[0] == 0x0D)
            {
                break;
            }

            below = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(12 + (BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(3)) / 8 * 2)));
        }

        file.Position = (page - 1) * PageBytes;
        file.Write(new byte[PageBytes]);
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        return connection;
    }
}
