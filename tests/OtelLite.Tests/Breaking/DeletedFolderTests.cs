using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace OtelLite.Tests.Breaking;

/// <summary>What the published program holds open is deleted under it, and nothing more arrives by which it would notice.</summary>
[Collection(Alone.Name)]
public sealed class DeletedFolderTests
{
    [PublishedTheory]
    [InlineData("otellite.db")]
    [InlineData("otellite.db-wal")]
    [InlineData("otellite.db otellite.db-wal otellite.db-shm")]
    [InlineData("")]
    public async Task It_is_written_again_though_nothing_more_arrives(string files)
    {
        await using PublishedExe exe = await PublishedExe.Start();
        FreshBodies bodies = await Fill(exe);
        Delete(exe, files);
        if (files == "otellite.db-wal")
        {
            // What stood there is moved into the file, and nothing is said.
            await Task.Delay(3 * Limits.FileLookInterval);
        }
        else
        {
            await Until(() => exe.Said.Contains("is written again as it was", StringComparison.Ordinal), exe);
        }

        await exe.Kill();
        await exe.StartProcess();
        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedTheory]
    [InlineData("otellite.db")]
    [InlineData("otellite.db-wal")]
    [InlineData("otellite.db otellite.db-wal otellite.db-shm")]
    [InlineData("")]
    public async Task It_is_written_again_before_the_program_ends(string files)
    {
        await using PublishedExe exe = await PublishedExe.Start();
        FreshBodies bodies = await Fill(exe);
        Delete(exe, files);
        Assert.Equal(0, await exe.Signal("TERM"));
        await exe.StartProcess();
        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedFact]
    public async Task What_was_away_for_a_moment_loses_nothing_that_arrived_since_and_no_copy_of_it_stays()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        string path = Path.Combine(exe.DataDir, "otellite.db"), elsewhere = Path.Combine(exe.DataDir, "elsewhere");
        var bodies = new FreshBodies("moment");
        using var stop = new CancellationTokenSource();
        Task[] clients = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await Sent.UntilAcknowledged(exe, bodies.Next());
            }
        }))];
        foreach (int away in (int[])[5, 10, 20, 20, 30, 50])
        {
            await Task.Delay(200);
            File.Move(path, elsewhere);
            await Task.Delay(away);
            // Where it was written again meanwhile, that one has all of it.
            if (!File.Exists(path))
            {
                File.Move(elsewhere, path);
            }

            await Task.Delay(1500);
            File.Delete(elsewhere);
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        await Until(() => Directory.GetFiles(exe.DataDir, "*.next.*").Length == 0, exe);
        Assert.Equal(0, await exe.Signal("TERM"));
        await exe.StartProcess();
        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedFact]
    public async Task A_link_in_its_place_to_where_it_was_moved_is_noticed()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using PublishedExe exe = await PublishedExe.Start();
        FreshBodies bodies = await Fill(exe);
        string path = Path.Combine(exe.DataDir, "otellite.db"), elsewhere = Path.Combine(exe.DataDir, "elsewhere");
        File.Move(path, elsewhere);
        File.CreateSymbolicLink(path, elsewhere);
        await Until(() => exe.Said.Contains("is written again as it was", StringComparison.Ordinal), exe);
        await exe.Kill();
        await exe.StartProcess();
        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedFact]
    public async Task A_deleted_folder_has_its_tokens_its_key_and_its_lock_again()
    {
        await using PublishedExe exe = await PublishedExe.Start("--redact", "hash:user.email");
        Assert.Equal(0, (await PublishedExe.Run("token", "add", "laptop", "--data-dir", exe.DataDir)).ExitCode);
        await Task.Delay(3 * Limits.TokenLookInterval);
        FreshBodies bodies = await Fill(exe);
        string[] small = ["tokens.list", "redact.key"];
        string[] before = [.. small.Select(name => File.ReadAllText(Path.Combine(exe.DataDir, name)))];
        Delete(exe, "");
        await Until(() => exe.Said.Contains("tokens.list, redact.key are written again as before", StringComparison.Ordinal), exe);
        Assert.Equal(before, small.Select(name => File.ReadAllText(Path.Combine(exe.DataDir, name))));
        if (!OperatingSystem.IsWindows())
        {
            foreach (string name in small)
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(exe.DataDir, name)));
            }
        }

        // A second one is told who has the folder.
        Ran second = await PublishedExe.Run("--data-dir", exe.DataDir, "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--otlp-http-port", "0", "--otlp-grpc-port", "0");
        Assert.NotEqual(0, second.ExitCode);
        Assert.Contains($"runs already on {exe.Url}", second.Error, StringComparison.Ordinal);
        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedFact]
    public async Task The_token_that_clients_are_set_up_with_is_the_one_of_the_next_start_too()
    {
        string folder = Path.Combine(Directory.CreateTempSubdirectory("otellite-deleted-").FullName, "data"), path = Path.Combine(folder, "token");
        await using (PublishedExe exe = await PublishedExe.Start("--data-dir", folder, "--token", ""))
        {
            string token = await File.ReadAllTextAsync(path);
            Directory.Delete(folder, recursive: true);
            await Until(() => File.Exists(path), exe);
            Assert.Equal(token, await File.ReadAllTextAsync(path));
        }

        Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
    }

    [PublishedFact]
    public async Task A_lock_that_is_deleted_is_taken_again_and_tokens_that_are_deleted_alone_are_taken_back()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        Assert.Equal(0, (await PublishedExe.Run("token", "add", "laptop", "--data-dir", exe.DataDir)).ExitCode);
        await Task.Delay(3 * Limits.TokenLookInterval);
        File.Delete(Path.Combine(exe.DataDir, "tokens.list"));
        await Task.Delay(3 * Limits.TokenLookInterval);
        File.Delete(Path.Combine(exe.DataDir, "otellite.lock"));
        await Until(() => File.Exists(Path.Combine(exe.DataDir, "otellite.lock")), exe);
        Ran second = await PublishedExe.Run("--data-dir", exe.DataDir, "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--otlp-http-port", "0", "--otlp-grpc-port", "0");
        Assert.Contains($"runs already on {exe.Url}", second.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(exe.DataDir, "tokens.list")));
    }

    [PublishedFact]
    public async Task A_second_program_in_the_folder_is_left_alone_and_what_the_first_had_is_kept_beside_it()
    {
        string folder = Path.Combine(Directory.CreateTempSubdirectory("otellite-deleted-").FullName, "data");
        await using (PublishedExe first = await PublishedExe.Start("--data-dir", folder))
        {
            FreshBodies bodies = await Fill(first);

            // Held meanwhile, else it may have its folder again before the second is there.
            await first.Tell("STOP");
            Directory.Delete(folder, recursive: true);
            await using PublishedExe second = await PublishedExe.Start("--data-dir", folder);
            var others = new FreshBodies("second");
            Assert.Equal(0, await Sent.UntilAcknowledged(second, others.Next()));
            await first.Tell("CONT");
            await Until(() => first.Said.Contains($"another otellite (process {second.ProcessId}) has taken it", StringComparison.Ordinal), first);
            using (HttpResponseMessage refused = await first.Post(new FreshBodies("refused").Next()))
            {
                Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            }

            Assert.Equal(0, await Sent.UntilAcknowledged(second, others.Next()));
            await Task.Delay(3 * Limits.FileLookInterval);
            Assert.Empty(Directory.GetFiles(folder, "*.replacing*"));
            Assert.Equal(0, await first.Signal("TERM"));
            string kept = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(folder)!, "data.rescued-*.db"));
            Assert.Equal((bodies.Made, bodies.Made), RequestsIn(kept));
            Assert.Equal(0, await second.Signal("TERM"));
            Assert.Equal((others.Made, others.Made), RequestsIn(Path.Combine(folder, "otellite.db")));
        }

        Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
    }

    [PublishedFact]
    public async Task What_can_not_be_written_again_as_the_program_ends_is_kept_beside_the_folder()
    {
        string folder = Path.Combine(Directory.CreateTempSubdirectory("otellite-deleted-").FullName, "data");
        await using (PublishedExe exe = await PublishedExe.Start("--data-dir", folder))
        {
            await Fill(exe);
            Directory.Delete(folder, recursive: true);
            await File.WriteAllTextAsync(folder, "in the way");
            Assert.Equal(0, await exe.Signal("TERM"));
            string kept = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(folder)!, "data.rescued-*.db"));
            Assert.Contains($"all of it is kept in {kept}", exe.Said, StringComparison.Ordinal);
        }

        Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
    }

    [PublishedFact]
    public async Task What_is_no_file_in_the_databases_place_stops_the_start_with_a_sentence()
    {
        string folder = Directory.CreateTempSubdirectory("otellite-deleted-").FullName, path = Path.Combine(folder, "otellite.db");
        Directory.CreateDirectory(path);
        Assert.Contains("is a folder: move it away", (await PublishedExe.Run("--data-dir", folder, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0")).Error, StringComparison.Ordinal);
        Directory.Delete(path);
        if (!OperatingSystem.IsWindows())
        {
            using (Process made = Process.Start("mkfifo", path))
            {
                await made.WaitForExitAsync();
            }

            Assert.Contains("no regular file", (await PublishedExe.Run("--data-dir", folder, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0")).Error, StringComparison.Ordinal);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task<FreshBodies> Fill(PublishedExe exe)
    {
        var bodies = new FreshBodies("gone");
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        }

        return bodies;
    }

    // How many rows, and of how many requests.
    private static (int, int) RequestsIn(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand count = connection.CreateCommand();
        count.CommandText = "SELECT count(*), count(DISTINCT json_extract(attributes, '$.request_id')) FROM otel_events WHERE event_name = 'api_request'";
        using SqliteDataReader row = count.ExecuteReader();
        return row.Read() ? (row.GetInt32(0), row.GetInt32(1)) : default;
    }

    private static void Delete(PublishedExe exe, string files)
    {
        if (files.Length == 0)
        {
            Directory.Delete(exe.DataDir, recursive: true);
        }

        Array.ForEach(files.Split(' ', StringSplitOptions.RemoveEmptyEntries), name => File.Delete(Path.Combine(exe.DataDir, name)));
    }

    private static async Task Until(Func<bool> isSo, PublishedExe exe)
    {
        for (var clock = Stopwatch.StartNew(); !isSo(); await Task.Delay(50))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), exe.Said);
        }
    }
}
