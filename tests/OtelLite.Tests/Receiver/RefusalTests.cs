using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Receiver;

/// <summary>What is not received: every refusal says so in the encoding of the request, keeps the connection and stores nothing.</summary>
public sealed class RefusalTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string Token = $"Authorization: Bearer {RunningServer.TestToken}";

    private static readonly byte[] Body = Encoding.UTF8.GetBytes(Exports.Commit());

    private async Task<RawAnswer> Ask(string method, string path, params string[] headers)
    {
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        await connection.Send(RawConnection.Head(method, path, [Token, $"Content-Length: {Body.Length}", .. headers]));
        await connection.Send(Body);
        RawAnswer answer = await connection.Read(toHead: method == "HEAD");

        // The refusal costs neither the connection nor the next export on it, and left nothing behind.
        await connection.Post("/v1/metrics", "{}"u8.ToArray());
        Assert.Equal(200, (await connection.Read()).Status);
        Assert.Equal(0L, shared.Server.Sql("SELECT count(*) FROM otel_metrics"));
        return answer;
    }

    [Theory]
    [InlineData("/v1/nosuch")]
    [InlineData("/v1/metrics/more")]
    [InlineData("/v1/")]
    [InlineData("/v1development/profiles")]
    [InlineData("/v1")]
    public async Task An_unknown_path_is_404_and_says_where_exports_go(string path)
    {
        RawAnswer answer = await Ask("POST", path, "Content-Type: application/json");
        Assert.Equal(404, answer.Status);
        Assert.Contains("/v1/metrics", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    [InlineData("HEAD")]
    public async Task Another_method_is_405_and_says_which_is_allowed(string method)
    {
        RawAnswer answer = await Ask(method, "/v1/logs", "Content-Type: application/json");
        Assert.Equal(405, answer.Status);
        Assert.Equal("POST", answer.Header("Allow"));
        if (method != "HEAD")
        {
            Assert.Equal(12, (int)answer.Json["code"]!);
        }
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/grpc")]
    [InlineData("application/jsonx")]
    [InlineData("invalid")]
    [InlineData("")]
    [InlineData(null)]
    public async Task Another_content_type_is_415_and_says_which_protocol_to_set(string? type)
    {
        RawAnswer answer = type is null ? await Ask("POST", "/v1/metrics") : await Ask("POST", "/v1/metrics", $"Content-Type: {type}");
        Assert.Equal(415, answer.Status);
        Assert.Equal("application/json", answer.Header("Content-Type"));
        Assert.Equal(3, (int)answer.Json["code"]!);
        Assert.Contains("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf or http/json", (string)answer.Json["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/metrics", 400, 3, "the body is not a valid OTLP metrics request in protobuf")]
    [InlineData("/v1/nosuch", 404, 12, "/v1/metrics")]
    public async Task A_protobuf_client_reads_its_refusal_in_protobuf(string path, int status, int code, string says)
    {
        RawAnswer answer = await Ask("POST", path, "Content-Type: application/x-protobuf");
        Assert.Equal(status, answer.Status);
        Assert.Equal("application/x-protobuf", answer.Header("Content-Type"));
        JsonNode refusal = OtlpSchema.ToJson("Status", answer.Body);
        Assert.Equal(code, (int)refusal["code"]!);
        Assert.Contains(says, (string)refusal["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("gzip, gzip")]
    [InlineData("nosuch")]
    public async Task An_unknown_content_encoding_is_415_and_is_never_read_as_plain(string encoding)
    {
        RawAnswer answer = await Ask("POST", "/v1/metrics", "Content-Type: application/json", $"Content-Encoding: {encoding}");
        Assert.Equal(415, answer.Status);
        Assert.Equal("gzip", answer.Header("Accept-Encoding"));
        Assert.Contains(encoding, (string)answer.Json["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1234")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"resourceMetrics":{"a":1}}""")]
    [InlineData("""{"resourceMetrics":[{"scopeMetrics":[""")]
    [InlineData("""{"resourceMetrics":[{}]} x""")]
    [InlineData("hello")]
    public async Task What_is_no_export_is_400_and_says_what_is_wrong(string body)
    {
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        await connection.Post("/v1/metrics", Encoding.UTF8.GetBytes(body));
        RawAnswer answer = await connection.Read();
        Assert.Equal(400, answer.Status);
        Assert.Equal(3, (int)answer.Json["code"]!);
        Assert.Contains("the body is", (string)answer.Json["message"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", answer.Text, StringComparison.Ordinal);
        Assert.Null(answer.Header("Retry-After"));
    }

    [Fact]
    public async Task A_bad_body_says_at_which_line_and_byte()
    {
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        await connection.Post("/v1/metrics", "{\n  \"resourceMetrics\": 5}"u8.ToArray());
        Assert.Contains("line 2, byte ", (string)(await connection.Read()).Json["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_goes_bad_at_its_end_stores_none_of_its_good_beginning()
    {
        string cut = Exports.Metrics([.. Enumerable.Range(1, 10).Select(i => Exports.Point($"{i}000000000"))])[..^2];
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        await connection.Post("/v1/metrics", Encoding.UTF8.GetBytes(cut));
        Assert.Equal(400, (await connection.Read()).Status);
        Assert.Equal(0L, shared.Server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Fact]
    public async Task No_other_origin_is_let_in()
    {
        // Neither answers to a preflight nor to a request carry the header that would let another page's script read them.
        RawAnswer preflight = await Ask("OPTIONS", "/v1/metrics", "Origin: https://evil.example", "Access-Control-Request-Method: POST");
        Assert.Null(preflight.Header("Access-Control-Allow-Origin"));
        RawAnswer simple = await Ask("POST", "/v1/metrics", "Origin: https://evil.example", "Content-Type: text/plain");
        Assert.Equal(415, simple.Status);
        Assert.Null(simple.Header("Access-Control-Allow-Origin"));
    }
}
