using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Storage;

/// <summary>What a kill leaves between two renames: each such state made by hand, and then a start and a recovery on it.</summary>
public sealed class SetAsideTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-").FullName;

    private string DataDir => Path.Combine(_folder, "data");

    private string Of(string end) => Path.Combine(DataDir, Database.FileName + end);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Killed_while_a_damaged_one_and_its_log_are_renamed_a_start_sets_both_aside(int renamed)
    {
        byte[] log = WithLog(Of(""), "in the log");
        byte[] file = File.ReadAllBytes(Of(""));
        File.WriteAllText(Of(".renaming"), "otellite.db\notellite.db.damaged-1\n");
        foreach (string suffix in ((string[])["-wal", ""]).Take(renamed))
        {
            File.Move(Of(suffix), Of(".damaged-1" + suffix));
        }

        string sentence = Assert.Single(Start());
        Assert.Contains(Of(".damaged-1"), sentence, StringComparison.Ordinal);
        Assert.Contains("otellite recover", sentence, StringComparison.Ordinal);
        Assert.Equal(file, File.ReadAllBytes(Of(".damaged-1")));
        Assert.Equal(log, File.ReadAllBytes(Of(".damaged-1-wal")));
        Assert.Equal("", Events(Of("")));
        Assert.Equal([Of(".damaged-1")], SetAside.DamagedIn(DataDir));

        // Once only.
        Assert.Empty(Start());
        Assert.Equal(1, Recovery.Run(DataDir, Durability.Normal, null).Events);
        Assert.Equal("in the log", Events(Of("")));
    }

    [Theory]
    [InlineData("-shm")]
    [InlineData(".renaming")]
    public async Task A_rename_that_fails_between_the_log_and_the_file_is_ended_before_another_begins_and_nothing_acknowledged_is_lost(string way)
    {
        WithBrokenPage();
        List<string> said = [];
        using (var writer = new BatchWriter(Database.OpenWriter(DataDir, Durability.Normal), new IngestQueue(), _ => { }, said.Add, null, new Mending(DataDir, Durability.Normal, said.Add)))
        {
            Assert.Equal(WriteOutcome.Committed, (await writer.Write(OpenWriter.Batch(Exports.Request(id: "before")))).Outcome);

            // What is open needs the name no longer, and a folder can't be deleted as a file is; neither can a note be written over one.
            File.Delete(Of(way));
            Directory.CreateDirectory(Of(way));
            writer.ReportDamage("a page");
            WriteResult refused = await writer.Write(OpenWriter.Batch(Exports.Request(id: "refused")));
            Assert.Equal(WriteOutcome.Unavailable, refused.Outcome);
            Assert.Contains("can't be renamed", refused.Reason, StringComparison.Ordinal);
            Assert.True(File.Exists(Of("")));
            Assert.Empty(SetAside.DamagedIn(DataDir));
            Directory.Delete(Of(way));
            Assert.Equal(WriteOutcome.Committed, (await writer.Write(OpenWriter.Batch(Exports.Request(id: "after")))).Outcome);
        }

        string aside = Assert.Single(SetAside.DamagedIn(DataDir));
        Assert.Contains(said, s => s.Contains(aside, StringComparison.Ordinal));
        Assert.True(new FileInfo(aside + "-wal").Length > 0);
        Assert.False(File.Exists(Of(".renaming")));
        Assert.Empty(Start());
        Recovered recovered = Recovery.Run(DataDir, Durability.Normal, null);
        Assert.Equal((2, 1), (recovered.Events, recovered.Newer));
        Assert.Equal("before,after", Requests(Of("")));
    }

    [Fact]
    public async Task Another_that_takes_the_folder_between_the_copy_and_its_renaming_is_left_alone()
    {
        int asked = 0;
        FolderHolder? other = new(1, []);
        using (var writer = new BatchWriter(Database.OpenWriter(DataDir, Durability.Normal), new IngestQueue(), _ => { }, _ => { }, null,
            new Mending(DataDir, Durability.Normal, _ => { }, () => asked++ == 0 ? null : other)))
        {
            Assert.Equal(WriteOutcome.Committed, (await writer.Write(OpenWriter.Batch(Exports.Request(id: "before")))).Outcome);
            File.Delete(Of(""));
            WriteResult refused = default;
            for (int i = 0; i < 2; i++)
            {
                refused = await writer.Write(OpenWriter.Batch(Exports.Request(id: "again")));
                Assert.Equal(WriteOutcome.Unavailable, refused.Outcome);
            }

            Assert.Contains("another otellite (process 1) has taken it", refused.Reason, StringComparison.Ordinal);
            Assert.True(asked > 1);
            Assert.False(File.Exists(Of("")));
            other = null;
            Assert.Equal(WriteOutcome.Committed, (await writer.Write(OpenWriter.Batch(Exports.Request(id: "again")))).Outcome);
        }

        Assert.Equal("before,again", Requests(Of("")));
    }

    [Fact]
    public void Killed_before_a_recovery_it_does_that_first()
    {
        WithLog(Of(""), "in the log");
        File.WriteAllText(Of(".renaming"), "otellite.db\notellite.db.damaged-1\n");
        File.Move(Of("-wal"), Of(".damaged-1-wal"));
        Assert.Equal(1, Recovery.Run(DataDir, Durability.Normal, null).Events);
        Assert.Equal("in the log", Events(Of("")));
    }

    [Fact]
    public void A_log_whose_database_somebody_deleted_moves_no_other_database()
    {
        With(Of(""), "kept");
        File.WriteAllText(Of(".damaged-1-wal"), "left over");
        Assert.Empty(Start());
        Assert.Equal("kept", Events(Of("")));
    }

    [Theory]
    [InlineData("../elsewhere", "otellite.db.damaged-1")]
    [InlineData("", "")]
    [InlineData("otellite.db", "")]
    public void A_note_that_names_nothing_of_the_folder_moves_nothing(string from, string to)
    {
        With(Of(""), "kept");
        File.WriteAllText(Path.Combine(_folder, "elsewhere"), "another's");
        File.WriteAllText(Of(".renaming"), to.Length > 0 ? $"{from}\n{to}\n" : from);
        Assert.Empty(Start());
        Assert.Equal("kept", Events(Of("")));
        Assert.True(File.Exists(Path.Combine(_folder, "elsewhere")));
        Assert.False(File.Exists(Of(".renaming")));
    }

    [Theory]
    [InlineData("replacing", true)]
    [InlineData("replacing", false)]
    [InlineData("merged", true)]
    [InlineData("merged", false)]
    public void Killed_before_a_whole_one_is_in_its_place_a_start_puts_it_there(string why, bool isOtherThere)
    {
        With(Of($".next.{why}"), "whole");
        if (isOtherThere)
        {
            With(Of(""), "other");
        }

        Assert.Single(Start());
        Assert.Equal("whole", Events(Of("")));
        Assert.False(File.Exists(Of($".next.{why}")));
        string[] kept = Directory.GetFiles(DataDir, $"otellite.db.{why}-*");
        Assert.Equal(isOtherThere ? ["other"] : [], kept.Select(Events));
        Assert.Empty(Start());
    }

    [Fact]
    public void Killed_after_a_recovery_and_before_the_damaged_one_is_marked_the_next_recovery_adds_nothing_twice()
    {
        With(Of(".damaged-1"), "a", "b");
        With(Of(""), "c", "d");
        Recovered first = Recovery.Run(DataDir, Durability.Normal, null);
        Assert.Equal((4, 2), (first.Events, first.Newer));
        File.Move(first.Damaged, Of(".damaged-1"));
        Recovered second = Recovery.Run(DataDir, Durability.Normal, null);
        Assert.Equal((4, 2), (second.Events, second.Newer));
        Assert.Equal("a,b,c,d", Events(Of("")));
    }

    [Fact]
    public void What_is_left_of_a_recovery_or_a_copy_that_was_killed_is_removed_by_the_next_start()
    {
        Directory.CreateDirectory(Path.Combine(DataDir, "recovering", "empty"));
        string id = $"{Guid.NewGuid():N}";
        string[] unfinished = [Of($".next.replacing.{id}"), Of($".next.replacing.{id}-journal"), Of($".schema-4.{id}"), Of($".renaming.{id}"), Path.Combine(DataDir, "recovering", "damaged.db")];
        string[] others = [Of($".mine.{id}"), Of(".schema-4"), Of(".next.replacing.mine"), Of(".copy")];
        foreach (string file in unfinished.Concat(others))
        {
            File.WriteAllText(file, "some");
        }

        With(Of(""), "kept");
        Assert.Empty(Start());
        Assert.All(unfinished, file => Assert.False(File.Exists(file), file));
        Assert.All(others, file => Assert.True(File.Exists(file), file));
        Assert.False(Directory.Exists(Path.Combine(DataDir, "recovering")));
        Assert.Equal("kept", Events(Of("")));
    }

    [Fact]
    public void What_arrived_since_and_is_removed_in_part_is_merged_with_nothing_and_stays_as_it_is()
    {
        With(Of(".damaged-1"), "a");
        With(Of(""), "b");
        using (SqliteConnection connection = Open(Of("")))
        {
            Database.Execute(connection, "UPDATE otel_removed SET before_unix_nano = 5, events = 1");
        }

        StorageException e = Assert.Throws<StorageException>(() => Recovery.Run(DataDir, Durability.Normal, null));
        Assert.Contains("--data-dir", e.Message, StringComparison.Ordinal);
        Assert.Equal("b", Events(Of("")));
        Assert.Equal(1, Recovery.Run(Path.Combine(_folder, "other"), Durability.Normal, Of(".damaged-1")).Events);
    }

    // The page is of a table of nobody's, so that no row of ours is lost with it.
    private void WithBrokenPage()
    {
        const int pageBytes = 4096;
        using (SqliteConnection connection = Database.OpenWriter(DataDir, Durability.Normal))
        {
            Database.Execute(connection, "CREATE TABLE other (bytes); INSERT INTO other WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT randomblob(2000) FROM n");
        }

        using var file = new FileStream(Of(""), FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length - pageBytes;
        file.Write(new byte[pageBytes]);
    }

    private static string Requests(string path)
    {
        using SqliteConnection connection = Open(path);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT group_concat(json_extract(attributes, '$.request_id') ORDER BY id) FROM otel_events";
        return (string)command.ExecuteScalar()!;
    }

    private List<string> Start()
    {
        List<string> said = [];
        SoundFile.Open(DataDir, Durability.Normal, said.Add, out _).Dispose();
        return said;
    }

    private static void With(string path, params string[] events)
    {
        string made = Path.Combine(Path.GetDirectoryName(path)!, "made");
        using (SqliteConnection connection = Database.OpenWriter(made, Durability.Normal))
        {
            foreach (string name in events)
            {
                Database.Execute(connection, $"INSERT INTO otel_events (event_name, attributes) VALUES ('{name}', '{{\"name\":\"{name}\"}}')");
            }
        }

        File.Move(Path.Combine(made, Database.FileName), path);
        Directory.Delete(made);
    }

    // A database as a kill leaves it. Its log.
    private static byte[] WithLog(string path, string name)
    {
        With(path);
        using SqliteConnection connection = Open(path);
        SoundFile.KeepLog(connection);
        Database.Execute(connection, $"INSERT INTO otel_events (event_name, attributes) VALUES ('{name}', '{{}}')");
        connection.Close();
        return File.ReadAllBytes(path + "-wal");
    }

    private static string Events(string path)
    {
        using SqliteConnection connection = Open(path);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT coalesce(group_concat(event_name ORDER BY id), '') FROM otel_events";
        return (string)command.ExecuteScalar()!;
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }
}
