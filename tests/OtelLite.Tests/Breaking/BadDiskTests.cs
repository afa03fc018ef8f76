using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace OtelLite.Tests.Breaking;

/// <summary>The published program on a disk that goes wrong under it: it refuses with 503, says why, and goes on by itself.</summary>
[Collection(Alone.Name)]
public sealed class BadDiskTests
{
    private static readonly TimeSpan HangMax = TimeSpan.FromSeconds(8);

    [PublishedTheory]
    [InlineData("full", "the disk is full")]
    [InlineData("read-only", "the database can't be written")]
    [InlineData("broken", "")]
    public async Task On_a_disk_that_can_not_take_it_exports_are_503_and_go_on_by_themselves(string wrong, string reason)
    {
        using var disk = new BadDisk();
        await using PublishedExe exe = await PublishedExe.StartWith(disk.Environment);
        var bodies = new FreshBodies(wrong);
        Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        Action begin = wrong switch { "full" => disk.Fill, "read-only" => disk.MakeReadOnly, _ => disk.Break };
        begin();
        long before = exe.ResidentBytes();
        List<RecordedBody> refused = [];
        for (int i = 0; i < 300; i++)
        {
            refused.Add(bodies.Next());
            // SQLite takes an error of the disk for damage at times.
            await AssertRefused(exe, refused[^1], wrong == "broken" ? "" : reason);
        }

        await AssertSaysWhy(exe, reason);
        Assert.InRange(exe.ResidentBytes() - before, long.MinValue, 100 << 20);
        disk.Mend();
        await UntilReady(exe);
        foreach (RecordedBody body in refused)
        {
            await Sent.UntilAcknowledged(exe, body);
        }

        await Sent.AssertAllThereOnce(exe, bodies.Made);
        Assert.Contains("exports are stored again.", exe.Said, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(exe.DataDir), f => f.Contains(".damaged-", StringComparison.Ordinal));
    }

    [PublishedFact]
    public async Task On_a_disk_that_does_not_answer_exports_are_503_in_time_and_are_stored_when_it_does()
    {
        using var disk = new BadDisk(TimeSpan.FromSeconds(8));
        await using PublishedExe exe = await PublishedExe.StartWith(disk.Environment);
        var bodies = new FreshBodies("slow");
        Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        disk.SlowDown();
        RecordedBody[] slow = [.. Enumerable.Range(0, 5).Select(_ => bodies.Next())];
        Task[] refused = [.. slow.Select(b => AssertRefused(exe, b, "the disk is slow"))];
        await Task.Delay(Limits.SlowWrite + TimeSpan.FromSeconds(1.5));
        await AssertSaysWhy(exe, "the disk is slow");
        await Task.WhenAll(refused);
        disk.Mend();
        await UntilReady(exe);

        // What was given up on is kept all the same, and known when it comes again.
        foreach (RecordedBody body in slow)
        {
            await Sent.UntilAcknowledged(exe, body);
        }

        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedFact]
    public async Task While_another_program_has_the_lock_exports_are_503_in_time_and_the_next_ones_sooner()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        var bodies = new FreshBodies("locked");
        Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        RecordedBody body = bodies.Next();
        using (var other = new SqliteConnection($"Data Source={Path.Combine(exe.DataDir, "otellite.db")};Pooling=False"))
        {
            other.Open();
            using SqliteTransaction held = other.BeginTransaction();
            await AssertRefused(exe, body, "another program holds a lock");
            var clock = Stopwatch.StartNew();
            await AssertRefused(exe, body, "another program holds a lock");
            Assert.InRange(clock.Elapsed.TotalMilliseconds, 0, (2 * Limits.BusyTimeoutInTroubleMs) + 1500);
            await AssertSaysWhy(exe, "another program holds a lock");
        }

