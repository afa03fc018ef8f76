using System.Diagnostics;
using System.Net;

namespace OtelLite.Tests;

/// <summary>Connections over HTTP/2 that have not said whose they are.</summary>
public sealed class Http2ConnectionsTests : IDisposable
{
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
        await Until(() => Ended() > 0);
        await Task.Delay(5 * Limits.StrangerLook);
        Assert.Equal(1, Ended());
        Assert.False(_strangers[^1].HasEnded());
    }

    [Fact]
    public async Task Who_has_waited_long_is_read_as_long_as_others_and_in_the_order_in_which_they_came()
    {
        await using RunningServer server = await RunningServer.Start();
        var clock = Stopwatch.StartNew();
        await Greet(server, Limits.Http2ConnectionsMax - 1);
        using HttpClient honest = Client();
        Task<HttpResponseMessage> answer = honest.GetAsync(new Uri(server.Url + "/api/ingest"));
        const int rounds = (Limits.Http2ConnectionsMax - Limits.Http2StrangersMax) / Limits.Http2StrangersMax;
        await Until(() => Ended() >= rounds * Limits.Http2StrangersMax);
        Assert.InRange(clock.Elapsed, rounds * Limits.StrangerAlone * 0.9, Limits.StrangerWait);
        Assert.Equal(HttpStatusCode.OK, (await answer).StatusCode);
    }

    [Fact]
    public async Task Of_known_ones_so_many_are_read_and_one_more_waits_and_is_closed()
    {
        await using RunningServer server = await RunningServer.Start();
        List<HttpClient> known = [];
        for (int i = 0; i < Limits.Http2ConnectionsMax; i++)
        {
            known.Add(Client());
            Assert.Equal(HttpStatusCode.OK, (await known[i].GetAsync(new Uri(server.Url + "/api/ingest"))).StatusCode);
        }

        await Greet(server, 1);
        await Task.Delay(Limits.StrangerWait / 2);
        Assert.Equal(0, Ended());
        await Until(() => Ended() == 1);
        Assert.Contains("too many connections with HTTP/2", (await server.Get("/api/ingest")).ToJsonString(), StringComparison.Ordinal);
        known.ForEach(k => k.Dispose());
    }

    [Fact]
    public async Task So_many_strangers_wait_and_one_more_is_closed_at_once()
    {
        await using RunningServer server = await RunningServer.Start();

        // Some are let in and ended while they come.
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Greet(server, (Limits.StrangersWaitingMax + (16 * Limits.Http2StrangersMax)) / 10)));
        for (int i = 0; !(await server.Get("/api/ingest")).ToJsonString().Contains("too many connections with HTTP/2", StringComparison.Ordinal); i++)
        {
            Assert.True(i < 50, "all may wait");
            await Task.Delay(100);
        }
    }

    [Fact]
    public async Task Those_that_go_away_while_they_wait_leave_their_places_and_the_server_stops_while_some_wait()
    {
        await using RunningServer server = await RunningServer.Start();
        for (int round = 0; round < 2; round++)
        {
            await Greet(server, Limits.Http2ConnectionsMax);
            await Task.Delay(2 * Limits.StrangerLook);
            Dispose();
            _strangers.Clear();
            await Task.Delay(10 * Limits.StrangerLook);
        }

        using HttpClient honest = Client();
        Assert.Equal(HttpStatusCode.OK, (await honest.GetAsync(new Uri(server.Url + "/api/ingest"))).StatusCode);

        await Greet(server, Limits.Http2ConnectionsMax / 2);
        var clock = Stopwatch.StartNew();
        await server.Stop(keepClient: true);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Who_brought_a_good_token_takes_no_place_of_theirs()
    {
        await using RunningServer server = await RunningServer.Start();
        List<HttpClient> known = [];
        for (int i = 0; i <= Limits.Http2StrangersMax; i++)
        {
            known.Add(Client());
            Assert.Equal(HttpStatusCode.OK, (await known[i].GetAsync(new Uri(server.Url + "/api/ingest"))).StatusCode);
        }

        await Greet(server, Limits.Http2StrangersMax);
        await Task.Delay(Limits.StrangerAlone + (2 * Limits.StrangerLook));
        Assert.Equal(0, Ended());
        known.ForEach(k => k.Dispose());
    }

    private static HttpClient Client()
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
            RawConnection stranger = await RawConnection.Open(server.Url);
            lock (_strangers)
            {
                _strangers.Add(stranger);
            }

            try
            {
                await stranger.Send(RawConnection.Http2Greeting);
            }
            catch (IOException)
            {
                // Closed already.
            }
        }
    }
}
