using System.Net;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>From the wire into the file, through the real server.</summary>
public sealed class StoredExportsTests
{
    [Fact]
    public async Task What_was_not_sent_or_is_empty_is_null_as_protobuf_does_not_tell_the_two_apart()
    {
        await using RunningServer server = await RunningServer.Start();
        await Post(server, "/v1/metrics", Export.Metrics(
            """{"sum":{"dataPoints":[{"timeUnixNano":1,"flags":1}]}}""",
            """{"name":"","unit":"","gauge":{"dataPoints":[{"timeUnixNano":2,"asInt":"9223372036854775807"}]}}"""));
        await Post(server, "/v1/logs", Export.Logs("{}"));
        Assert.Equal(1L, server.Sql("SELECT metric_name IS NULL AND unit IS NULL AND session_id IS NULL AND sent_value IS NULL AND value = 0 FROM otel_metrics WHERE kind = 'sum'"));
        Assert.Equal(1L, server.Sql("SELECT metric_name IS NULL AND unit IS NULL AND sent_value = 9223372036854775807 FROM otel_metrics WHERE kind = 'gauge'"));
        Assert.Equal(1L, server.Sql("SELECT event_name IS NULL AND body IS NULL AND prompt_id IS NULL AND trace_id IS NULL AND attributes = '{}' FROM otel_events"));
    }

    [Fact]
    public async Task A_value_is_the_increase_and_what_was_sent_stays_beside_it()
    {
        string Point(int second, int value) => Export.Point(
            $"\"startTimeUnixNano\":\"{Export.Time}\",\"timeUnixNano\":\"{Export.Time + (ulong)second}\",\"asInt\":{value}");
        await using RunningServer server = await RunningServer.Start();
        await Post(server, "/v1/metrics", Export.Metrics(Export.Sum("m", [Point(1, 10), Point(2, 15)], temporality: 2)));
        await server.Restart();
        await Post(server, "/v1/metrics", Export.Metrics(Export.Sum("m", [Point(3, 18), Point(2, 15), Point(4, 2)], temporality: 2)));
        Assert.Equal("10=10 5=15 3=18 0=15 2=2", server.Sql(
            "SELECT group_concat(CAST(value AS INTEGER) || '=' || sent_value, ' ' ORDER BY id) FROM otel_metrics WHERE temporality = 2"));
    }

    [Fact]
    public async Task A_request_told_in_two_bodies_is_billed_once_and_one_of_another_session_again()
    {
        string Request(string session, ulong time) => Export.Logs(Export.Event(
            "api_request", time, Export.Text("session.id", session), Export.Text("model", "m"), Export.Text("request_id", "req_1"), Export.Int("input_tokens", 7)));
        await using RunningServer server = await RunningServer.Start();
        await Post(server, "/v1/logs", Request("s", Export.Time));
        await Post(server, "/v1/logs", Request("s", Export.Time + 1));
        await Post(server, "/v1/logs", Request("t", Export.Time + 2));
        JsonNode summary = await server.Get("/api/summary");
        Assert.Equal((2, 14), ((int)summary["apiRequests"]!, (int)summary["tokens"]!["input"]!));
        Assert.Equal(3L, server.Sql("SELECT count(*) FROM otel_events"));
        Assert.Equal("ok", server.Sql("PRAGMA integrity_check"));
    }

    [Fact]
    public async Task Requests_without_an_id_are_told_apart_by_what_they_say()
    {
        // The last attribute makes another body of what is the same request.
        string Request(int tokens, int? sequence, int body) => Export.Logs(Export.Event(
            "api_request", Export.Time, Export.Text("session.id", "s"), Export.Int("input_tokens", tokens), Export.Int("body", body),
            sequence is { } number ? Export.Int("event.sequence", number) : Export.Int("other", 1)));
        await using RunningServer server = await RunningServer.Start();
        await Post(server, "/v1/logs", Request(5, null, 1));
        await Post(server, "/v1/logs", Request(5, null, 2));
        await Post(server, "/v1/logs", Request(6, null, 3));
        JsonNode summary = await server.Get("/api/summary");
        Assert.Equal((2, 11), ((int)summary["apiRequests"]!, (int)summary["tokens"]!["input"]!));

        // Two of one millisecond with the same numbers, by their own in the process.
        await Post(server, "/v1/logs", Request(5, 1, 4));
        await Post(server, "/v1/logs", Request(5, 2, 5));
        await Post(server, "/v1/logs", Request(5, 2, 6));
        summary = await server.Get("/api/summary");
        Assert.Equal((4, 21), ((int)summary["apiRequests"]!, (int)summary["tokens"]!["input"]!));
    }

    [Fact]
    public async Task Many_clients_at_once_are_all_counted_and_their_retries_are_not()
    {
        const int clients = 24;
        const int exports = 20;
        await using RunningServer server = await RunningServer.Start();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            for (int i = 0; i < exports; i++)
            {
                string request = Export.Event(
                    "api_request", Export.Time + (ulong)i, Export.Text("session.id", $"s{client}"), Export.Text("model", $"m{i % 3}"),
                    Export.Text("request_id", $"r{i}"), Export.Int("input_tokens", 10));
                string body = Export.Logs(request);
                await Post(server, "/v1/logs", body);
                if (i % 4 == 0)
                {
                    await Post(server, "/v1/logs", body);
                }
            }
        })));
        JsonNode summary = await server.Get("/api/summary");
        Assert.Equal(clients * exports, (int)summary["apiRequests"]!);
        Assert.Equal(clients * exports * 10, (int)summary["tokens"]!["input"]!);
        Assert.Equal(clients, (int)summary["sessions"]!["total"]!);
        Assert.Equal((long)clients * exports, server.Sql("SELECT count(*) FROM otel_events"));
        Assert.Equal("ok", server.Sql("PRAGMA integrity_check"));
    }

    private static async Task Post(RunningServer server, string path, string body)
    {
        using HttpResponseMessage answer = await server.Post(path, body);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    [Fact]
    public async Task Attributes_past_the_limit_of_a_point_are_counted_and_told()
    {
        string attributes = string.Join(',', Enumerable.Range(0, Limits.AttributesPerRecordMax + 3).Select(i => Export.Int($"k{i}", i)));
        await using RunningServer server = await RunningServer.Start();
        using HttpResponseMessage answer = await server.Post("/v1/metrics", Export.Metrics(Export.Sum("m", [Export.Point($"\"timeUnixNano\":1,\"asInt\":1,\"attributes\":[{attributes}]")])));
        Assert.Contains($"more than {Limits.AttributesPerRecordMax} attributes", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(3L, server.Sql("SELECT dropped_attributes_count FROM otel_metrics"));
    }

    [Fact]
    public async Task What_a_kind_of_metric_does_not_have_is_unknown_to_json_too()
    {
        await using RunningServer server = await RunningServer.Start();
        await Post(server, "/v1/metrics", Export.Metrics(
            """{"name":"g","gauge":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{"timeUnixNano":1,"asInt":1}]}}""",
            """{"name":"s","summary":{"dataPoints":[{"timeUnixNano":1,"count":1,"min":1,"bucketCounts":[1],"exemplars":[{"asInt":1}]}]}}"""));
        Assert.Equal("0 0", server.Sql("SELECT temporality || ' ' || is_monotonic FROM otel_metrics WHERE kind = 'gauge'"));
        Assert.Equal("{\"count\":1,\"quantileValues\":[]}", server.Sql("SELECT shape FROM otel_metrics WHERE kind = 'summary' AND exemplars IS NULL"));
    }
}
