using System.Diagnostics;
using System.Text.Json.Nodes;
using OtelLite.Commands;
using OtelLite.Storage;

namespace OtelLite.Tests.Commands;

/// <summary>An import of what real clients wrote gives the sums that are known, however often, and before and after the same session's export.</summary>
public sealed class ImportCommandTests
{
    private const double CentsOfAMicro = 1e-8;

    public static TheoryData<string> Recordings => [.. RecordedTranscripts.Recordings];

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task An_import_of_recorded_transcripts_gives_their_sums_twice_and_before_and_after_the_export(string recording)
    {
        await using RunningServer server = await RunningServer.Start();
        Import(server, recording);
        AssertTranscripts(server, recording);
        await AssertSummary(server, recording, "t_");
        ImportReport again = Import(server, recording);
        Assert.Equal((0L, again.Requests), (again.New, again.ImportedBefore));
        AssertTranscripts(server, recording);

        await server.Replay(RecordedTranscripts.Export(recording));
        AssertTranscripts(server, recording);
        await AssertSummary(server, recording, "m_");
        AssertRecount(server);

        // A day later, when no body is known any more, from another process.
        Execute(server, "DELETE FROM otel_body");
        Import(server, recording);
        AssertTranscripts(server, recording);
        await AssertSummary(server, recording, "m_");
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task After_the_export_nothing_is_counted_again(string recording)
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(RecordedTranscripts.Export(recording));
        await AssertSummary(server, recording, "m_");
        long requests = (long)server.Sql("SELECT count(*) FROM usage_request")!;
        ImportReport report = Import(server, recording);
        Assert.Equal((0L, report.Requests, 0L), (report.New, report.Known, report.CostUnknown));
        Assert.Equal(requests, server.Sql("SELECT count(*) FROM usage_request"));
        AssertTranscripts(server, recording);
        await AssertSummary(server, recording, "m_");
        AssertRecount(server);

        JsonNode capture = (await server.Get("/api/ingest"))["capture"]!;
        Assert.Equal((report.Requests, report.Requests, 0L), ((long)capture["requests"]!, (long)capture["captured"]!, (long)capture["onlyTranscript"]!));
        Assert.Equal(report.OnlyExport, (long)capture["onlyExport"]!);
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task What_the_export_brought_is_known_again_where_its_ids_are_hashed(string recording)
    {
        string[] redact = ["--redact", "hash:session.id,hash:request_id,hash:message.id,hash:user.*,drop:prompt"];
        await using RunningServer server = await RunningServer.Start(null, redact);
        await server.Replay(RecordedTranscripts.Export(recording));
        long requests = (long)server.Sql("SELECT count(*) FROM usage_request")!;
        var run = new ImportRun(ImportRuns.At(server.DataDir, server.Url, redact), [RecordedTranscripts.Projects(recording)], isDryRun: false, ImportRuns.Silent);
        ImportReport report = run.Look(default);
        Assert.Equal((0L, report.Requests), (report.New, report.Known));
        Assert.Equal(requests, server.Sql("SELECT count(*) FROM usage_request"));
    }

    [Fact]
    public async Task All_recordings_at_once_are_those_one_by_one()
    {
        await using RunningServer server = await RunningServer.Start();
        ImportReport report = ImportRuns.Look(server, RecordedTranscripts.Folder);
        Assert.Equal(RecordedTranscripts.Expected().Sum(t => t["transcript_distinct_requests"]), report.New);
        Assert.Equal(report.New, server.Sql("SELECT count(*) FROM usage_request"));
        Assert.All(RecordedTranscripts.Recordings, recording => AssertTranscripts(server, recording));

        // Forks: three lines of t32 and nine of t38. Blocks: three of t20, four of t35, four of t38.
        Assert.Equal((12L, 11L), (report.CopiedLines, report.FurtherLines));
        Assert.Equal(0L, report.OutputTooLow);
        Assert.Empty(report.Problems);
    }

    [Fact]
    public async Task Imported_sessions_are_in_the_project_of_the_folder_that_they_began_in_until_something_else_tells()
    {
        await using RunningServer server = await RunningServer.Start();
        ImportRuns.Look(server, RecordedTranscripts.Folder);
        Assert.Equal(0L, server.Sql("SELECT count(*) FROM usage_session WHERE did_something AND (folder IS NULL OR project IS NULL)"));
        Assert.Contains("demo-app", (await server.Get("/api/dimensions"))["projects"]!.AsArray().Select(p => (string)p!));
        Assert.NotEmpty((await server.Get("/api/dimensions"))["branches"]!.AsArray());
        Assert.DoesNotContain("HEAD", (await server.Get("/api/dimensions"))["branches"]!.AsArray().Select(p => (string)p!));
        string id = (string)server.Sql("SELECT min(session_id) FROM usage_session")!;
        using var told = new StringContent("""{"folder":"/elsewhere"}""");
        (await server.Http.PostAsync(new Uri($"{server.Url}/api/sessions/{id}"), told)).Dispose();
        ImportRuns.Look(server, RecordedTranscripts.Folder);
        Assert.Equal("elsewhere", server.Sql($"SELECT project FROM usage_session WHERE session_id = '{id}'"));
        AssertRecount(server);
        Assert.Equal("elsewhere", server.Sql($"SELECT project FROM usage_session WHERE session_id = '{id}'"));
    }

    [Fact]
    public async Task Derived_costs_are_those_that_the_client_reported()
    {
        await using RunningServer server = await RunningServer.Start();
        foreach (string recording in RecordedTranscripts.Recordings)
        {
            await server.Replay(RecordedTranscripts.Export(recording));
        }

        const string costs = "SELECT request_id, cost_nano_usd FROM usage_request WHERE transcript_unix_nano IS NOT NULL AND cost_kind = 1 ORDER BY 1";
        await using RunningServer imported = await RunningServer.Start();
        ImportReport report = ImportRuns.Look(imported, RecordedTranscripts.Folder);

        // 2.0.60 writes no totals.
        Assert.Equal((19L, 43L), (report.CostUnknown, report.CostDerived));
        Assert.Equal(19, (long?)(await imported.Get("/api/summary"))["checks"]!["unknownCosts"]);
        Assert.Equal(0, (long?)(await imported.Get("/api/summary?range=15m"))["checks"]!["unknownCosts"]);
        Assert.Equal(
            server.Rows("SELECT request_id, cost_nano_usd FROM usage_request WHERE request_id IN (" + string.Join(',', imported.Rows(costs).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => $"'{l.Split(' ')[0]}'")) + ") ORDER BY 1"),
            imported.Rows(costs));
    }

