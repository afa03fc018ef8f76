using System.Net;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Breaking;

/// <summary>A database that is not what was written: noticed, set aside as it is, and recovered as far as it can be read.</summary>
[Collection(Alone.Name)]
public sealed class DamagedFileTests
{
    private const int Requests = 4 * Limits.RecoverRowsPerStep, PageBytes = 4096;

    private static string PathOf(PublishedExe exe) => Path.Combine(exe.DataDir, "otellite.db");

    [PublishedTheory]
    [InlineData("a page in the middle", Requests - 400, Requests - 1)]
    [InlineData("all pages of one stretch", 0, Requests - 1)]
    [InlineData("its header", Requests, Requests)]
    [InlineData("its list of tables", Requests, Requests)]
    [InlineData("its end", 0, Requests - 1)]
    public async Task A_damaged_database_is_set_aside_untouched_and_what_can_be_read_comes_back_with_what_arrived_since(string what, int least, int most)
    {
        await using PublishedExe exe = await Filled();
        Assert.Equal(0, await exe.Signal("TERM"));
        Damage(PathOf(exe), what);
        byte[] damaged = await File.ReadAllBytesAsync(PathOf(exe));
        await exe.StartProcess();
        string sentence = Assert.Single(exe.Said.Split('\n'), l => l.Contains("is damaged", StringComparison.Ordinal));
        Assert.Contains("otellite recover", sentence, StringComparison.Ordinal);
        string aside = Assert.Single(Directory.GetFiles(exe.DataDir, "otellite.db.damaged-*"));
        Assert.Contains(aside, sentence, StringComparison.Ordinal);
        Assert.Equal(damaged, await File.ReadAllBytesAsync(aside));
        Assert.Equal(aside, (string)(await exe.Get("/api/ingest"))["database"]!["damaged"]![0]!);

        // It takes what comes; a recovery waits until it has stopped.
        var since = new FreshBodies("since");
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(0, await Sent.UntilAcknowledged(exe, since.Next()));
        }

        Ran early = await PublishedExe.Run("recover", "--data-dir", exe.DataDir);
        Assert.Equal(1, early.ExitCode);
        Assert.Contains("runs already", early.Error, StringComparison.Ordinal);
        Assert.Equal(0, await exe.Signal("TERM"));
        Ran recover = await PublishedExe.Run("recover", "--json", "--data-dir", exe.DataDir);
        Assert.Equal((0, ""), (recover.ExitCode, recover.Error));
        JsonNode told = JsonNode.Parse(recover.Output)!;
        Assert.Equal(10, (int)told["newer"]!);
        Assert.Equal(damaged, await File.ReadAllBytesAsync((string)told["damaged"]!));
        Assert.True(File.Exists((string)told["before"]!));
        Assert.Empty(Directory.GetDirectories(exe.DataDir));

