using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OtelLite.Dashboard;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Dashboard;

/// <summary>What an answer is written into, and the one answer that holds stored JSON as it is.</summary>
public sealed class AnswerBodyTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4000)]
    [InlineData(Limits.PooledBodyBytesMax - 50)]
    [InlineData(Limits.PooledBodyBytesMax + 50)]
    [InlineData(Limits.LongAnswerBytes + 50)]
    [InlineData(Limits.RecordBytesMax)]
    public void It_is_what_the_serializer_writes_however_long_that_is(int length)
    {
        var answer = new Problem("about:blank", "\"title\"", 400, string.Concat(Enumerable.Repeat("<é\n\U0001F600>", length / 5)));
        using AnswerBody body = AnswerBody.Of(answer, ApiJson.Default.Problem);
        Assert.True(body.Bytes.Span.SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(answer, ApiJson.Default.Problem)));
        body.Dispose();
        Assert.True(body.Bytes.IsEmpty);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("no")]
    public void Of_stored_attributes_that_are_no_JSON_nothing_is_answered(string stored) =>
        Assert.ThrowsAny<JsonException>(() => AnswerBody.Of(new EventAnswer(1, default, null, null, new StoredJson(Encoding.UTF8.GetBytes(stored))), ApiJson.Default.EventAnswer));

    [Fact]
    public async Task An_events_attributes_are_answered_as_they_are_stored_and_HEAD_tells_their_length()
    {
        await using RunningServer server = await RunningServer.Start();
        string said = "<b> \\ \" é \U0001F600";
        string deep = string.Concat(Enumerable.Repeat("""{"arrayValue":{"values":[""", 80)) + """{"stringValue":"in"}""" + string.Concat(Enumerable.Repeat("]}}", 80));
        string logs = Export.Logs(Export.Record($$"""
            "attributes":[{{Export.Text("prompt", JsonEncodedText.Encode(said).ToString())}},{"key":"deep","value":{{deep}}},{{Export.Text("long", new string('x', 2_000_000))}}]
            """));
        (await server.Post("/v1/logs", logs)).Dispose();
        using HttpResponseMessage answer = await server.Http.GetAsync(new Uri(server.Url + "/api/events/1"));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.EndsWith($",\"attributes\":{server.Sql("SELECT attributes FROM otel_events")}}}", text, StringComparison.Ordinal);
        Assert.Equal(said, (string?)JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = Limits.JsonDepthMax })!["attributes"]!["prompt"]);

        using HttpResponseMessage head = await server.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, server.Url + "/api/events/1"));
        Assert.Equal((HttpStatusCode.OK, (long)Encoding.UTF8.GetByteCount(text)), (head.StatusCode, head.Content.Headers.ContentLength));
    }
}
