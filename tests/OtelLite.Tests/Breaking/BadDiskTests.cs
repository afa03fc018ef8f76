using System.Diagnostics;
using System.Net;
using System.Text;
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
    // For which SQLite takes an error of the disk at times.
    [InlineData("broken", "the database can't be written", "the database file is damaged")]
    public async Task On_a_disk_that_can_not_take_it_exports_are_503_and_go_on_by_themselves(string wrong, params string[] reasons)
    {
        using var disk = new BadDisk();
        await using PublishedExe exe = await PublishedExe.StartWith(disk.Environment);
        var bodies = new FreshBodies(wrong);
        Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        Action begin = wrong switch { "full" => disk.Fill, "read-only" => disk.MakeReadOnly, _ => disk.Break };
        begin();
        List<RecordedBody> refused = [];
        for (int i = 0; i < 300; i++)
        {
            refused.Add(bodies.Next());
            await AssertRefused(exe, refused[^1], reasons);
        }

        await AssertSaysWhy(exe, reasons);
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
    public async Task While_a_disk_does_not_answer_no_more_waits_than_has_room()
    {
        const int count = 400, each = 1 << 20, most = 300 << 20;
        using var disk = new BadDisk(TimeSpan.FromSeconds(8));
        await using PublishedExe exe = await PublishedExe.StartWith(disk.Environment);
        var bodies = new FreshBodies("slow");
        Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        string text = new('x', each);
        RecordedBody[] large = [.. Enumerable.Range(0, count).Select(i =>
            new RecordedBody($"{i}", "logs", Exports.Gzip(Encoding.UTF8.GetBytes(Otlp.Export.Logs(Otlp.Export.Record($"\"body\":{{\"stringValue\":\"{i} {text}\"}}")))), Gzip: true, Protobuf: false))];
        disk.SlowDown();
        string[] said = await Task.WhenAll(large.Select(async body =>
        {
            using HttpResponseMessage answer = await exe.Post(body);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            return await answer.Content.ReadAsStringAsync();
        }));
        Assert.Contains(said, s => s.Contains("other exports of this size", StringComparison.Ordinal));
        Assert.InRange(exe.PeakResidentBytes(), 1, most);
        Assert.True(count * each > most && Limits.QueueBytesMax < most / 2);
        disk.Mend();
        await UntilReady(exe);
        Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedFact]
    public async Task A_deleted_file_that_can_not_be_renamed_to_its_place_is_there_once_it_can_and_so_is_all_that_was_acknowledged()
    {
        using var disk = new BadDisk();
        await using PublishedExe exe = await PublishedExe.StartWith(disk.Environment);
        var bodies = new FreshBodies("renamed");
        Assert.Equal(0, await Sent.UntilAcknowledged(exe, bodies.Next()));
        disk.KeepName();
        File.Delete(Path.Combine(exe.DataDir, "otellite.db"));
        RecordedBody refused = bodies.Next();
        await AssertRefused(exe, refused, "deleted or replaced", "can't be renamed");
        await AssertRefused(exe, refused, "can't be renamed");
        disk.Mend();
        await Sent.UntilAcknowledged(exe, refused);
        await Sent.AssertAllThereOnce(exe, bodies.Made);
        await exe.Kill();
        await exe.StartProcess();
        await Sent.AssertAllThereOnce(exe, bodies.Made);
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

    [PublishedTheory]
    [InlineData(false, "the disk is full")]
    [InlineData(true, "Read-only file system")]
    public async Task A_start_on_a_disk_that_takes_nothing_ends_with_one_sentence_and_leaves_no_empty_database(bool isReadOnly, string reason)
    {
        using var disk = new BadDisk();
        Action begin = isReadOnly ? disk.MakeReadOnly : disk.Fill;
        begin();
        string folder = "";
        InvalidOperationException failed = await Assert.ThrowsAsync<InvalidOperationException>(() => PublishedExe.StartWith(f => disk.Environment(folder = f)));
        Assert.Contains(reason, failed.Message, StringComparison.Ordinal);
        Assert.Contains("--data-dir", failed.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder, "otellite.db")));
    }

    private static async Task AssertRefused(PublishedExe exe, RecordedBody body, params string[] reasons)
    {
        var clock = Stopwatch.StartNew();
        using HttpResponseMessage answer = await exe.Post(body);
        string said = await answer.Content.ReadAsStringAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (answer.StatusCode, exe.IsRunning));
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 3);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, HangMax);
        Assert.True(Names(said, reasons), said);
    }

    private static bool Names(string said, string[] reasons) => reasons.Any(reason => said.Contains(reason, StringComparison.Ordinal));

    // Taken only where the server's own look at its file came between.
    private static async Task AssertRefusedOrTaken(PublishedExe exe, RecordedBody body, string reason)
    {
        using HttpResponseMessage answer = await exe.Post(body);
        string said = await answer.Content.ReadAsStringAsync();
        Assert.True(
            answer.IsSuccessStatusCode || (answer.StatusCode == HttpStatusCode.ServiceUnavailable && said.Contains(reason, StringComparison.Ordinal)), $"{answer.StatusCode} {said}");
    }

    private static async Task AssertSaysWhy(PublishedExe exe, params string[] reasons)
    {
        var clock = Stopwatch.StartNew();
        using HttpResponseMessage ready = await exe.Http.GetAsync(new Uri(exe.Url + "/readyz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        string told = (string)JsonNode.Parse(await ready.Content.ReadAsStringAsync())!["reason"]!;
        Assert.True(Names(told, reasons), told);

        // What the page asks: the reason, or that nothing can be read either.
        using HttpResponseMessage ingest = await exe.Http.GetAsync(new Uri(exe.Url + "/api/ingest"));
        JsonNode said = JsonNode.Parse(await ingest.Content.ReadAsStringAsync())!;
        told = (string)(said["trouble"] ?? said["detail"])!;
        Assert.True(Names(told, ingest.IsSuccessStatusCode ? reasons : ["the database can't be read now"]), told);
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
