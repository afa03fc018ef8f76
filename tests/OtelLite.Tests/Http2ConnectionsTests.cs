using System.Net;

namespace OtelLite.Tests;

/// <summary>Connections over HTTP/2 that have not said whose they are.</summary>
public sealed class Http2ConnectionsTests : IDisposable
{
    // SETTINGS with nothing in it (RFC 9113, 3.4).
    private static readonly byte[] Greeting = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    private readonly List<RawConnection> _strangers = [];

    public void Dispose() => _strangers.ForEach(s => s.Dispose());

    [Fact]
    public async Task As_many_strangers_as_may_be_stay_for_as_long_as_nobody_waits_and_one_more_takes_the_place_of_the_oldest()
    {
        await using RunningServer server = await RunningServer.Start();
        await Greet(server, Limits.Http2StrangersMax);
        await Task.Delay(Limits.StrangerAlone + Limits.StrangerLook);
        Assert.Equal(0, Ended());

        await Greet(server, 1);
        await Until(() => Ended() == 1);
        Assert.False(_strangers[^1].HasEnded());
    }

    [Fact]
    public async Task Who_brought_a_good_token_takes_no_place_of_theirs()
    {
        await using RunningServer server = await RunningServer.Start();
        List<HttpClient> known = [];
        for (int i = 0; i <= Limits.Http2StrangersMax; i++)
        {
            known.Add(Client(server));
            Assert.Equal(HttpStatusCode.OK, (await known[i].GetAsync(new Uri(server.Url + "/api/ingest"))).StatusCode);
        }

        await Greet(server, Limits.Http2StrangersMax);
        await Task.Delay(Limits.StrangerAlone + (2 * Limits.StrangerLook));
        Assert.Equal(0, Ended());
        known.ForEach(k => k.Dispose());
    }

    private static HttpClient Client(RunningServer server)
    {
        var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        client.DefaultRequestHeaders.Authorization = new("Bearer", ServerClient.TestToken);
        return client;
    }

    private static async Task Until(Func<bool> isSo)
    {
        for (int i = 0; i < 100 && !isSo(); i++)
        {
            await Task.Delay(100);
        }

        Assert.True(isSo());
    }

    private int Ended() => _strangers.Count(s => s.HasEnded());

    private async Task Greet(RunningServer server, int strangers)
    {
        for (int i = 0; i < strangers; i++)
        {
            _strangers.Add(await RawConnection.Open(server.Url));
            await _strangers[^1].Send(Greeting);
        }
    }
}