    [Fact]
    public async Task A_fork_s_copies_count_once_and_for_the_session_that_paid_also_when_only_one_of_the_two_is_named()
    {
        await using RunningServer server = await RunningServer.Start();
        string folder = Path.Combine(RecordedTranscripts.Projects("t38-v2.0.60"), "-home-dev-work-demo-app");
        ImportReport fork = ImportRuns.Look(server, Path.Combine(folder, "6db1ea43-be00-4047-bdd1-c9178e1a0d5d.jsonl"));
        Assert.Equal((2L, 1L), (fork.New, fork.Sessions));
        ImportRuns.Look(server, folder);
        AssertTranscripts(server, "t38-v2.0.60");
    }

    [Fact]
    public async Task A_copy_whose_original_is_gone_is_not_counted_for_the_fork()
    {
        await using RunningServer server = await RunningServer.Start();
        string folder = Directory.CreateTempSubdirectory("otellite-").FullName;
        foreach (string recorded in Directory.GetFiles(Path.Combine(RecordedTranscripts.Projects("t38-v2.0.60"), "-home-dev-work-demo-app")))
        {
            File.Copy(recorded, Path.Combine(folder, Path.GetFileName(recorded)));
        }

        ImportRuns.Look(server, folder);
        File.Delete(Path.Combine(folder, "61125272-1c22-40be-bee2-207022fc8d04.jsonl"));
        Assert.Equal(0, ImportRuns.Look(server, folder).New);
        AssertTranscripts(server, "t38-v2.0.60");
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Without_a_server_the_command_writes_by_itself_and_the_server_has_it_afterwards()
    {
        string dataDir = Directory.CreateTempSubdirectory("otellite-").FullName;
        ImportReport report = new ImportRun(ImportRuns.At(dataDir, $"http://127.0.0.1:{FreePort.Next()}"), [RecordedTranscripts.Projects("t20-rich")], isDryRun: false, ImportRuns.Silent).Look(default);
        Assert.Equal(19, report.New);
        await using RunningServer server = await RunningServer.Start(dataDir);
        AssertTranscripts(server, "t20-rich");
        await AssertSummary(server, "t20-rich", "t_");
        Assert.Equal(0, (int)(await server.Get("/api/summary"))["sessions"]!["active"]!);
    }

    [Theory]
    [InlineData(true, "again")]
    [InlineData(false, "again")]
    [InlineData(true, "watched")]
    [InlineData(false, "watched")]
    public async Task What_is_told_again_for_its_price_is_not_counted_now(bool isAtHand, string how)
    {
        await using RunningServer server = await RunningServer.Start();
        string recorded = Assert.Single(Directory.GetFiles(RecordedTranscripts.Projects("t02-full-opus"), "*.jsonl", SearchOption.AllDirectories));
        string folder = Directory.CreateTempSubdirectory("otellite-").FullName, path = Path.Combine(folder, "t.jsonl");
        byte[] all = await File.ReadAllBytesAsync(recorded);
        await File.WriteAllBytesAsync(path, all[..20_000]);

        // Another program's data folder is not at hand: the server alone has the ledger.
        Options options = ImportRuns.At(isAtHand ? server.DataDir : folder, server.Url);
        var run = new ImportRun(options, [path], isDryRun: false, ImportRuns.Silent);
        ImportReport begun = run.Look(default);
        Assert.InRange(begun.New, 1, 6);
        Assert.Equal((begun.New, begun.New, 0L), (begun.Requests, begun.CostUnknown, begun.Completed));

        await File.WriteAllBytesAsync(path, all);
        bool isKnown = isAtHand || how == "watched";
        run = how == "watched" ? run : new ImportRun(options, [path], isDryRun: false, ImportRuns.Silent);
        ImportReport whole = run.Look(default);
        Assert.Equal((7L, 0L), (whole.Requests, whole.Known));
        Assert.Equal(isKnown ? (7 - begun.New, begun.New, begun.New) : (7L, 0L, 0L), (whole.New, whole.ImportedBefore, whole.Completed));
        Assert.Equal((whole.New, 0L), (whole.CostDerived, whole.CostUnknown));
        Assert.Equal(0, run.Look(default).Requests);
        AssertTranscripts(server, "t02-full-opus");
        Assert.Equal("7 | 7 | 26673600\n", server.Rows("SELECT count(*), sum(cost_kind = 1), sum(cost_nano_usd) FROM usage_request"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_dry_run_tells_and_counts_nothing()
    {
        await using RunningServer server = await RunningServer.Start();
        var run = new ImportRun(ImportRuns.At(server.DataDir, server.Url), [RecordedTranscripts.Projects("t32-resume-fork-continue")], isDryRun: true, ImportRuns.Silent);
        Assert.Equal((6L, 0L, 3L), (run.Look(default).New, (long)server.Sql("SELECT count(*) FROM otel_events")!, ImportRuns.Look(server, RecordedTranscripts.Projects("t32-resume-fork-continue")).CopiedLines));
    }

    [Fact]
    public async Task Outputs_that_an_old_client_never_wrote_to_the_end_are_marked_until_the_export_tells_them()
    {
        // As 2.0.60 writes when answers take their time: no line has more than the opening.
        await using RunningServer server = await RunningServer.Start();
        string folder = Directory.CreateTempSubdirectory("otellite-").FullName;
        foreach (string recorded in Directory.GetFiles(Path.Combine(RecordedTranscripts.Projects("t38-v2.0.60"), "-home-dev-work-demo-app")))
        {
            string text = await File.ReadAllTextAsync(recorded);
            foreach (string ended in (string[])["\"tool_use\"", "\"end_turn\""])
            {
                text = text.Replace($"\"stop_reason\":{ended}", "\"stop_reason\":null", StringComparison.Ordinal);
            }

            await File.WriteAllTextAsync(Path.Combine(folder, Path.GetFileName(recorded)), System.Text.RegularExpressions.Regex.Replace(text, "\"output_tokens\":\\d+", "\"output_tokens\":1"));
        }

        ImportReport report = ImportRuns.Look(server, folder);
        Assert.Equal((19L, 19L), (report.New, report.OutputTooLow));
        Assert.Equal("19 | 19\n", server.Rows("SELECT sum(output), sum(output_is_low) FROM usage_request"));
        Assert.Equal(19, (int)(await server.Get("/api/ingest"))["capture"]!["lowOutputs"]!);
        await server.Replay(RecordedTranscripts.Export("t38-v2.0.60"));
        await AssertSummary(server, "t38-v2.0.60", "m_");
        Assert.Equal(0L, server.Sql("SELECT sum(output_is_low) FROM usage_request"));
        Directory.Delete(folder, recursive: true);
    }

    private static ImportReport Import(RunningServer server, string recording) => ImportRuns.Look(server, RecordedTranscripts.Projects(recording));

    // What the transcripts know of a session, as the ledger has it.
    private static void AssertTranscripts(RunningServer server, string recording)
    {
        foreach (TranscriptTotals expected in RecordedTranscripts.Expected().Where(t => t.Recording == recording))
        {
            Assert.Equal(
                $"{expected["transcript_distinct_requests"]} | {expected["t_input"]} | {expected["t_output"]} | {expected["t_cacheRead"]} | {expected["t_cacheCreation"]}\n",
                server.Rows($"""
                    SELECT count(*), coalesce(sum(input), 0), coalesce(sum(output), 0), coalesce(sum(cache_read), 0), coalesce(sum(cache_creation), 0)
                    FROM usage_request WHERE transcript_unix_nano IS NOT NULL AND session = (SELECT id FROM usage_session WHERE session_id = '{expected.Session}')
                    """));
        }
    }

    private static async Task AssertSummary(RunningServer server, string recording, string prefix)
    {
        foreach (TranscriptTotals expected in RecordedTranscripts.Expected().Where(t => t.Recording == recording))
        {
            JsonNode summary = await server.Get($"/api/summary?session={expected.Session}");
            foreach (string kind in (string[])["input", "output", "cacheRead", "cacheCreation"])
            {
                Assert.True(expected[prefix + kind] == (double)summary["tokens"]![kind]!, $"{expected}: tokens.{kind} is {summary["tokens"]![kind]}");
            }

            if (prefix == "m_")
            {
                Assert.Equal(expected["otlp_api_request_events"], (double)summary["apiRequests"]!);
                Assert.True(Math.Abs(expected["m_cost_usd"] - (double)summary["costUsd"]!) < CentsOfAMicro, $"{expected}: costUsd is {summary["costUsd"]}");
            }
        }
    }

    private static void AssertRecount(RunningServer server)
    {
        const string counted = """
            SELECT session_id, verdict, input, output, cache_read, cache_creation, cost_nano_usd, api_requests, requests, captured, low_outputs, derived_costs, unknown_costs
            FROM usage_session LEFT JOIN usage_capture ON session = id ORDER BY 1
            """;
        string before = server.Rows(counted);
        Recount.Run(server.DataDir, Durability.Normal);
        Assert.Equal(before, server.Rows(counted));
    }

    private static void Execute(RunningServer server, string sql)
    {
        using Microsoft.Data.Sqlite.SqliteConnection connection = Database.OpenWriter(server.DataDir, Durability.Normal);
        Database.Execute(connection, sql);
    }
}
