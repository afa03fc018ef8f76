using System.Net;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Dashboard;

/// <summary>What arrived, and what was refused and why.</summary>
public sealed class IngestTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Every_export_is_counted_as_accepted_repeated_or_refused()
    {
        IReadOnlyList<RecordedBody> bodies = Recorded.Bodies("json", "s02");
        await _server.Replay(bodies);
        await _server.Replay(bodies);
        using HttpResponseMessage wrong = await _server.Post("/v1/logs", "{");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        using var stranger = new HttpClient();
        using HttpResponseMessage unauthorized = await stranger.PostAsync(new Uri(_server.Url + "/v1/metrics"), null);
        Assert.Equal(HttpStatusCode.Unauthorized, unauthorized.StatusCode);
        using HttpResponseMessage inPart = await _server.Post("/v1/metrics", Exports.Metrics(Exports.Point("1"), Exports.Point("0")));
        Assert.Equal(HttpStatusCode.OK, inPart.StatusCode);

        JsonNode ingest = await _server.Get("/api/ingest");
        Assert.Equal(
            $$"""{"accepted":{{2 * bodies.Count + 1}},"repeated":{{bodies.Count}},"refused":2,"rejectedDataPoints":1,"rejectedSpans":0,"unspecifiedTemporality":0}""", ingest["bodies"]!.ToJsonString());
        Assert.Equal([200, 401, 400], ingest["refusals"]!.AsArray().Select(r => (int)r!["status"]!));
        Assert.Equal(["/v1/metrics", "/v1/metrics", "/v1/logs"], ingest["refusals"]!.AsArray().Select(r => (string)r!["path"]!));
        Assert.Contains("timeUnixNano", (string)ingest["refusals"]![0]!["reason"]!, StringComparison.Ordinal);
        Assert.Contains("OTEL_EXPORTER_OTLP_HEADERS", (string)ingest["refusals"]![1]!["reason"]!, StringComparison.Ordinal);
        Assert.Equal(1, (int)ingest["checks"]!["agree"]!);
        Assert.NotNull(ingest["stored"]!["lastMetricAt"]);
        Assert.NotNull(ingest["stored"]!["lastEventAt"]);
    }

    [Fact]
    public async Task It_tells_how_large_the_file_is_and_what_was_removed()
    {
        JsonNode ingest = await _server.Get("/api/ingest"), database = ingest["database"]!;
        Assert.Equal((long)_server.Sql("PRAGMA page_count")! * (long)_server.Sql("PRAGMA page_size")!, (long)database["bytes"]!);
        Assert.Equal(OtelLite.Storage.Database.SchemaVersion, (int)database["schemaVersion"]!);
        Assert.Equal("""{"setting":null,"removedBefore":null}""", ingest["retention"]!.ToJsonString());
        using HttpResponseMessage sent = await _server.Post("/v1/logs", Otlp.Export.Logs(
            [.. Enumerable.Range(0, 2000).Select(i => Otlp.Export.Event("user_prompt", Otlp.Export.Time + (ulong)i, Otlp.Export.Text("session.id", $"s{i}")))]));
        Assert.True((long)(await _server.Get("/api/ingest"))["database"]!["walBytes"]! > 100_000);
        using (var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_server.DataDir, "otellite.db")};Pooling=False"))
        {
            other.Open();
            using Microsoft.Data.Sqlite.SqliteCommand remove = other.CreateCommand();
            remove.CommandText = $"UPDATE otel_removed SET before_unix_nano = {Exports.Noon}000000000; DELETE FROM otel_events";
            remove.ExecuteNonQuery();
        }

        ingest = await _server.Get("/api/ingest");
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(Exports.Noon), (DateTimeOffset)ingest["retention"]!["removedBefore"]!);
        Assert.InRange((long)ingest["database"]!["freeBytes"]!, 100_000, (long)ingest["database"]!["bytes"]!);
    }

    [Fact]
    public async Task Points_that_do_not_say_whether_they_are_increases_are_told_and_counted_as_such()
    {
        string body = Exports.Metrics(Exports.Point("1"), Exports.Point("2")).Replace("\"aggregationTemporality\":1,", "", StringComparison.Ordinal);
        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage answer = await _server.Post("/v1/metrics", body);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(2, (int)(await _server.Get("/api/ingest"))["bodies"]!["unspecifiedTemporality"]!);
        Assert.Equal(2, (int)(await _server.Get("/api/summary"))["commits"]!);
    }

    [Fact]
    public async Task The_same_refusal_again_is_told_once_with_how_often()
    {
        for (int i = 0; i < 3; i++)
        {
            (await _server.Post("/v1/nosuch", "{}")).Dispose();
            (await _server.Post("/v1/logs", "[]")).Dispose();
        }

        JsonArray refusals = (await _server.Get("/api/ingest"))["refusals"]!.AsArray();
        Assert.Equal([(400, 3), (404, 3)], refusals.Select(r => ((int)r!["status"]!, (int)r["times"]!)));
        Assert.All(refusals, r => Assert.StartsWith("127.0.0.1", (string)r!["client"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_came_to_another_signals_path_counts_as_what_it_is()
    {
        const string badSpan = """{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"no ids"}]}]}]}""";
        using HttpResponseMessage span = await _server.Post("/v1/logs", badSpan);
        Assert.Contains("span: traceId", await span.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using HttpResponseMessage point = await _server.Post("/v1/traces", Exports.Metrics(Exports.Point("1"), Exports.Point("0")));
        Assert.Contains("data point: ", await point.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        (await _server.Post("/v1/metrics", Exports.Prompt())).Dispose();
        JsonNode ingest = await _server.Get("/api/ingest");
        Assert.Equal((1, 1), ((int)ingest["bodies"]!["rejectedDataPoints"]!, (int)ingest["bodies"]!["rejectedSpans"]!));
        Assert.Equal(["metrics 1 1", "logs 2 1"], ingest["arrived"]!.AsArray().Select(a => $"{a!["signal"]} {a["exports"]} {a["records"]}"));
        Assert.All(ingest["arrived"]!.AsArray(), a => Assert.InRange((DateTimeOffset)a!["lastAt"]!, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow));
    }

    [Fact]
    public async Task What_is_told_of_a_signal_goes_on_with_what_arrives()
    {
        await _server.Replay(Recorded.Bodies("traces", "t01").Where(b => b.Signal == "traces"));
        JsonNode ingest = await _server.Get("/api/ingest");
        JsonNode traces = Assert.Single(ingest["arrived"]!.AsArray())!;
        Assert.Equal((5, 58), ((int)traces["exports"]!, (int)traces["records"]!));
        Assert.Equal(58, (int)ingest["stored"]!["spans"]!);
        Assert.NotNull(ingest["stored"]!["lastSpanAt"]);
    }

    [Fact]
    public void Refusals_past_the_limit_push_out_the_oldest_and_long_texts_are_cut()
    {
        var log = new IngestLog();
        for (int i = 0; i <= Limits.RefusalsKeptMax; i++)
        {
            log.Refuse($"/{i}", 404, new string('x', Limits.RefusalCharactersMax + 1), new string('y', Limits.RefusalCharactersMax + 1));
        }

        (IngestCounts counts, _, IReadOnlyList<Refusal> refusals) = log.Read();
        Assert.Equal(Limits.RefusalsKeptMax + 1, counts.Refused);
        Assert.Equal(Limits.RefusalsKeptMax, refusals.Count);
        Assert.Equal(($"/{Limits.RefusalsKeptMax}", "/1"), (refusals[0].Path, refusals[^1].Path));
        Assert.All(refusals, r => Assert.Equal((Limits.RefusalCharactersMax + 1, Limits.RefusalCharactersMax + 1), (r.Reason.Length, r.Client.Length)));
    }

    [Fact]
    public void A_refusal_that_is_told_alike_is_the_newest_and_told_once()
    {
        var log = new IngestLog();
        string longest = new('x', Limits.RefusalCharactersMax);
        log.Refuse("/a", 400, longest, "me");
        log.Refuse("/b", 404, "other", "you");
        log.Refuse("/a", 400, longest, "me");
        log.Refuse("/a", 400, longest + "y", "me");
        log.Refuse("/a", 400, longest + "zz", "me");
        log.Refuse("/am", 400, longest, "e");
        (_, _, IReadOnlyList<Refusal> refusals) = log.Read();
        Assert.Equal(
            [("/am", longest, "e", 1), ("/a", longest + "…", "me", 2), ("/a", longest, "me", 2), ("/b", "other", "you", 1)],
            refusals.Select(r => (r.Path, r.Reason, r.Client, (int)r.Times)));
    }

    [Fact]
    public void Of_a_long_refusal_no_character_is_cut_in_two_and_a_short_one_is_told_as_it_is()
    {
        var log = new IngestLog();
        string cut = new('x', Limits.RefusalCharactersMax - 1);
        for (int i = 0; i < Limits.RefusalsKeptMax; i++)
        {
            log.Refuse($"/{i}/{cut}", 400, cut + "\U0001F600", cut);
        }

        log.Refuse("/a", 400, "short", "");
        log.Refuse("/b", 400, cut + "\U0001F600 and more", "me");
        (_, _, IReadOnlyList<Refusal> refusals) = log.Read();
        Assert.Equal([("/b", cut + "…", "me"), ("/a", "short", "")], refusals.Take(2).Select(r => (r.Path, r.Reason, r.Client)));
        Assert.Equal($"/2/{cut}"[..Limits.RefusalCharactersMax] + "…", refusals[^1].Path);
    }
}
