using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OtelLite.Receiver;
using OtelLite.Storage;
using OtelLite.Telemetry;
using OtelLite.Tests.Storage;

namespace OtelLite.Tests.Breaking;

/// <summary>The bounds that hold when the disk, the file or the clients are bad, each one past it.</summary>
[Collection(Alone.Name)]
public sealed class BreakingBoundsTests
{
    [Fact]
    public async Task A_body_that_finds_no_room_is_told_to_come_back_and_a_small_one_needs_none()
    {
        await using RunningServer server = await RunningServer.Start();
        Assert.True(await BodyRoom.Take(Limits.BodiesBytesMax, 0));
        try
        {
            var clock = Stopwatch.StartNew();
            Assert.Equal(HttpStatusCode.OK, await Post(server, Exports.OfLength(Limits.FreeBodyBytes, Exports.Noon)));
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Limits.LargeBodyWait / 2);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await Post(server, Exports.OfLength(Limits.FreeBodyBytes + 1, Exports.Noon + 1)));

            // Room that is given back is found at the next look.
            Task<HttpStatusCode> waiting = Post(server, Exports.OfLength(Limits.FreeBodyBytes + 1, Exports.Noon + 2));
            await Task.Delay(5 * Limits.BodyRoomLook);
            Assert.False(waiting.IsCompleted);
            BodyRoom.GiveBack(Limits.FreeBodyBytes);
            Assert.Equal(HttpStatusCode.OK, await waiting);
        }
        finally
        {
            BodyRoom.GiveBack(Limits.BodiesBytesMax - Limits.FreeBodyBytes);
        }

        // One alone may be larger than all the room.
        Assert.True(await BodyRoom.Take(Limits.BodiesBytesMax + 1, 0));
        BodyRoom.GiveBack(Limits.BodiesBytesMax + 1);
    }

    [Fact]
    public async Task A_body_that_has_room_and_does_not_come_is_408_and_gives_it_back()
    {
        await using RunningServer server = await RunningServer.Start();
        using RawConnection slow = await RawConnection.Open(server.Url);
        await slow.Send(RawConnection.Head("POST", "/v1/logs", $"Authorization: Bearer {ServerClient.TestToken}", "Content-Type: application/json", $"Content-Length: {Limits.BodiesBytesMax}"));
        await slow.Send(new byte[Limits.FreeBodyBytes + 1]);
        await Task.Delay(500);
        byte[] some = new byte[1024];
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Limits.BodyRoomTime - TimeSpan.FromSeconds(3))
        {
            await slow.Send(some);
            await Task.Delay(500);
        }

        RawAnswer answer = await slow.Read();
        Assert.Equal(408, answer.Status);
        Assert.Contains($"{Limits.BodyRoomTime.TotalSeconds:0} s", answer.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await Post(server, Exports.OfLength(1 << 20)));
    }

    [Fact]
    public async Task Who_announces_too_much_and_waits_is_told_so()
    {
        await using RunningServer server = await RunningServer.Start();
        using RawConnection connection = await RawConnection.Open(server.Url);
        await connection.Send(RawConnection.Head("POST", "/v1/logs", $"Authorization: Bearer {ServerClient.TestToken}", "Content-Type: application/json", $"Content-Length: {65 << 20}"));
        var clock = Stopwatch.StartNew();
        RawAnswer answer = await connection.Read();
        Assert.Equal(413, answer.Status);
        Assert.InRange(clock.Elapsed, Limits.DrainQuiet - TimeSpan.FromMilliseconds(500), Limits.DrainQuiet + TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void Large_arrays_that_were_let_go_are_collected_before_there_are_too_many()
    {
        WeakReference first = LetGo(1);
        LetGo((Limits.LetGoBytesMax / (Limits.PooledBodyBytesMax + 1)) + 1);
        Assert.False(first.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference LetGo(int arrays)
        {
            WeakReference last = null!;
            for (int i = 0; i < arrays; i++)
            {
                byte[] huge = Pooled.Rent(Limits.PooledBodyBytesMax + 1);
                last = new WeakReference(huge);
                Pooled.Return(huge);
            }

            return last;
        }
    }

    [Fact]
    public async Task The_server_reads_so_much_ahead_of_a_body_and_no_more()
    {
        await using App app = await App.Start(
            Options.Read(["--data-dir", Directory.CreateTempSubdirectory("otellite-").FullName, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"], _ => null), _ => { });
        var server = (WebApplication)typeof(App).GetField("_server", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(app)!;
        Assert.Equal(Limits.ReadAheadBytesMax, server.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.MaxRequestBufferSize);
    }

    [PublishedFact]
    public async Task So_many_connections_are_open_at_once_and_one_more_is_closed()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        List<RawConnection> open = [];
        for (int i = 0; i < Limits.ConnectionsMax; i++)
        {
            open.Add(await RawConnection.Open(exe.Url));
        }

        using RawConnection tooMany = await RawConnection.Open(exe.Url);
        Assert.True(await tooMany.IsClosed());
        await open[0].Send(RawConnection.Head("GET", "/healthz"));
        Assert.Equal(200, (await open[0].Read()).Status);
        open.ForEach(c => c.Dispose());
        Assert.InRange(exe.PeakResidentBytes(), 0, 200 << 20);
    }

    [Fact]
    public async Task An_export_waits_so_long_for_the_disk_and_is_stored_all_the_same_when_it_answers()
    {
        using var open = new OpenWriter();
        Task<WriteResult> held = await open.Hold();
        var clock = Stopwatch.StartNew();
        TelemetryBatch batch = OpenWriter.Batch(Exports.Request(id: "late"));
        Task<WriteResult> late = open.Writer.Write(batch);
        await Task.Delay(Limits.SlowWrite + TimeSpan.FromSeconds(1));
        Assert.Contains("the disk is slow", open.Writer.Trouble, StringComparison.Ordinal);
        Assert.Equal(WriteOutcome.Late, (await late).Outcome);
        Assert.InRange(clock.Elapsed, Limits.WriteWait - TimeSpan.FromMilliseconds(100), Limits.WriteWait + TimeSpan.FromSeconds(2));

        // Whoever waited gives it back, and the writer has it still.
        batch.Return();
        TelemetryBatch[] others = [.. Enumerable.Range(0, Limits.PooledBatchesMax + 1).Select(_ => TelemetryBatch.Rent())];
        Assert.DoesNotContain(batch, others);
        Array.ForEach(others, other => other.Return());
        open.Release();
        await held;
        Assert.True((await open.Write(Exports.Request(id: "late"))).IsRepeat);
        Assert.Null(open.Writer.Trouble);
        Assert.Equal(1L, open.Sql("SELECT count(*) FROM otel_events WHERE event_name = 'api_request'"));
    }

    [Fact]
    public async Task A_look_at_the_file_ends_when_its_time_is_over_and_a_usual_file_is_seen_whole()
    {
        using var open = new OpenWriter();
        await open.Write(FreshBodies.Many(4 * Limits.CheckSteps, "look"));
        Assert.Equal((null, false), SoundFile.Look(open.Connection, TimeSpan.FromMilliseconds(-1)));
        Assert.Equal((null, true), SoundFile.Look(open.Connection, 50 * Limits.StartCheck));
        Assert.True(Limits.StartCheck < TimeSpan.FromSeconds(1) && Limits.DamageCheck < Limits.WriteWait);

        // The look at leisure takes turns with doing nothing, and stops when it is told to.
        Assert.Null(SoundFile.LookAtLeisure(open.Connection, () => Thread.Sleep(Limits.LeisureSlice), CancellationToken.None));
        var clock = Stopwatch.StartNew();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        Assert.Null(SoundFile.LookAtLeisure(open.Connection, () => Thread.Sleep(Limits.LeisureSlice), stop.Token));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, (50 * Limits.LeisureSlice) + TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_sound_file_is_not_set_aside_however_often_somebody_says_that_it_is_damaged()
    {
        using var open = new OpenWriter();
        string folder = Path.GetDirectoryName(open.Connection.DataSource)!;
        open.Writer.Dispose();
        using (var writer = new BatchWriter(Database.OpenWriter(folder, Durability.Normal), new IngestQueue(), _ => { }, open.Said.Add, null, new Mending(folder, Durability.Normal, open.Said.Add)))
        {
            for (int i = 0; i <= Limits.DamageTimes; i++)
            {
                writer.ReportDamage("read wrongly once");
                Assert.Equal(WriteOutcome.Committed, (await writer.Write(OpenWriter.Batch(Exports.Request(id: $"r{i}")))).Outcome);
            }
        }

        Assert.Empty(open.Said);
        Assert.Empty(SetAside.DamagedIn(folder));

        // What the writer meets each time it looks whether it can write again comes to that number in time.
        Assert.True(Limits.DamageTimes * Limits.TroubleProbeInterval < Limits.DamageTimesWithin);
    }

    [Fact]
    public async Task A_removal_that_fails_for_any_reason_is_told_once_and_the_writer_goes_on()
    {
        using var open = new OpenWriter(say => new Retention(TimeSpan.FromDays(1), null, say, TimeSpan.FromSeconds(3)));
        Database.Execute(open.Connection, "CREATE TEMP TRIGGER refuse BEFORE UPDATE ON otel_removed BEGIN SELECT raise(ABORT, 'no'); END");
        Assert.Equal(WriteOutcome.Committed, (await open.Write(Exports.Request(id: "old"))).Outcome);
        for (var clock = Stopwatch.StartNew(); open.Said.Count == 0 && clock.Elapsed < TimeSpan.FromSeconds(20);)
        {
            await Task.Delay(20);
        }

        Assert.StartsWith("old records could not be removed now", Assert.Single(open.Said), StringComparison.Ordinal);
        Assert.Equal(WriteOutcome.Committed, (await open.Write(Exports.Request(id: "more", session: "b"))).Outcome);
        Assert.Single(open.Said);
    }

    private static async Task<HttpStatusCode> Post(RunningServer server, byte[] body)
    {
        using HttpResponseMessage answer = await server.Post(new RecordedBody("", "metrics", body, Gzip: false, Protobuf: false));
        return answer.StatusCode;
    }
}
