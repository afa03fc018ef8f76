using System.Net;

namespace OtelLite.Tests.Receiver;

/// <summary>The token comes before all else, and only as a header.</summary>
public sealed class AuthorizationTests(SharedServer shared) : IClassFixture<SharedServer>
{
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
}
