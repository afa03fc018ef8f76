using System.Net;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Receiver;

/// <summary>What an export is answered with, and what is stored by then.</summary>
public sealed class ExportTests
{
    private static async Task<string> Text(HttpResponseMessage answer) => await answer.Content.ReadAsStringAsync();

    [Theory]
    [InlineData("/v1/metrics")]
    [InlineData("/v1/logs")]
    public async Task A_signal_in_json_is_taken_for_what_it_is_wherever_it_was_sent(string path)
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
}
