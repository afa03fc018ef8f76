using System.Net;
using System.Net.Http.Headers;
using OtelLite.Access;

namespace OtelLite.Tests.Access;

/// <summary>Who tries tokens is slowed down, and nobody else.</summary>
public sealed class WrongTokensTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1"), There = IPAddress.Parse("192.0.2.2");

    private long _now = 1_000_000;

    [Fact]
    public void Some_at_once_are_told_and_one_more_is_not_and_each_address_has_its_own()
    {
        var wrong = new WrongTokens(() => _now);
        for (int i = 0; i < Limits.WrongTokensAtOnce; i++)
        {
            Assert.False(wrong.IsTooMany(Here));
        }

        Assert.True(wrong.IsTooMany(Here));
        Assert.False(wrong.IsTooMany(There));
    }

    [Fact]
    public void After_a_while_one_more_is_told_and_asking_too_early_costs_nothing()
    {
        var wrong = new WrongTokens(() => _now);
        while (!wrong.IsTooMany(Here))
        {
        }

        _now += (long)Limits.WrongTokenInterval.TotalMilliseconds - 1;
        Assert.True(wrong.IsTooMany(Here));
        _now++;
        Assert.False(wrong.IsTooMany(Here));
        Assert.True(wrong.IsTooMany(Here));
    }

    [Fact]
    public void Addresses_of_one_network_of_ipv6_are_one_and_those_of_ipv4_are_the_same_in_both_spellings()
    {
        var wrong = new WrongTokens(() => _now);
        for (int i = 0; i < Limits.WrongTokensAtOnce; i++)
        {
            Assert.False(wrong.IsTooMany(IPAddress.Parse($"2001:db8:1:1::{i:x}")));
            Assert.False(wrong.IsTooMany(i % 2 == 0 ? Here : Here.MapToIPv6()));
        }

        Assert.True(wrong.IsTooMany(IPAddress.Parse("2001:db8:1:1:ffff::1")));
        Assert.False(wrong.IsTooMany(IPAddress.Parse("2001:db8:1:2::1")));
        Assert.True(wrong.IsTooMany(Here));
    }

    [Fact]
    public void Only_so_many_addresses_are_remembered_and_those_that_try_most_are_not_the_ones_forgotten()
    {
        var wrong = new WrongTokens(() => _now);
        while (!wrong.IsTooMany(Here))
        {
        }

        for (int i = 0; i <= Limits.WrongTokenAddressesMax; i++)
        {
            Assert.False(wrong.IsTooMany(new IPAddress([10, 0, (byte)(i >> 8), (byte)i])));
        }

        Assert.InRange(wrong.Addresses, 1, Limits.WrongTokenAddressesMax);
        Assert.True(wrong.IsTooMany(Here));
    }

    [Fact]
    public async Task A_server_tells_who_tries_many_to_wait_and_takes_the_right_one_from_there_at_once()
    {
        await using RunningServer server = await RunningServer.Start();
        using var guesser = new HttpClient();
        guesser.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "guess");
        List<HttpStatusCode> answers = [];
        foreach (string path in (string[])["/v1/metrics", "/api/summary", "/"])
        {
            for (int i = 0; i <= Limits.WrongTokensAtOnce; i++)
            {
                using HttpResponseMessage answer = path == "/v1/metrics"
                    ? await guesser.PostAsync(new Uri(server.Url + path), new StringContent("{}", System.Text.Encoding.UTF8, "application/json"))
                    : await guesser.GetAsync(new Uri(server.Url + path));
                answers.Add(answer.StatusCode);
                if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    Assert.Equal(TimeSpan.FromSeconds(Limits.RetryAfterSeconds), answer.Headers.RetryAfter!.Delta);
                    Assert.True(answer.Headers.ConnectionClose);
                    Assert.Contains("the right one", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
                }
            }
        }

        Assert.All(answers.Take(Limits.WrongTokensAtOnce), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        using HttpResponseMessage mine = await server.Post("/v1/metrics", Exports.Commit());
        Assert.Equal(HttpStatusCode.OK, mine.StatusCode);
        await server.Get("/api/summary");

        // Nor by the cookie of one that was taken back.
        using var withOldCookie = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
        withOldCookie.DefaultRequestHeaders.Add("Cookie", $"otellite_{new Uri(server.Url).Port}=revoked");
        using HttpResponseMessage old = await withOldCookie.GetAsync(new Uri(server.Url + "/"));
        Assert.Equal(HttpStatusCode.TooManyRequests, old.StatusCode);
        using HttpResponseMessage signedIn = await withOldCookie.GetAsync(new Uri($"{server.Url}/?token={RunningServer.TestToken}"));
        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);

        // Asking without any is no guess.
        using var stranger = new HttpClient();
        using HttpResponseMessage page = await stranger.GetAsync(new Uri(server.Url + "/"));
        Assert.Equal(HttpStatusCode.Unauthorized, page.StatusCode);
    }

    [Theory]
    [InlineData("/v1/metrics", "application/json")]
    [InlineData("/api/summary", "application/json")]
    public async Task Over_HTTP_2_too_the_connection_of_who_tries_many_ends(string path, string contentType)
    {
        await using RunningServer server = await RunningServer.Start();
        int connections = 0;
        using var handler = new SocketsHttpHandler();
        handler.ConnectCallback = async (context, stop) =>
        {
            Interlocked.Increment(ref connections);
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, stop);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        };
        using var guesser = new HttpClient(handler);
        int tooMany = 0;
        for (int i = 0; i < Limits.WrongTokensAtOnce + 20; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url + path))
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new StringContent("{}", System.Text.Encoding.UTF8, contentType),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", $"guess-{i}");
            using HttpResponseMessage answer = await guesser.SendAsync(request);
            tooMany += answer.StatusCode == HttpStatusCode.TooManyRequests ? 1 : 0;
        }

        Assert.InRange(tooMany, 10, 20);
        Assert.InRange(connections, tooMany - 2, tooMany + 2);
    }
}
