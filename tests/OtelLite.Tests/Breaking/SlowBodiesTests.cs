using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OtelLite.Access;
using OtelLite.Dashboard;
using OtelLite.Receiver;
using OtelLite.Storage;
using OtelLite.Telemetry;
using OtelLite.Tests.Storage;

namespace OtelLite.Tests.Breaking;

/// <summary>Bodies that come slowly, or become much: the rest are read meanwhile, and nobody waits for longer than a client does.</summary>
[Collection(Alone.Name)]
public sealed class SlowBodiesTests
{
    // Claude Code's largest seen is about that.
    private const int UsualBytes = 600_000;

    [Fact]
    public async Task Bodies_of_each_size_have_room_of_their_own_and_one_that_finds_none_is_told_to_come_back()
    {
        await using RunningServer server = await RunningServer.Start();
        int[] sizes = [Limits.SmallBodyBytes, Limits.LargeBodyBytes, Limits.LargeBodyBytes + 1];
        (BodyRoom Room, int Bytes)[] rooms =
            [(BodyRoom.Small, Limits.SmallBodiesBytesMax), (BodyRoom.Usual, Limits.UsualBodiesBytesMax), (BodyRoom.Large, Limits.LargeBodiesBytesMax)];
        for (int full = 0; full < rooms.Length; full++)
        {
            (BodyRoom room, int bytes) = rooms[full];
            Assert.True(await room.Take(bytes, 0, TimeSpan.Zero));
            for (int i = 0; i < sizes.Length; i++)
            {
                var clock = Stopwatch.StartNew();
                using HttpResponseMessage answer = await Post(server, Exports.OfLength(sizes[i], Exports.Noon + (10 * full) + i));
                Assert.Equal((full, i, i == full ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK), (full, i, answer.StatusCode));
                Assert.Equal(i == full ? "1" : null, answer.Headers.RetryAfter?.ToString());
                Assert.True(i == full || clock.Elapsed < Limits.LargeBodyWait);
            }

            // Room that is given back is found at the next look.
            Task<HttpResponseMessage> waiting = Post(server, Exports.OfLength(sizes[full], Exports.Noon + (10 * full) + 9));
            await Task.Delay(5 * Limits.BodyRoomLook);
            Assert.False(waiting.IsCompleted);
            room.GiveBack(bytes);
            using HttpResponseMessage found = await waiting;
            Assert.Equal(HttpStatusCode.OK, found.StatusCode);

            // One alone may be larger than all the room.
            Assert.True(await room.Take(bytes + 1, 0, TimeSpan.Zero));
            Assert.False(await room.Take(1, 0, TimeSpan.Zero));
            room.GiveBack(bytes + 1);
        }

        // Each connection may have a small one.
        Assert.True((long)Limits.ConnectionsMax * Limits.SmallBodyBytes <= Limits.SmallBodiesBytesMax);
    }

