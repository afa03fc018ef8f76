using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Commands;

/// <summary>Old raw rows go, and every figure stays.</summary>
public sealed class PruneCommandTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task What_is_older_is_removed_and_no_figure_changes_also_after_a_recount()
    {
        await _server.Replay(Recorded.Bodies("auto-mode"));
        await _server.Replay(Recorded.Bodies("traces"));
        await _server.Replay(Recorded.Bodies("cumulative"));
        long middle = (long)_server.Sql("SELECT time_unix_nano FROM otel_events ORDER BY 1 LIMIT 1 OFFSET (SELECT count(*) / 2 FROM otel_events)")!;
        string[] before = await Figures();
        PrunedRows removed = Prune.Run(_server.DataDir, Durability.Normal, middle);
        Assert.True(removed.Events > 0);
        Assert.Equal(0L, _server.Sql($"SELECT count(*) FROM otel_events WHERE time_unix_nano < {middle}"));
        Assert.True((long)_server.Sql("SELECT count(*) FROM otel_events")! > 0);
        Assert.Equal(before, await Figures());
        Recount.Run(_server.DataDir, Durability.Normal);
        Assert.Equal(before, await Figures());
        Assert.NotNull((await _server.Get("/api/ingest"))["retention"]!["removedBefore"]);
        Assert.Equal("ok", _server.Sql("PRAGMA quick_check"));

        Prune.Run(_server.DataDir, Durability.Normal, long.MaxValue);
        Assert.Equal("0 | 0 | 0\n", _server.Rows("SELECT (SELECT count(*) FROM otel_metrics), (SELECT count(*) FROM otel_events), (SELECT count(*) FROM otel_spans)"));
        Recount.Run(_server.DataDir, Durability.Normal);
        Assert.Equal(before, await Figures());
    }

    [Fact]
    public async Task What_is_left_is_told_rightly_also_where_old_rows_came_between_new_ones()
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        foreach ((int days, string id) in ((int, string)[])[(1, "first"), (100, "late"), (2, "second"), (101, "last")])
        {
            (await _server.Post("/v1/logs", Exports.Request(now - (days * 86_400), "a", id: id))).Dispose();
        }

        Assert.Equal(4, (int)(await _server.Get("/api/summary"))["stored"]!["events"]!);
        Assert.Equal(0, (await CommandRun.Of(_server.DataDir, "prune", "--older-than", "90d")).Exit);
        Assert.Equal(2, (int)(await _server.Get("/api/summary"))["stored"]!["events"]!);
        (await _server.Post("/v1/logs", Exports.Request(now, "a", id: "third"))).Dispose();
        Assert.Equal(3L, _server.Sql("SELECT count(*) FROM otel_events"));
        Assert.Equal(3, (int)(await _server.Get("/api/summary"))["stored"]!["events"]!);
    }

    [Fact]
    public async Task The_command_tells_what_it_would_remove_and_then_removes_it()
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        foreach ((int days, string id) in ((int, string)[])[(100, "old"), (80, "new")])
        {
            (await _server.Post("/v1/logs", Exports.Request(now - (days * 86_400), "a", id: id))).Dispose();
            (await _server.Post("/v1/metrics", Exports.Commit(now - (days * 86_400)))).Dispose();
        }

        CommandRun run = await CommandRun.Of(_server.DataDir, "prune", "--older-than", "90d", "--dry-run", "--json");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        JsonNode json = JsonNode.Parse(run.Out)!;
        Assert.Equal((true, 1, 1, 0), ((bool)json["dryRun"]!, (int)json["metrics"]!, (int)json["events"]!, (int)json["spans"]!));
        Assert.InRange((long)json["bytes"]!, 50, 5000);
        Assert.Equal("2 | 0\n", _server.Rows("SELECT (SELECT count(*) FROM otel_events), (SELECT before_unix_nano FROM otel_removed)"));

        run = await CommandRun.Of(_server.DataDir, "prune", "--older-than", "90d");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Matches(@"^1 data point, 1 event and no spans of before \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ removed; the file is .* smaller\. What they added stays counted\.$", run.Out.TrimEnd());
        Assert.Equal("1 | 1\n", _server.Rows("SELECT (SELECT count(*) FROM otel_metrics), (SELECT count(*) FROM otel_events)"));
        Assert.Equal(2, (int)(await _server.Get("/api/summary"))["apiRequests"]!);
        Assert.Equal(2, (int)(await _server.Get("/api/summary"))["commits"]!);

        // The moment never moves back: what was removed stays removed.
        long removedBefore = (long)_server.Sql("SELECT before_unix_nano FROM otel_removed")!;
        Assert.Equal(0, (await CommandRun.Of(_server.DataDir, "prune", "--older-than", "200d")).Exit);
        Assert.Equal(removedBefore, _server.Sql("SELECT before_unix_nano FROM otel_removed"));

        foreach (string[] wrong in (string[][])[["prune"], ["prune", "--older-than", "old"], ["prune", "--older-than", "0d"], ["prune", "--older-than"]])
        {
            Assert.Equal((2, ""), await CommandRun.Of(_server.DataDir, wrong) is var usage ? (usage.Exit, usage.Out) : default);
        }

        string none = Path.Combine(_server.DataDir, "none");
        run = await CommandRun.Of(none, "prune", "--older-than", "1d");
        Assert.Contains("there is no database", run.Line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(none));
    }

    [Fact]
    public async Task A_row_that_says_no_time_of_its_own_is_as_old_as_its_arrival()
    {
        (await _server.Post("/v1/logs", Export.Logs(Export.Record("\"body\":{\"stringValue\":\"x\"}")))).Dispose();
        long hourAgo = UnixNano.From(DateTimeOffset.UtcNow.AddHours(-1));
        Assert.Equal(0, Prune.Run(_server.DataDir, Durability.Normal, hourAgo).Events);
        Assert.Equal(1, Prune.Run(_server.DataDir, Durability.Normal, UnixNano.From(DateTimeOffset.UtcNow.AddSeconds(2))).Events);
    }

    [Fact]
    public async Task Nobody_who_exports_while_much_is_removed_loses_anything_or_waits_long()
    {
        const int bodies = 150, records = 1000;
        Assert.True(bodies * records > 10 * Limits.PruneRowsPerStep);
        for (int i = 0; i < bodies; i++)
        {
            await Post(i, records, Export.Time);
        }

        long before = (long)Export.Time + 1_000_000_000;
        long size = new FileInfo(Path.Combine(_server.DataDir, Database.FileName)).Length;
        Task<PrunedRows> prune = Task.Run(() => Prune.Run(_server.DataDir, Durability.Normal, before));
        TimeSpan longest = TimeSpan.Zero;
        int sent = 0;
        while (!prune.IsCompleted)
        {
            TimeSpan waited = await Post(bodies + sent, 5, Export.Time + 2_000_000_000);
            longest = waited > longest ? waited : longest;
            sent++;
        }

        PrunedRows removed = await prune;
        Assert.Equal(bodies * records, removed.Events);
        Assert.True(removed.Bytes > Limits.PrunePagesPerStep * 4096L, $"only {removed.Bytes} bytes were given back");
        Assert.Equal(5L * sent, _server.Sql("SELECT count(*) FROM otel_events"));
        Assert.Equal((long)(bodies * records) + (5L * sent), _server.Sql("SELECT count(*) FROM usage_prompt"));
        Assert.True(sent > 1, $"only {sent} exports were taken meanwhile, the slowest in {longest}");
        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        await _server.Stop();
        Assert.True(new FileInfo(Path.Combine(_server.DataDir, Database.FileName)).Length < size);
    }

    [Fact]
    public async Task One_step_removes_no_more_than_its_bound()
    {
        await Post(0, Limits.PruneRowsPerStep + 1, Export.Time);
        using SqliteConnection connection = Database.OpenWriter(_server.DataDir, Durability.Normal);
        List<long> steps = [];
        SQLitePCL.raw.sqlite3_commit_hook(connection.Handle, _ =>
        {
            steps.Add(SQLitePCL.raw.sqlite3_total_changes(connection.Handle));
            return 0;
        }, null);
        Prune.Run(connection, long.MaxValue);
        long[] each = [.. steps.Select((total, i) => total - (i == 0 ? 0 : steps[i - 1]))];
        // The moment is written down, with each step how many it removed, and with the last row which session they all were of.
        Assert.Equal([1 + Limits.PruneRowsPerStep + 1, 1 + 1 + 1], each.Where(changes => changes > 1));
    }

    private async Task<string[]> Figures()
    {
        JsonObject summary = (await _server.Get("/api/summary")).AsObject();
        string[] figures = [.. summary.Where(p => p.Key is not ("to" or "stored")).Select(p => $"{p.Key} {p.Value?.ToJsonString()}")];
        return
        [
            .. figures,
            .. _server.Rows("SELECT session_id, input, output, cache_read, cache_creation, cost_nano_usd, verdict, missing_events FROM usage_session ORDER BY 1").Split('\n'),
            .. _server.Rows("""
                SELECT session_id, name, quarter, figure, value FROM usage_quarter q JOIN usage_session s ON s.id = q.session JOIN usage_name n ON n.id = q.model WHERE value <> 0
                ORDER BY 1, 2, 3, 4
                """).Split('\n'),
        ];
    }

    // As a client does: again after a 503. How long it took.
    private async Task<TimeSpan> Post(int number, int records, ulong time)
    {
        string body = Export.Logs([.. Enumerable.Range(0, records).Select(i => Export.Event("user_prompt", time, Export.Text("session.id", $"s{number % 7}"), Export.Text("n", $"{number} {i}")))]);
        var watch = Stopwatch.StartNew();
        while (true)
        {
            using HttpResponseMessage answer = await _server.Post("/v1/logs", body);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return watch.Elapsed;
            }

            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            await Task.Delay(answer.Headers.RetryAfter!.Delta!.Value);
        }
    }
}
