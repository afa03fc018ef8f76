using System.Net;
using System.Text;

namespace OtelLite.Tests.Receiver;

/// <summary>No export without the token, and the token in every way that real clients write it.</summary>
public sealed class AuthorizationTests(SharedServer shared) : IClassFixture<SharedServer>
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer wrong")]
    [InlineData("Bearer test-token-and-more")]
    [InlineData("Bearer test-toke")]
    [InlineData("Bearertest-token")]
    [InlineData("Bearer%20wrong")]
    [InlineData("Bearer%20")]
    [InlineData("test-token")]
    [InlineData("Basic test-token")]
    [InlineData("Bearer test-token, Bearer test-token")]
    public async Task Without_the_token_an_export_is_401_with_a_status_that_says_what_to_set(string? authorization)
    {
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        byte[] body = Encoding.UTF8.GetBytes(Exports.Commit());
        string[] headers = ["Content-Type: application/json", $"Content-Length: {body.Length}"];
        await connection.Send(RawConnection.Head("POST", "/v1/metrics", authorization is null ? headers : [$"Authorization: {authorization}", .. headers]));
        await connection.Send(body);
        RawAnswer answer = await connection.Read();
        Assert.Equal(401, answer.Status);
        Assert.Equal("Bearer", answer.Header("WWW-Authenticate"));
        Assert.Equal("application/json", answer.Header("Content-Type"));
        Assert.Equal(16, (int)answer.Json["code"]!);
        Assert.Contains("OTEL_EXPORTER_OTLP_HEADERS", (string)answer.Json["message"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(RunningServer.TestToken, answer.Text, StringComparison.Ordinal);
        Assert.Equal(0L, shared.Server.Sql($"SELECT count(*) FROM otel_metrics WHERE time_unix_nano = {Exports.Noon}000000000"));
    }

    [Theory]
    [InlineData("Bearer test-token")]
    [InlineData("bearer test-token")]
    [InlineData("BEARER   test-token ")]
    [InlineData("Bearer%20test-token")]
    public async Task The_token_is_taken_as_clients_write_it(string authorization)
    {
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        await connection.Send(RawConnection.Head(
            "POST", "/v1/metrics", $"Authorization: {authorization}", "Content-Type: application/json", "Content-Length: 2"));
        await connection.Send("{}");
        Assert.Equal(200, (await connection.Read()).Status);
    }

    [Fact]
    public async Task The_token_is_asked_for_before_anything_else_is_told()
    {
        using var stranger = new HttpClient();
        foreach (string path in (string[])["/v1/nosuch", "/v1/metrics", "/v1/logs", "/v1"])
        {
            using HttpResponseMessage get = await stranger.GetAsync(new Uri(shared.Server.Url + path));
            Assert.Equal(HttpStatusCode.Unauthorized, get.StatusCode);
        }

        using HttpResponseMessage post = await stranger.PostAsync(new Uri(shared.Server.Url + "/"), new StringContent("nonsense"));
        Assert.Equal(HttpStatusCode.Unauthorized, post.StatusCode);
    }

    [Fact]
    public async Task The_dashboards_cookie_sends_no_exports()
    {
        // A page of another origin could make a browser post with it.
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        string cookie = $"Cookie: otellite_80={RunningServer.TestToken}; otellite_{new Uri(shared.Server.Url).Port}={RunningServer.TestToken}";
        await connection.Send(RawConnection.Head("POST", "/v1/metrics", cookie, "Content-Type: application/json", "Content-Length: 2") + "{}");
        Assert.Equal(401, (await connection.Read()).Status);
    }

    [Fact]
    public async Task A_stranger_who_sends_much_can_still_read_the_refusal()
    {
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        byte[] large = new byte[8 << 20];
        await connection.Send(RawConnection.Head("POST", "/v1/metrics", "Content-Type: application/json", $"Content-Length: {large.Length}"));
        await connection.Send(large);
        Assert.Equal(401, (await connection.Read()).Status);
    }
}
