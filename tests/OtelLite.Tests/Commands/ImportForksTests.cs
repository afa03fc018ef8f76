using System.Text.Json.Nodes;
using OtelLite.Commands;
using OtelLite.Storage;

namespace OtelLite.Tests.Commands;

/// <summary>A forked session's transcript begins with copies of its parent's lines: the parent paid for these, also where its own transcript is gone.</summary>
public sealed class ImportForksTests : IDisposable
{
    private const string Recording = "t38-v2.0.60";
    private const string Parent = "61125272-1c22-40be-bee2-207022fc8d04";
    private const string Fork = "6db1ea43-be00-4047-bdd1-c9178e1a0d5d";

    // What is exported of each session and what is counted of it when only the fork's transcript is left: nine lines are its parent's.
    private const string Expected =
        Parent + " | 20 | 2561 | 869 | 17824 | 25344 | 75025200 | 9 | 9\n" + Fork + " | 7 | 847 | 283 | 2048 | 12384 | 30800400 | 2 | 2\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("export import")]
    [InlineData("import export")]
    [InlineData("export import import export")]
    [InlineData("import export export import")]
    [InlineData("import import export export")]
    public async Task Where_only_the_fork_s_transcript_is_left_what_its_parent_exported_is_not_counted_again(string order)
    {
        await using RunningServer server = await RunningServer.Start();
        string fork = Copied(Fork);
        foreach (string step in order.Split(' '))
        {
            if (step == "import")
            {
                ImportRuns.Look(server, fork);
            }
            else
            {
                await server.Replay(RecordedTranscripts.Export(Recording));
            }
        }

        Assert.Equal(Expected, Sums(server));

        // A day later, when no body is known any more.
        Execute(server, "DELETE FROM otel_body");
        ImportReport again = ImportRuns.Look(server, fork);
        Assert.Equal((11L, 0L, 0L, 11L), (again.Requests, again.New, again.Known, again.ImportedBefore));
        JsonNode summary = await server.Get($"/api/summary?session={Fork}");
        Assert.Equal((847, 283, 7), ((int)summary["tokens"]!["input"]!, (int)summary["tokens"]!["output"]!, (int)summary["apiRequests"]!));
        string all = server.Rows("SELECT sum(input), sum(output), sum(cost), sum(api_requests) FROM usage_sum");

        Recount.Run(server.DataDir, Durability.Normal);
        Assert.Equal(Expected, Sums(server));
        Assert.Equal(all, server.Rows("SELECT sum(input), sum(output), sum(cost), sum(api_requests) FROM usage_sum"));
    }

    [Fact]
    public async Task What_the_import_of_copies_tells_is_that_the_export_knows_them()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(RecordedTranscripts.Export(Recording));
        ImportReport report = ImportRuns.Look(server, Copied(Fork));
        Assert.Equal((11L, 11L, 0L), (report.Requests, report.Known, report.New));
    }

    [Fact]
    public async Task Whose_a_request_is_shows_when_the_parent_s_transcript_is_imported_after_the_fork_s_and_stays_so()
    {
        await using RunningServer server = await RunningServer.Start();
        string fork = Copied(Fork), folder = RecordedTranscripts.Projects(Recording);
        Assert.Equal(11L, ImportRuns.Look(server, fork).New);
        ImportReport report = ImportRuns.Look(server, folder);
        Assert.Equal((19L, 8L, 11L, 9L), (report.Requests, report.New, report.ImportedBefore, report.Completed));
        const string expected = Parent + " | 13 | 1721 | 589 | 17824 | 11008 | 0 | 13 | 0\n" + Fork + " | 4 | 487 | 163 | 2048 | 6240 | 0 | 4 | 0\n";
        Assert.Equal(expected, Sums(server));
        Recount.Run(server.DataDir, Durability.Normal);
        Assert.Equal(expected, Sums(server));

        // Neither a second time nor the fork alone, once its parent's is gone, changes that.
        foreach (string path in (string[])[folder, fork])
        {
            report = ImportRuns.Look(server, path);
            Assert.Equal((0L, 0L, report.Requests), (report.New, report.Completed, report.ImportedBefore));
            Assert.Equal(expected, Sums(server));
        }
    }

    // The transcript of one session in a folder of its own.
    private string Copied(string session)
    {
        string path = Path.Combine(_folder, session + ".jsonl");
        File.Copy(Path.Combine(RecordedTranscripts.Projects(Recording), "-home-dev-work-demo-app", session + ".jsonl"), path);
        return path;
    }

    private static string Sums(RunningServer server) => server.Rows($"""
        SELECT session_id, api_requests, input, output, cache_read, cache_creation, cost_nano_usd, requests, captured
        FROM usage_session LEFT JOIN usage_capture ON session = id WHERE session_id IN ('{Parent}', '{Fork}') ORDER BY 1
        """);

    private static void Execute(RunningServer server, string sql)
    {
        using Microsoft.Data.Sqlite.SqliteConnection connection = Database.OpenWriter(server.DataDir, Durability.Normal);
        Database.Execute(connection, sql);
    }
}
