using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OtelLite.Receiver;
using OtelLite.Telemetry;

namespace OtelLite.Tests;

/// <summary>What holds something that the whole process shares has it for itself.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>Bounds of memory, connections and lists, each one past it; those of single parts of a request are with the tests of these.</summary>
[Collection(Alone.Name)]
public sealed class BoundsTests
{
    [Theory]
    [InlineData(0, Limits.PooledBatchesMax)]
    [InlineData(Limits.SmallBatchBytes / 4, Limits.PooledBatchesMax)]
    [InlineData(Limits.SmallBatchBytes + 1, Limits.PooledLargeBatchesMax)]
    public void Only_so_many_batches_are_kept_for_the_next_request_and_fewer_large_ones(int text, int kept)
    {
        TelemetryBatch.ForgetSpare();
        TelemetryBatch[] first = Rent();
        Array.ForEach(first, batch => batch.Text.Append(new byte[text]));
        Array.ForEach(first, batch => batch.Return());
        TelemetryBatch[] second = Rent();
        Assert.Equal(kept, second.Intersect(first).Count());
        Array.ForEach(second, batch => batch.Return());
        TelemetryBatch.ForgetSpare();

        static TelemetryBatch[] Rent() => [.. Enumerable.Range(0, Limits.PooledBatchesMax + 1).Select(_ => TelemetryBatch.Rent())];
    }

    [Fact]
    public void A_batch_tells_once_that_nobody_has_it_any_more()
    {
        int told = 0;
        TelemetryBatch batch = TelemetryBatch.Rent();
        batch.Returned = () => told++;
        batch.Hold();
        batch.Return();
        Assert.Equal(0, told);
        batch.Return();
        Assert.Equal(1, told);
        TelemetryBatch.ForgetSpare();
        Assert.Null(batch.Returned);
    }

    [Theory]
    [InlineData(Limits.PooledTextBytesMax, Limits.PooledTextBytesMax)]
    [InlineData(Limits.PooledTextBytesMax + 1, 16 << 10)]
    public void A_batch_keeps_the_room_of_a_usual_text_and_not_of_a_huge_one(int bytes, int kept)
    {
        var text = new Utf8Text();
        text.Append(new byte[bytes]);
        text.Clear();
        Assert.Equal(kept, text.Reserve(1).Length);
    }

    [Fact]
    public void The_array_of_a_usual_body_is_kept_and_that_of_a_huge_one_is_not()
    {
        Memory<byte> usual = Pooled.Rent(Limits.PooledBodyBytesMax), huge = Pooled.Rent(Limits.PooledBodyBytesMax + 1);
        Pooled.Return(usual);
        Pooled.Return(huge);
        Assert.Equal(usual, Pooled.Rent(Limits.PooledBodyBytesMax));
        Assert.Throws<ArgumentOutOfRangeException>(() => huge.Span.Length);
        Pooled.Return(usual);
    }

    [LinuxFact]
    public void A_large_piece_of_memory_is_the_systems_again_as_soon_as_it_is_given_back()
    {
        SystemMemory.GiveBackAtOnce();

        // More than what earlier tests may have left free, which is used up first.
        SystemMemory[] pieces = [.. Enumerable.Range(0, 256).Select(_ => new SystemMemory(Limits.MappedBytesMin))];
        nint[] places = [.. pieces.Select(piece => Unsafe.ByteOffset(in Unsafe.NullRef<byte>(), in piece.Bytes[Limits.MappedBytesMin / 2]))];
        Assert.Equal(pieces.Length, places.Count(IsMapped));
        Array.ForEach(pieces, piece => piece.Dispose());
        Assert.InRange(places.Count(IsMapped), 0, pieces.Length / 2);

        static bool IsMapped(nint at) => File.ReadLines("/proc/self/maps").Any(line =>
        {
            string[] ends = line.Split(' ')[0].Split('-');
            return nint.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture) <= at && at < nint.Parse(ends[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        });
    }

    [Fact]
    public async Task While_one_large_body_is_read_another_waits_and_is_told_to_come_back_and_a_small_one_does_not()
    {
        await using RunningServer server = await RunningServer.Start();
        var reading = new DefaultHttpContext();
        using var bytes = new MemoryStream(new byte[Limits.LargeBodyBytes + 1]);
        reading.Request.Body = bytes;
        (RequestBody? held, _) = await RequestBody.Read(reading.Request, 64 << 20);
        var clock = Stopwatch.StartNew();
        Assert.Equal(HttpStatusCode.OK, await Post(Exports.OfLength(Limits.LargeBodyBytes)));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Limits.LargeBodyWait / 2);

        clock.Restart();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await Post(Exports.OfLength(Limits.LargeBodyBytes + 1)));
        Assert.InRange(clock.Elapsed, Limits.LargeBodyWait - TimeSpan.FromMilliseconds(100), Limits.LargeBodyWait + TimeSpan.FromSeconds(4));

