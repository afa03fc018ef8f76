using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Tests.Commands;

/// <summary>A copy that is whole, whatever is written meanwhile.</summary>
public sealed class BackupCommandTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    private string Copy => Path.Combine(_server.DataDir, "copies", "copy.db");

    public async Task InitializeAsync()
    {
        _server = await RunningServer.Start();
        Directory.CreateDirectory(Path.GetDirectoryName(Copy)!);
        (await _server.Post("/v1/logs", Exports.Request())).Dispose();
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_copy_beside_the_server_holds_all_is_its_owners_alone_and_starts_another_server()
    {
        CommandRun run = await CommandRun.Of(_server.DataDir, "backup", Copy);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Matches($@"^{Copy}: [\d.]+ [kM]B, checked", run.Out);
        Assert.Equal(["copy.db"], Directory.GetFiles(Path.GetDirectoryName(Copy)!).Select(Path.GetFileName));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Copy));
        }

        string other = Directory.CreateTempSubdirectory("otellite-").FullName;
        File.Copy(Copy, Path.Combine(other, Database.FileName));
        await using RunningServer restored = await RunningServer.Start(other);
        Assert.Equal(1, (int)(await restored.Get("/api/summary"))["apiRequests"]!);
        (await restored.Post("/v1/logs", Exports.Request(id: "r2"))).Dispose();
        Assert.Equal(2, (int)(await restored.Get("/api/summary"))["apiRequests"]!);
    }

    [Fact]
    public async Task A_file_that_is_there_is_replaced_only_when_told_so_and_a_database_in_use_never()
    {
        await File.WriteAllTextAsync(Copy, "mine");
        CommandRun run = await CommandRun.Of(_server.DataDir, "backup", Copy);
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.Contains("with --force", run.Line, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(Copy));
        run = await CommandRun.Of(_server.DataDir, "backup", Copy, "--force", "--json");
        Assert.Equal(new FileInfo(Copy).Length, (long)JsonNode.Parse(run.Out)!["bytes"]!);
        Assert.Equal(Copy, (string)JsonNode.Parse(run.Out)!["path"]!);

        run = await CommandRun.Of(_server.DataDir, "backup", Path.Combine(_server.DataDir, Database.FileName), "--force");
        Assert.Equal(1, run.Exit);
        Assert.Contains("in use", run.Line, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Copy + "-wal", "");
        Assert.Contains("in use", (await CommandRun.Of(_server.DataDir, "backup", Copy, "--force")).Line, StringComparison.Ordinal);
        Assert.Contains("is a folder", (await CommandRun.Of(_server.DataDir, "backup", _server.DataDir, "--force")).Line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("backup")]
    [InlineData("export", "events", "--to")]
    public async Task Where_there_is_no_folder_for_it_the_file_that_was_asked_for_is_named(params string[] command)
    {
        string file = Path.Combine(_server.DataDir, "no", "such", "x.db");
        CommandRun run = await CommandRun.Of(_server.DataDir, [.. command, file]);
        Assert.Equal((1, "", $"otellite: {file} can't be written: its folder does not exist."), (run.Exit, run.Out, run.Line));
    }

    [LinuxFact]
    public void What_can_not_be_written_for_another_reason_is_named_as_it_was_asked_for_too()
    {
        IOException refused = Assert.Throws<IOException>(() => new NewFile("/proc/x", mayReplace: false, null));
        Assert.StartsWith("/proc/x can't be written: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotMatch("/proc/x[.][0-9a-f]", refused.Message);
    }

    [Theory]
    [InlineData("otellite.db-wal")]
    [InlineData("otellite.db-shm")]
    [InlineData("otellite.db-journal")]
    [InlineData("token")]
    [InlineData("otellite.lock")]
    [InlineData("otellite.pid")]
    [InlineData("otellite.db")]
    public async Task The_programs_own_files_are_never_replaced_by_whatever_way_they_are_named(string name)
    {
        await File.WriteAllTextAsync(Path.Combine(_server.DataDir, "token"), "mine");
        string link = Path.Combine(_server.DataDir, "link"), folder = Path.Combine(_server.DataDir, "copies", "folder"), file = Path.Combine(_server.DataDir, name);
        File.CreateSymbolicLink(link, name);
        Directory.CreateSymbolicLink(folder, _server.DataDir);
        string[] before = Directory.GetFiles(_server.DataDir);
        foreach (string path in (string[])[file, link, Path.Combine(folder, name), Path.Combine(folder, "link")])
        {
            CommandRun run = await CommandRun.Of(_server.DataDir, "backup", path, "--force");
            Assert.Equal((1, ""), (run.Exit, run.Out));
            Assert.Contains("in use", run.Line, StringComparison.Ordinal);
            Assert.Equal(1, (await CommandRun.Of(_server.DataDir, "export", "sessions", "--to", path, "--force")).Exit);
        }

        Assert.Equal(before.Order(), Directory.GetFiles(_server.DataDir).Order());
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(_server.DataDir, "token")));
        (await _server.Post("/v1/logs", Exports.Request(id: "r2"))).Dispose();
        Assert.Equal(2, (int)(await _server.Get("/api/summary"))["apiRequests"]!);
    }

    [Fact]
    public async Task Through_a_link_the_file_that_it_leads_to_is_replaced()
    {
        string link = Path.Combine(_server.DataDir, "link");
        File.CreateSymbolicLink(link, "copies/copy.db");
        foreach (string what in (string[])["made", "replaced"])
        {
            Assert.Equal(0, (await CommandRun.Of(_server.DataDir, "backup", link, "--force")).Exit);
            Assert.True(new FileInfo(link).LinkTarget is not null, what);
            Assert.StartsWith("SQLite format 3", await File.ReadAllTextAsync(Copy), StringComparison.Ordinal);
        }
    }

    [LinuxFact]
    public async Task What_is_no_regular_file_is_refused_and_stays()
    {
        string pipe = Path.Combine(_server.DataDir, "pipe");
        using (var make = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            await make.WaitForExitAsync();
        }

        foreach (string path in (string[])["/dev/null", pipe])
        {
            CommandRun run = await CommandRun.Of(_server.DataDir, "backup", path, "--force");
            Assert.Equal(1, run.Exit);
            Assert.Contains($"{path} can't be written: it is no regular file", run.Line, StringComparison.Ordinal);
            Assert.True(Path.Exists(path));
        }
    }

    [Fact]
    public async Task Copies_made_while_exports_come_are_each_of_one_moment()
    {
        using var stop = new CancellationTokenSource();
        Task posts = Task.Run(async () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                (await _server.Post("/v1/logs", Exports.Request(Exports.Noon + i, $"s{i % 5}", id: $"n{i}"))).Dispose();
            }
        });
        for (int i = 0; i < 5; i++)
        {
            using (SqliteConnection source = StoredFile.Open(_server.DataDir))
            {
                Backup.Make(source, Copy, mayReplace: true);
            }

            using var copy = new SqliteConnection($"Data Source={Copy};Mode=ReadOnly;Pooling=False");
            copy.Open();
            using SqliteCommand command = copy.CreateCommand();
            command.CommandText = "SELECT (SELECT count(*) FROM otel_events) = (SELECT count(*) FROM usage_request) AND (SELECT sum(api_requests) FROM usage_session) = (SELECT count(*) FROM usage_request)";
            Assert.Equal(1L, command.ExecuteScalar());
        }

        await stop.CancelAsync();
        await posts;
    }

    [Fact]
    public async Task A_copy_that_is_not_sound_is_not_kept()
    {
        int page = (int)(long)_server.Sql("SELECT rootpage FROM sqlite_schema WHERE name = 'otel_scope'")!;
        int size = (int)(long)_server.Sql("PRAGMA page_size")!;
        await _server.Stop();
        // One page of a table that nothing here asks.
        string path = Path.Combine(_server.DataDir, Database.FileName);
        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes.AsSpan((page - 1) * size, size).Fill(0xAA);
        await File.WriteAllBytesAsync(path, bytes);
        CommandRun run = await CommandRun.Of(_server.DataDir, "backup", Copy);
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.Contains("the copy is not sound", run.Line, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(Copy)!));
    }
}
