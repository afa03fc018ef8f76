using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using OtelLite.Receiver;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Receiver;

/// <summary>What an export is answered with, and what is stored by then.</summary>
public sealed class ExportTests
{
    private static async Task<string> Text(HttpResponseMessage answer) => await answer.Content.ReadAsStringAsync();

    [Theory]
    [InlineData("/v1/metrics")]
    [InlineData("/v1/logs")]
    [InlineData("/")]
    public async Task Each_signal_is_taken_for_what_it_is_wherever_it_was_sent(string path)
    {
        await using RunningServer server = await RunningServer.Start();
        foreach (string body in (string[])[Exports.Commit(), Exports.Prompt()])
        {
            using HttpResponseMessage answer = await server.Post(path, body);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("application/json", answer.Content.Headers.ContentType!.ToString());
            Assert.Equal("{}", await Text(answer));
        }

        JsonNode summary = await server.Get("/api/summary");
        Assert.Equal(1, (int)summary["commits"]!);
        Assert.Equal(1, (int)summary["prompts"]!);
    }

    [Fact]
    public async Task Both_signals_may_come_in_one_body()
    {
        await using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage answer = await server.Post("/v1/metrics", $"{Exports.Commit().Trim()[..^1]},{Exports.Prompt().Trim()[1..]}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1L, server.Sql("SELECT count(*) FROM otel_metrics"));
        Assert.Equal(1L, server.Sql("SELECT count(*) FROM otel_events"));
    }

    [Fact]
    public async Task The_smallest_limit_that_may_be_set_still_takes_a_body()
    {
        await using RunningServer server = await RunningServer.Start(null, "--max-body", "1024");
        using HttpResponseMessage plain = await server.Post("/v1/metrics", Exports.Commit());
        Assert.Equal(HttpStatusCode.OK, plain.StatusCode);
        using var content = new ByteArrayContent(Exports.Gzip(Exports.OfLength(1024, Exports.Noon + 1)));
        content.Headers.ContentType = new("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        using HttpResponseMessage gzip = await server.Http.PostAsync(new Uri(server.Url + "/v1/metrics"), content);
        Assert.Equal(HttpStatusCode.OK, gzip.StatusCode);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"resourceMetrics":[]}""")]
    [InlineData("""{"resourceMetrics":[{}]}""")]
    [InlineData("""{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"x","sum":{}}]}]}]}""")]
    [InlineData("""{"resourceLogs":[{"scopeLogs":[{}]}]}""")]
    [InlineData("""{"resourceMetrics":null}""")]
    public async Task An_empty_request_succeeds_and_stores_nothing(string body)
    {
        await using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage answer = await server.Post("/v1/metrics", body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("{}", await Text(answer));
        Assert.Equal(0L, server.Sql("SELECT (SELECT count(*) FROM otel_metrics) + (SELECT count(*) FROM otel_resource)"));
    }

    [Fact]
    public async Task Points_that_make_no_sense_are_counted_as_rejected_and_the_others_are_stored()
    {
        await using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage answer = await server.Post(
            "/v1/metrics", Exports.Metrics(Exports.Point("0"), Exports.Point("1000000000"), Exports.Point("0"), Exports.Point("2000000000")));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        JsonNode partial = JsonNode.Parse(await Text(answer))!["partialSuccess"]!;
        // 64-bit numbers are strings in ProtoJSON.
        Assert.Equal("2", (string)partial["rejectedDataPoints"]!);
        Assert.Contains("timeUnixNano", (string)partial["errorMessage"]!, StringComparison.Ordinal);
        Assert.Equal(2L, server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Fact]
    public async Task A_partial_success_stays_short_however_much_was_rejected()
    {
        await using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage answer = await server.Post("/v1/metrics", Exports.Metrics([.. Enumerable.Repeat(Exports.Point("0"), 20_000)]));
        Assert.Equal("20000", (string)JsonNode.Parse(await Text(answer))!["partialSuccess"]!["rejectedDataPoints"]!);
        Assert.InRange((await Text(answer)).Length, 1, 1000);
    }

    [Fact]
    public async Task Many_clients_at_once_lose_nothing_and_count_nothing_twice()
    {
        await using RunningServer server = await RunningServer.Start();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async client =>
        {
            for (int i = 0; i < 50; i++)
            {
                using HttpResponseMessage answer = await server.Post("/v1/metrics", Exports.Commit(Exports.Noon + client * 50 + i, $"s{client}"));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
        }));
        Assert.Equal(400L, server.Sql("SELECT count(DISTINCT time_unix_nano) FROM otel_metrics"));
        Assert.Equal(400, (int)(await server.Get("/api/summary"))["commits"]!);
    }

    [Fact]
    public async Task While_another_program_locks_the_file_exports_are_503_and_come_through_after_it()
    {
        await using RunningServer server = await RunningServer.Start();
        using (var other = new SqliteConnection($"Data Source={Path.Combine(server.DataDir, "otellite.db")};Pooling=False"))
        {
            other.Open();
            using SqliteTransaction lockIt = other.BeginTransaction();
            using HttpResponseMessage refused = await server.Post("/v1/metrics", Exports.Commit());
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
            Assert.Equal(14, (int)JsonNode.Parse(await Text(refused))!["code"]!);
            using HttpResponseMessage ready = await server.Http.GetAsync(new Uri(server.Url + "/readyz"));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            Assert.Contains("lock", (string)JsonNode.Parse(await Text(ready))!["reason"]!, StringComparison.Ordinal);
        }

        using HttpResponseMessage again = await server.Post("/v1/metrics", Exports.Commit());
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(1L, server.Sql("SELECT count(*) FROM otel_metrics"));
        await server.Get("/readyz");
        Assert.Equal(2, server.Said.Count);
    }

    [Fact]
    public async Task An_export_that_can_never_be_stored_is_500_without_a_retry_and_the_next_one_is_taken()
    {
        await using RunningServer server = await RunningServer.Start();
        using (var other = new SqliteConnection($"Data Source={Path.Combine(server.DataDir, "otellite.db")};Pooling=False"))
        {
            other.Open();
            using SqliteCommand trigger = other.CreateCommand();
            trigger.CommandText = "CREATE TRIGGER never BEFORE INSERT ON otel_metrics BEGIN SELECT raise(ABORT, 'never'); END";
            trigger.ExecuteNonQuery();
        }

        using HttpResponseMessage never = await server.Post("/v1/metrics", Exports.Commit());
        Assert.Equal(HttpStatusCode.InternalServerError, never.StatusCode);
        Assert.Equal(13, (int)JsonNode.Parse(await Text(never))!["code"]!);
        Assert.False(never.Headers.Contains("Retry-After"));
        using HttpResponseMessage next = await server.Post("/v1/logs", Exports.Prompt());
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(0, (int)(await server.Get("/api/summary"))["commits"]!);
    }

    [Theory]
    [InlineData((int)WriteOutcome.QueueFull, 503, 14, "1")]
    [InlineData((int)WriteOutcome.Unavailable, 503, 14, "1")]
    [InlineData((int)WriteOutcome.Failed, 500, 13, "")]
    public async Task Only_what_passes_asks_the_client_to_come_back(int outcome, int status, int code, string retryAfter)
    {
        var receiver = new OtlpReceiver(
            new Token(RunningServer.TestToken), 1 << 20, _ => Task.FromResult(new WriteResult((WriteOutcome)outcome, "because")), new IngestLog());
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.Path = "/v1/metrics";
        context.Request.ContentType = "application/json";
        context.Request.Headers.Authorization = $"Bearer {RunningServer.TestToken}";
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(Exports.Commit()));
        using var body = new MemoryStream();
        context.Response.Body = body;
        await receiver.Receive(context);
        Assert.Equal(status, context.Response.StatusCode);
        Assert.Equal(retryAfter, context.Response.Headers.RetryAfter.ToString());
        JsonNode answer = JsonNode.Parse(body.ToArray())!;
        Assert.Equal(code, (int)answer["code"]!);
        Assert.Equal("because", (string)answer["message"]!);
    }
}
