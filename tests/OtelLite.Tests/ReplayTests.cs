using System.Text.Json.Nodes;

namespace OtelLite.Tests;

/// <summary>Real recordings through the real server into a real file: every expected sum comes out of the tables and of the API.</summary>
public sealed class ReplayTests
{
    public static TheoryData<string, string> Captures()
    {
        var data = new TheoryData<string, string>();
        foreach (ExpectedTotals totals in Recorded.Expected("json", "versions", "cumulative", "protobuf", "traces", "grpc").DistinctBy(t => (t.Kind, t.Capture)))
        {
            data.Add(totals.Kind, totals.Capture);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Captures))]
    public async Task Every_expected_sum_comes_out_of_the_tables_and_of_the_summary(string kind, string capture)
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies(kind, capture));
        foreach (ExpectedTotals expected in Recorded.Expected(kind).Where(t => t.Capture == capture))
        {
            ExpectedSums.AssertTables(server.Sql, expected);
            ExpectedSums.AssertSummary(await server.Get($"/api/summary?session={expected.SessionId}"), expected);
        }
    }

    [Fact]
    public async Task All_recordings_in_one_file_keep_their_sessions_apart_and_add_up()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("json"));
        await server.Replay(Recorded.Bodies("versions"));
        IReadOnlyList<ExpectedTotals> all = Recorded.Expected("json", "versions");
        foreach (ExpectedTotals expected in all)
        {
            ExpectedSums.AssertSummary(await server.Get($"/api/summary?session={expected.SessionId}"), expected);
        }

        JsonNode summary = await server.Get("/api/summary");
        Assert.Equal(all.Sum(t => t["log:count api_request"]), (double)summary["apiRequests"]!);
        Assert.Equal(all.Sum(t => t["metric:tok.input"]), (double)summary["tokens"]!["input"]!);
        Assert.Equal(all.Sum(t => t["log:cost_usd"]), (double)summary["costUsd"]!, 9);
        Assert.Null(server.Sql("SELECT group_concat(\"table\") FROM pragma_foreign_key_check"));
    }

    [Fact]
    public async Task A_recording_sent_twice_counts_once()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("json", "s20"));
        await server.Replay(Recorded.Bodies("json", "s20"));
        ExpectedTotals expected = Recorded.Expected("json").Single(t => t.Capture == "s20");
        ExpectedSums.AssertTables(server.Sql, expected);
        ExpectedSums.AssertSummary(await server.Get("/api/summary"), expected);
    }

    [Theory]
    [InlineData("metrics")]
    [InlineData("logs")]
    public async Task One_signal_alone_gives_the_same_tokens_and_cost_as_both(string signal)
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("json").Where(b => b.Signal == signal));
        foreach (ExpectedTotals expected in Recorded.Expected("json"))
        {
            ExpectedSums.AssertTokensAndCost(await server.Get($"/api/summary?session={expected.SessionId}"), expected);
        }
    }

    [Fact]
    public async Task A_cumulative_series_goes_on_where_it_was_after_a_restart()
    {
        await using RunningServer server = await RunningServer.Start();
        IReadOnlyList<RecordedBody> bodies = Recorded.Bodies("cumulative", "c01");
        await server.Replay(bodies.Take(15));
        await server.Restart();
        await server.Replay(bodies.Skip(15));
        ExpectedSums.AssertTables(server.Sql, Recorded.Expected("cumulative").Single(t => t.Capture == "c01"));
    }

    [Fact]
    public async Task What_only_metrics_know_is_part_of_the_total()
    {
        // In auto mode the safety classifier's calls have no event (23 % of this session's cost).
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("auto-mode"));
        JsonNode summary = await server.Get("/api/summary");
        Assert.Equal("""{"input":1227,"output":423,"cacheRead":13728,"cacheCreation":6720}""", summary["tokens"]!.ToJsonString());
        Assert.Equal(8, (int)summary["apiRequests"]!);
    }

    [Fact]
    public async Task Totals_over_adjoining_ranges_add_up_to_the_total_over_both()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("auto-mode"));
        JsonNode whole = await server.Get("/api/summary");
        var first = DateTimeOffset.Parse((string)whole["from"]!, System.Globalization.CultureInfo.InvariantCulture);
        for (int seconds = 1; seconds < 40; seconds++)
        {
            string cut = first.AddSeconds(seconds / 2.0).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
            JsonNode before = await server.Get($"/api/summary?to={cut}");
            JsonNode after = await server.Get($"/api/summary?from={cut}");
            foreach (string kind in (string[])["input", "output", "cacheRead", "cacheCreation"])
            {
                Assert.Equal((long)whole["tokens"]![kind]!, (long)before["tokens"]![kind]! + (long)after["tokens"]![kind]!);
            }

            Assert.Equal((double)whole["costUsd"]!, (double)before["costUsd"]! + (double)after["costUsd"]!, 12);
        }
    }

    [Fact]
    public async Task A_startup_under_a_throw_away_id_is_no_session()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("json", "s14"));
        JsonNode summary = await server.Get("/api/summary");
        Assert.Equal("""{"total":1,"active":1}""", summary["sessions"]!.ToJsonString());
        JsonNode sessions = await server.Get("/api/sessions");
        Assert.Equal("58ae5b11-dbe7-4720-9e69-e51fd0bb361c", (string)sessions["sessions"]!.AsArray().Single()!["id"]!);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Everything_sent_twice_shuffled_and_over_a_restart_is_still_right(int seed)
    {
        await using RunningServer server = await RunningServer.Start();
        string[] kinds = ["json", "versions", "cumulative"];
        RecordedBody[] bodies = [.. kinds.SelectMany(k => Recorded.Bodies(k)), .. kinds.SelectMany(k => Recorded.Bodies(k))];
        new Random(seed).Shuffle(bodies);
        await server.Replay(bodies.Take(bodies.Length / 2));
        await server.Restart();
        await server.Replay(bodies.Skip(bodies.Length / 2));
        foreach (ExpectedTotals expected in Recorded.Expected(kinds))
        {
            ExpectedSums.AssertTables(server.Sql, expected);
            ExpectedSums.AssertSummary(await server.Get($"/api/summary?session={expected.SessionId}"), expected);
        }
    }

    // Row ids depend on what came first; names and times do not.
    private const string Shares = """
        SELECT group_concat(name || kind || ' ' || time_unix_nano || '=' || rest, ', ' ORDER BY name, kind, time_unix_nano)
        FROM usage_point JOIN usage_name ON usage_name.id = model
        """;

    [Fact]
    public async Task Shuffled_bodies_give_the_same_summary()
    {
        await using RunningServer inOrder = await RunningServer.Start();
        await inOrder.Replay(Recorded.Bodies("auto-mode"));
        JsonNode expected = Figures(await inOrder.Get("/api/summary"));
        for (int seed = 0; seed < 5; seed++)
        {
            RecordedBody[] bodies = [.. Recorded.Bodies("auto-mode")];
            new Random(seed).Shuffle(bodies);
            await using RunningServer shuffled = await RunningServer.Start();
            await shuffled.Replay(bodies);
            Assert.Equal(expected.ToJsonString(), Figures(await shuffled.Get("/api/summary")).ToJsonString());
            Assert.Equal(inOrder.Sql(Shares), shuffled.Sql(Shares));
        }
    }

    private static JsonNode Figures(JsonNode summary)
    {
        summary.AsObject().Remove("to");
        summary.AsObject().Remove("stored");
        return summary;
    }
}