        await UntilReady(exe);
        await Sent.UntilAcknowledged(exe, body);
        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedTheory]
    [InlineData("otellite.db")]
    [InlineData("otellite.db-wal")]
    [InlineData("otellite.db otellite.db-wal otellite.db-shm")]
    [InlineData("")]
    public async Task A_file_that_is_deleted_under_it_is_written_again_with_all_that_was_acknowledged(string files)
    {
        await using PublishedExe exe = await PublishedExe.Start();
        var bodies = new FreshBodies("deleted");
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        }

        if (files.Length == 0)
        {
            Directory.Delete(exe.DataDir, recursive: true);
        }

        Array.ForEach(files.Split(' ', StringSplitOptions.RemoveEmptyEntries), name => File.Delete(Path.Combine(exe.DataDir, name)));
        RecordedBody body = bodies.Next();
        await AssertRefusedOrTaken(exe, body, "deleted or replaced");
        Assert.InRange(await Sent.UntilAcknowledged(exe, body), 0, 500);
        await UntilReady(exe);
        await Sent.AssertAllThereOnce(exe, bodies.Made);
        await exe.Kill();
        await exe.StartProcess();
        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedFact]
    public async Task A_file_that_is_put_in_its_place_is_kept_aside_and_so_is_all_that_was_acknowledged()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        var bodies = new FreshBodies("replaced");
        Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        string copy = Path.Combine(exe.DataDir, "copy.db"), path = Path.Combine(exe.DataDir, "otellite.db");
        Assert.Equal(0, (await PublishedExe.Run("backup", copy, "--data-dir", exe.DataDir)).ExitCode);
        byte[] other = await File.ReadAllBytesAsync(copy);
        Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        File.Move(copy, path, overwrite: true);
        RecordedBody body = bodies.Next();
        await AssertRefusedOrTaken(exe, body, "deleted or replaced");
        await Sent.UntilAcknowledged(exe, body);
        await Sent.AssertAllThereOnce(exe, bodies.Made);
        Assert.Equal(other, await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(exe.DataDir, "otellite.db.replacing-*"))));
        Assert.Contains("To use that one, stop otellite first.", exe.Said, StringComparison.Ordinal);
    }

    [PublishedFact]
    public async Task A_start_on_a_full_disk_ends_with_one_sentence_and_leaves_no_empty_database()
    {
        using var disk = new BadDisk();
        disk.Fill();
        InvalidOperationException failed = await Assert.ThrowsAsync<InvalidOperationException>(() => PublishedExe.StartWith(disk.Environment));
        Assert.Contains("the disk is full", failed.Message, StringComparison.Ordinal);
        Assert.Contains("--data-dir", failed.Message, StringComparison.Ordinal);
    }

    private static async Task AssertRefused(PublishedExe exe, RecordedBody body, string reason)
    {
        var clock = Stopwatch.StartNew();
        using HttpResponseMessage answer = await exe.Post(body);
        string said = await answer.Content.ReadAsStringAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (answer.StatusCode, exe.IsRunning));
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 3);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, HangMax);
        Assert.Contains(reason, said, StringComparison.Ordinal);
    }

    // Taken only where the server's own look at its file came between.
    private static async Task AssertRefusedOrTaken(PublishedExe exe, RecordedBody body, string reason)
    {
        using HttpResponseMessage answer = await exe.Post(body);
        string said = await answer.Content.ReadAsStringAsync();
        Assert.True(
            answer.IsSuccessStatusCode || (answer.StatusCode == HttpStatusCode.ServiceUnavailable && said.Contains(reason, StringComparison.Ordinal)), $"{answer.StatusCode} {said}");
    }

    private static async Task AssertSaysWhy(PublishedExe exe, string reason)
    {
        var clock = Stopwatch.StartNew();
        using HttpResponseMessage ready = await exe.Http.GetAsync(new Uri(exe.Url + "/readyz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains(reason, (string)JsonNode.Parse(await ready.Content.ReadAsStringAsync())!["reason"]!, StringComparison.Ordinal);

        // What the page asks: the reason, or that nothing can be read either.
        using HttpResponseMessage ingest = await exe.Http.GetAsync(new Uri(exe.Url + "/api/ingest"));
        JsonNode said = JsonNode.Parse(await ingest.Content.ReadAsStringAsync())!;
        Assert.Contains(ingest.IsSuccessStatusCode ? reason : "the database can't be read now", (string)(said["trouble"] ?? said["detail"])!, StringComparison.Ordinal);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, HangMax);
    }

    private static async Task UntilReady(PublishedExe exe)
    {
        for (var clock = Stopwatch.StartNew(); ;)
        {
            using HttpResponseMessage ready = await exe.Http.GetAsync(new Uri(exe.Url + "/readyz"));
            if (ready.IsSuccessStatusCode)
            {
                return;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{await ready.Content.ReadAsStringAsync()} {exe.Said}");
            await Task.Delay(50);
        }
    }
}