        await exe.StartProcess();
        int events = (int)told["events"]!;
        Assert.InRange(events - 10, least, most);
        Assert.True((int)told["lost"]! >= (what is "its header" or "its list of tables" ? 0 : 1) && (int)told["lost"]! >= Requests + 10 - events, told.ToJsonString());
        await Sent.AssertAllThereOnce(exe, events);
        Assert.Empty((await exe.Get("/api/ingest"))["database"]!["damaged"]!.AsArray());
    }

    [PublishedFact]
    public async Task Damage_that_is_met_while_it_runs_is_503_and_a_sentence_and_it_goes_on_with_a_new_database()
    {
        await using PublishedExe exe = await Filled();
        Assert.Equal(0, await exe.Signal("TERM"));
        await exe.StartProcess();
        Damage(PathOf(exe), "all pages but the first");
        var bodies = new FreshBodies("after");
        using (HttpResponseMessage asked = await exe.Http.GetAsync(new Uri(exe.Url + "/api/sessions")))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, asked.StatusCode);
            Assert.InRange(asked.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 3);
            Assert.Contains("malformed", await asked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await Sent.UntilAcknowledged(exe, bodies.Next());
        Assert.True(exe.IsRunning);
        Assert.Contains("is damaged", exe.Said, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(exe.DataDir, "otellite.db.damaged-*"), f => !f.EndsWith("-wal", StringComparison.Ordinal));
        await Sent.UntilAcknowledged(exe, bodies.Next());
        await Sent.AssertAllThereOnce(exe, bodies.Made);
    }

    [PublishedFact]
    public async Task What_came_before_and_comes_again_after_counts_once_and_a_cumulative_series_goes_on_where_it_stood()
    {
        await using PublishedExe exe = await Filled();
        string delta = Exports.Commit(Exports.Noon + 9000, "told");
        await Send(Cumulative(1, 100));
        await Send(delta);
        Assert.Equal(0, await exe.Signal("TERM"));
        Damage(PathOf(exe), "a page in the middle");
        await exe.StartProcess();
        Assert.Contains($"otellite recover --data-dir {exe.DataDir} ", exe.Said, StringComparison.Ordinal);
        await Send(delta);
        await Send(Cumulative(2, 110));
        Assert.Equal("10\n", exe.Rows("SELECT value FROM otel_metrics"));

        Assert.Equal(0, await exe.Signal("TERM"));
        Ran recover = await PublishedExe.Run("recover", "--data-dir", exe.DataDir);
        Assert.Equal((0, ""), (recover.ExitCode, recover.Error));
        Assert.StartsWith("Recovered: ", recover.Output, StringComparison.Ordinal);
        Assert.Equal("1 | 1 | 1\n2 | 2 | 110\n", exe.Rows("SELECT temporality, count(*), sum(value) FROM otel_metrics GROUP BY 1 ORDER BY 1"));

        async Task Send(string json)
        {
            using HttpResponseMessage answer = await exe.Post("/v1/metrics", json);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }

        static string Cumulative(int at, int value) =>
            $$$"""
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"claude_code.commit.count","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
            {"startTimeUnixNano":"{{{Exports.Noon}}}000000000","timeUnixNano":"{{{Exports.Noon + at}}}000000000","asInt":"{{{value}}}"}]}}]}]}]}
            """;
    }

    [PublishedFact]
    public async Task There_is_nothing_to_recover_where_nothing_is_damaged_and_that_is_said()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        Assert.Equal(0, await exe.Signal("TERM"));
        Ran none = await PublishedExe.Run("recover", "--data-dir", exe.DataDir);
        Assert.Equal(1, none.ExitCode);
        Assert.Contains("no damaged database is set aside", none.Error, StringComparison.Ordinal);
        string nonsense = Path.Combine(exe.DataDir, "nonsense.db");
        await File.WriteAllBytesAsync(nonsense, new byte[3 * PageBytes]);
        Ran failed = await PublishedExe.Run("recover", nonsense, "--data-dir", exe.DataDir);
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("can't be recovered", failed.Error, StringComparison.Ordinal);
        Assert.Equal(new byte[3 * PageBytes], await File.ReadAllBytesAsync(nonsense));
        Assert.True(File.Exists(PathOf(exe)));

        // Its own, and another that is whole: nobody is told to delete a backup.
        Ran own = await PublishedExe.Run("recover", PathOf(exe), "--data-dir", exe.DataDir);
        Assert.Equal(1, own.ExitCode);
        Assert.Contains("nothing wrong with it. It is as it was", own.Error, StringComparison.Ordinal);
        string backup = Path.Combine(exe.DataDir, "backup.db");
        File.Copy(PathOf(exe), backup);
        Ran whole = await PublishedExe.Run("recover", backup, "--data-dir", exe.DataDir);
        Assert.Equal((0, ""), (whole.ExitCode, whole.Error));
        Assert.Contains($"Nothing was wrong with {backup}, and it is as it was.", whole.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(backup));
    }

    [PublishedFact]
    public async Task A_command_that_meets_the_damage_names_the_one_that_mends_it()
    {
        await using PublishedExe exe = await Filled();
        Assert.Equal(0, await exe.Signal("TERM"));
        Damage(PathOf(exe), "all pages of one stretch");
        foreach (string[] command in (string[][])[["recount"], ["export", "events"], ["backup", Path.Combine(exe.DataDir, "copy.db")]])
        {
            Ran ran = await PublishedExe.Run([.. command, "--data-dir", exe.DataDir]);
            Assert.Equal(1, ran.ExitCode);
            Assert.Contains($"otellite recover {PathOf(exe)} makes a sound one", ran.Error, StringComparison.Ordinal);
        }
    }

    private static async Task<PublishedExe> Filled()
    {
        PublishedExe exe = await PublishedExe.Start();
        using HttpResponseMessage answer = await exe.Post("/v1/logs", FreshBodies.Many(Requests, "old"));
        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal((long)Requests, exe.Sql("SELECT count(*) FROM otel_events"));
        return exe;
    }

    private static void Damage(string path, string what)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] garbage = new byte[file.Length - PageBytes];
        new Random(8).NextBytes(garbage);
        switch (what)
        {
            case "a page in the middle":
                // One that has rows of events: their attributes name the session.
                WriteAt(PageWith(file, "session-old"u8) * PageBytes, garbage.AsSpan(0, PageBytes));
                break;
            case "all pages of one stretch":
                WriteAt(file.Length / PageBytes / 2 * PageBytes, garbage.AsSpan(0, 100 * PageBytes));
                break;
            case "all pages but the first":
                WriteAt(PageBytes, garbage);
                break;
            case "its header":
                WriteAt(0, garbage.AsSpan(0, 100));
                break;
            case "its list of tables":
                byte[] page = new byte[PageBytes];
                for (long number = 0; number < garbage.Length / PageBytes; number++)
                {
                    file.Position = number * PageBytes;
                    file.ReadExactly(page);
                    if (number == 0 || page.AsSpan().IndexOf("CREATE TABLE"u8) > 0 || page.AsSpan().IndexOf("CREATE INDEX"u8) > 0)
                    {
                        WriteAt(number * PageBytes, garbage.AsSpan((int)number * PageBytes, PageBytes));
                    }
                }

                break;
            default:
                // In the middle of a page, and among the events: what is counted of them is written behind them.
                file.SetLength((file.Length / 3 / PageBytes * PageBytes) + 1000);
                break;
        }

        void WriteAt(long position, ReadOnlySpan<byte> bytes)
        {
            file.Position = position;
            file.Write(bytes);
        }
    }

    // The tenth that has it: the first may be of a tree's upper pages.
    private static long PageWith(FileStream file, ReadOnlySpan<byte> text)
    {
        byte[] page = new byte[PageBytes];
        int found = 0;
        for (long number = 1; ; number++)
        {
            file.Position = number * PageBytes;
            file.ReadExactly(page);
            if (page[0] == 0x0D && page.AsSpan().IndexOf(text) > 0 && page.AsSpan().IndexOf("request_id"u8) > 0 && ++found == 10)
            {
                return number;
            }
        }
    }
}