    [Fact]
    public async Task While_large_bodies_come_slowly_usual_ones_are_served_and_large_ones_as_far_as_there_is_room()
    {
        await using RunningServer server = await RunningServer.Start();
        List<RawConnection> slow = [];
        try
        {
            // What is only announced takes next to nothing from anybody.
            Assert.InRange(5 * Math.Max(Limits.LargeBodyBytes + 1, Limits.AnnouncedTimes * 33_000), 0, Limits.LargeBodiesBytesMax - (10 << 20));
            for (int i = 0; i < 5; i++)
            {
                slow.Add(await Begin(server, 64 << 20, 33_000));
            }

            await Task.Delay(500);
            await AssertServed(Exports.OfLength(UsualBytes, Exports.Noon), HttpStatusCode.OK);
            await AssertServed(Exports.OfLength(10 << 20, Exports.Noon + 1), HttpStatusCode.OK);

            // What has come does, of other large ones.
            slow.ForEach(c => c.Dispose());
            await Task.Delay(500);
            slow.Add(await Begin(server, 64 << 20, 22 << 20));
            await Task.Delay(500);
            for (int i = 2; i < 7; i++)
            {
                await AssertServed(Exports.OfLength(UsualBytes, Exports.Noon + i), HttpStatusCode.OK);
            }

            using HttpResponseMessage refused = await Post(server, Exports.OfLength(30 << 20, Exports.Noon + 8));
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "1"), (refused.StatusCode, refused.Headers.RetryAfter?.ToString()));
        }
        finally
        {
            slow.ForEach(c => c.Dispose());
        }

        async Task AssertServed(byte[] body, HttpStatusCode status)
        {
            var clock = Stopwatch.StartNew();
            using HttpResponseMessage answer = await Post(server, body);
            Assert.Equal(status, answer.StatusCode);
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Limits.LargeBodyWait);
        }
    }

    [Fact]
    public async Task A_body_that_does_not_come_in_time_is_408_and_gives_its_room_back()
    {
        await using RunningServer server = await RunningServer.Start();

        // Both faster than what the server itself ends.
        await Task.WhenAll(Slowly(Limits.LargeBodiesBytesMax, Limits.SmallBodyBytes + 1, 1024), Slowly(Limits.SmallBodyBytes, 4000, 200));

        async Task Slowly(int announced, int first, int then)
        {
            using RawConnection slow = await Begin(server, announced, first);
            byte[] some = new byte[then];
            var clock = Stopwatch.StartNew();
            while (clock.Elapsed < Limits.BodyTime - TimeSpan.FromSeconds(3))
            {
                await slow.Send(some);
                await Task.Delay(500);
            }

            RawAnswer answer = await slow.Read();
            Assert.Equal(408, answer.Status);
            Assert.Contains($"{Limits.BodyTime.TotalSeconds:0} s", answer.Text, StringComparison.Ordinal);
        }

        foreach (BodyRoom room in (BodyRoom[])[BodyRoom.Small, BodyRoom.Large])
        {
            int all = room == BodyRoom.Small ? Limits.SmallBodiesBytesMax : Limits.LargeBodiesBytesMax;
            Assert.True(await room.Take(all - 1, 1, TimeSpan.FromSeconds(3)));
            room.GiveBack(all - 1);
        }
    }

    [Fact]
    public async Task What_a_body_inflates_to_takes_room_and_more_than_a_usual_body_its_turn()
    {
        await using RunningServer server = await RunningServer.Start();
        byte[] usual = Exports.Gzip(Exports.OfLength(UsualBytes)), bomb = Exports.Gzip(Exports.OfLength(Limits.LargeBodyBytes + 1));
        Assert.InRange(Math.Max(usual.Length, bomb.Length), 1, Limits.SmallBodyBytes);

        Assert.True(await BodyRoom.Usual.Take(Limits.UsualBodiesBytesMax, 0, TimeSpan.Zero));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PostGzip(usual));
        BodyRoom.Usual.GiveBack(Limits.UsualBodiesBytesMax);
        Assert.Equal(HttpStatusCode.OK, await PostGzip(usual));

        // Of two members, the last of which is all that it tells of: it turns out to be large on the way.
        byte[] lie = [.. bomb, .. Exports.Gzip(" "u8)];
        var reading = new DefaultHttpContext();
        using var bytes = new MemoryStream(new byte[Limits.LargeBodyBytes + 1]);
        reading.Request.Body = bytes;
        (RequestBody? held, _) = await RequestBody.Read(reading.Request, 64 << 20);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PostGzip(bomb));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PostGzip(lie));
        Assert.Equal(HttpStatusCode.OK, await PostGzip(Exports.Gzip(Exports.OfLength(UsualBytes, Exports.Noon + 1))));
        held!.Dispose();
        Assert.Equal(HttpStatusCode.OK, await PostGzip(bomb));
        Assert.Equal(HttpStatusCode.OK, await PostGzip(lie));

        // All of it is given back.
        foreach ((BodyRoom room, int all) in ((BodyRoom, int)[])[(BodyRoom.Small, Limits.SmallBodiesBytesMax), (BodyRoom.Usual, Limits.UsualBodiesBytesMax), (BodyRoom.Large, Limits.LargeBodiesBytesMax)])
        {
            Assert.True(await room.Take(all - 1, 1, TimeSpan.FromSeconds(3)));
            room.GiveBack(all - 1);
        }

        async Task<HttpStatusCode> PostGzip(byte[] body)
        {
            using HttpResponseMessage answer = await server.Post(new RecordedBody("", "metrics", body, Gzip: true, Protobuf: false));
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task So_many_requests_share_an_http2_connection_and_one_more_waits_for_one_of_them_to_end()
    {
        await using RunningServer server = await RunningServer.Start();
        using var http = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = false })
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        http.DefaultRequestHeaders.Authorization = new("Bearer", ServerClient.TestToken);
        Assert.Equal(HttpStatusCode.OK, await Get("/healthz"));

        // Exports whose bodies have begun and go on when they are told to.
        var end = new TaskCompletionSource();
        int begun = 0;
        Task<HttpResponseMessage>[] open = [.. Enumerable.Range(0, Limits.StreamsPerConnectionMax).Select(_ => http.PostAsync(new Uri(server.Url + "/v1/logs"), new Held(() => Interlocked.Increment(ref begun), end.Task)))];
        for (var clock = Stopwatch.StartNew(); Volatile.Read(ref begun) < open.Length; await Task.Delay(20))
        {
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        }

        Task<HttpStatusCode> oneMore = Get("/healthz");
        await Task.WhenAny(oneMore, Task.Delay(1000));
        Assert.False(oneMore.IsCompleted);
        end.SetResult();
        Assert.Equal(HttpStatusCode.OK, await oneMore.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.All(await Task.WhenAll(open), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));

        async Task<HttpStatusCode> Get(string path)
        {
            using HttpResponseMessage answer = await http.GetAsync(new Uri(server.Url + path));
            return answer.StatusCode;
        }
    }

    private sealed class Held : HttpContent
    {
        private readonly Action _begun;
        private readonly Task _end;

        public Held(Action begun, Task end)
        {
            (_begun, _end) = (begun, end);
            Headers.ContentType = new("application/json");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("{"u8.ToArray());
            await stream.FlushAsync();
            _begun();
            await _end;
            await stream.WriteAsync("}"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    [Fact]
    public async Task The_server_reads_so_much_ahead_of_bodies_and_no_more()
    {
        await using App app = await App.Start(
            Options.Read(["--data-dir", Directory.CreateTempSubdirectory("otellite-").FullName, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"], _ => null), _ => { });
        var server = (WebApplication)typeof(App).GetField("_server", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(app)!;
        KestrelServerLimits limits = server.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits;
        Assert.Equal(Limits.ReadAheadBytesMax, limits.MaxRequestBufferSize);

        // The one that HTTP/1 without TLS goes by.
        Assert.Equal(Limits.ReadAheadBytesMax, server.Services.GetRequiredService<IOptions<SocketTransportOptions>>().Value.MaxReadBufferSize);
        Assert.Equal(Limits.StreamsPerConnectionMax, limits.Http2.MaxStreamsPerConnection);
        Assert.Equal((Limits.ReadAheadBytesMax, Limits.StreamsReadAheadBytesMax), (limits.Http2.InitialStreamWindowSize, limits.Http2.InitialConnectionWindowSize));
    }

    [Fact]
    public async Task What_an_export_has_waited_for_room_it_does_not_wait_for_the_disk()
    {
        List<TimeSpan> told = [];
        var receiver = new OtlpReceiver(new Gate(new Token(ServerClient.TestToken)), new Intake(
            1 << 20,
            (_, waited) =>
            {
                told.Add(waited);
                return Task.FromResult(new WriteResult(WriteOutcome.Committed));
            },
            new IngestLog()));

        // What it takes to send is the client's own affair.
        await Receive(TimeSpan.FromSeconds(1));
        Assert.True(await BodyRoom.Usual.Take(Limits.UsualBodiesBytesMax, 0, TimeSpan.Zero));
        Task waiting = Receive(TimeSpan.Zero);
        await Task.Delay(Limits.LargeBodyWait / 2);
        BodyRoom.Usual.GiveBack(Limits.UsualBodiesBytesMax);
        await waiting;
        Assert.InRange(told[0], TimeSpan.Zero, TimeSpan.FromMilliseconds(700));
        Assert.InRange(told[1], TimeSpan.FromMilliseconds(800), Limits.LargeBodyWait);

        async Task Receive(TimeSpan pause)
        {
            var context = new DefaultHttpContext();
            var body = new Pipe();
            context.Request.Method = "POST";
            context.Request.Path = "/v1/metrics";
            context.Request.ContentType = "application/json";
            context.Request.Headers.Authorization = $"Bearer {ServerClient.TestToken}";
            context.Request.Body = body.Reader.AsStream();
            Task sending = Task.Run(async () =>
            {
                byte[] bytes = Exports.OfLength(UsualBytes);
                await body.Writer.WriteAsync(bytes.AsMemory(0, 1000));
                await Task.Delay(pause);
                await body.Writer.WriteAsync(bytes.AsMemory(1000));
                await body.Writer.CompleteAsync();
            });
            await receiver.Receive(context);
            await sending;
            Assert.Equal(200, context.Response.StatusCode);
        }
    }

    [Fact]
    public async Task What_a_post_has_waited_for_the_disk_it_does_not_wait_again()
    {
        TimeSpan told = default;
        var api = new Api(
            () => null!,
            (_, _, _, waited) =>
            {
                told = waited;
                return Task.FromResult((new WriteResult(WriteOutcome.Late, "the disk is slow"), 0L));
            },
            (_, _) => null!, () => null, new LiveUpdates(), new IngestLog(), App.Version, CancellationToken.None);
        var site = new DashboardSite(
            new Gate(new Token(ServerClient.TestToken)), api, new WebAssets(), new KnownHosts([]), () => Task.Delay(TimeSpan.FromSeconds(1)), App.Version);
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.Path = "/api/scrapes";
        context.Request.Headers.Authorization = $"Bearer {ServerClient.TestToken}";
        await site.Serve(context);
        Assert.Equal(503, context.Response.StatusCode);
        Assert.InRange(told, TimeSpan.FromMilliseconds(900), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Who_has_waited_already_waits_for_the_disk_only_as_long_as_is_left()
    {
        using var open = new OpenWriter();
        Task<WriteResult> held = await open.Hold();
        TelemetryBatch batch = OpenWriter.Batch(Exports.Request(id: "late"));
        var clock = Stopwatch.StartNew();
        Assert.Equal(WriteOutcome.Late, (await open.Writer.Write(batch, Limits.WriteWait - TimeSpan.FromSeconds(1))).Outcome);
        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(900), Limits.WriteWait - TimeSpan.FromSeconds(1));
        clock.Restart();
        Assert.Equal(WriteOutcome.Late, (await open.Writer.Write(new Scrape(1, null, null), Limits.WriteWait + TimeSpan.FromSeconds(1))).Result.Outcome);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        batch.Return();
        open.Release();
        await held;
        Assert.True((await open.Write(Exports.Request(id: "late"))).IsRepeat);
    }

    private static async Task<RawConnection> Begin(RunningServer server, int announced, int sent)
    {
        RawConnection slow = await RawConnection.Open(server.Url);
        await slow.Send(RawConnection.Head("POST", "/v1/logs", $"Authorization: Bearer {ServerClient.TestToken}", "Content-Type: application/json", $"Content-Length: {announced}"));
        await slow.Send(new byte[sent]);
        return slow;
    }

    private static Task<HttpResponseMessage> Post(RunningServer server, byte[] body) => server.Post(new RecordedBody("", "metrics", body, Gzip: false, Protobuf: false));
}