        held!.Dispose();
        Assert.Equal(HttpStatusCode.OK, await Post(Exports.OfLength(Limits.LargeBodyBytes + 1)));

        async Task<HttpStatusCode> Post(byte[] body)
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new("application/json");
            using HttpResponseMessage answer = await server.Http.PostAsync(new Uri(server.Url + "/v1/metrics"), content);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Connections_wait_to_be_accepted_and_one_too_many_is_not_let_in()
    {
        if (!OperatingSystem.IsLinux())
        {
            // Elsewhere the system takes the number for a hint.
            return;
        }

        // Nobody accepts. Linux lets one more in than it was asked to hold.
        var listening = new ListenSockets();
        int port = listening.Bind(new ListenUrl("127.0.0.1", [IPAddress.Loopback], 0));
        List<Socket> clients = [];
        for (int i = 0; i <= Limits.ConnectionsWaitingMax; i++)
        {
            clients.Add(Client());
            await clients[i].ConnectAsync(IPAddress.Loopback, port).WaitAsync(TimeSpan.FromSeconds(10));
        }

        using Socket tooMany = Client();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await tooMany.ConnectAsync(IPAddress.Loopback, port, patience.Token));
        clients.ForEach(c => c.Dispose());
        listening.Take(listening.EndPoints.Single()).Dispose();

        static Socket Client() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    }

    [Fact]
    public async Task An_idle_connection_is_kept_for_longer_than_a_client_is_silent()
    {
        // No test waits for minutes: what the server was told is looked at where it keeps it.
        await using App app = await App.Start(
            Options.Read(["--data-dir", Directory.CreateTempSubdirectory("otellite-").FullName, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"], _ => null), _ => { });
        var server = (WebApplication)typeof(App).GetField("_server", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(app)!;
        Assert.Equal(Limits.KeepAliveTimeout, server.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.KeepAliveTimeout);
        Assert.True(Limits.KeepAliveTimeout > TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task The_longest_list_of_sessions_may_be_asked_for_and_one_more_may_not()
    {
        await using RunningServer server = await RunningServer.Start();
        Assert.NotNull(await server.Get($"/api/sessions?limit={Limits.SessionsMax}"));
        using HttpResponseMessage refused = await server.Http.GetAsync(new Uri($"{server.Url}/api/sessions?limit={Limits.SessionsMax + 1}"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task A_session_is_active_until_nothing_of_it_came_for_long_enough()
    {
        await using RunningServer server = await RunningServer.Start();
        foreach ((string session, TimeSpan ago) in ((string, TimeSpan)[])[("a", Limits.ActiveSession - TimeSpan.FromMinutes(1)), ("b", Limits.ActiveSession + TimeSpan.FromSeconds(1))])
        {
            (await server.Post("/v1/logs", Exports.Request(session: session, id: session))).Dispose();
            long receivedAt = (DateTimeOffset.UtcNow - ago - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
            using var file = new SqliteConnection($"Data Source={Path.Combine(server.DataDir, "otellite.db")};Pooling=False");
            file.Open();
            OtelLite.Storage.Uncounted.WaitFor(file);
            using SqliteCommand command = file.CreateCommand();
            command.CommandText = $"UPDATE usage_session SET received_unix_nano = {receivedAt} WHERE session_id = '{session}'";
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        JsonNode sessions = (await server.Get("/api/summary"))["sessions"]!;
        Assert.Equal((1, 2), ((int)sessions["active"]!, (int)sessions["total"]!));
    }

    [Fact]
    public async Task A_long_message_is_cut_before_it_becomes_a_header_that_grpc_refuses()
    {
        await using RunningServer server = await RunningServer.StartWithGrpc();
        GrpcAnswer whole = await server.Grpc.Call("/short", []), cut = await server.Grpc.Call("/" + new string('x', Limits.GrpcMessageCharactersMax), []);
        Assert.Contains("/short", whole.Message, StringComparison.Ordinal);
        Assert.True(whole.Trailers.ContainsKey("grpc-status-details-bin"));
        Assert.Equal((12, Limits.GrpcMessageCharactersMax), (cut.Status, cut.Message.Length));
        Assert.False(cut.Trailers.ContainsKey("grpc-status-details-bin"));
    }
}
