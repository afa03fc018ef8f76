using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using OtelLite.Receiver;
using OtelLite.Storage;
using OtelLite.Telemetry;
using OtelLite.Tests.Storage;
using SQLitePCL;

namespace OtelLite.Tests.Breaking;

/// <summary>The bounds that hold when the disk, the file or the clients are bad, each one past it.</summary>
[Collection(Alone.Name)]
public sealed class BreakingBoundsTests
{
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
    public void What_is_larger_than_a_usual_body_is_the_systems_and_back_with_it_at_once()
    {
        const int huge = 256 << 20;
        SystemMemory.GiveBackAtOnce();
        long before = Environment.WorkingSet;
        Memory<byte> bytes = Pooled.Rent(huge);
        bytes.Span.Fill(1);
        Assert.InRange(Environment.WorkingSet - before, huge - (64 << 20), long.MaxValue);
        Pooled.Return(bytes);
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 64 << 20);

        // Nothing can be read where it was.
        Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Span.Length);
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
        Assert.True(Limits.StartCheck < TimeSpan.FromSeconds(1) && 2 * Limits.DamageCheck < Limits.WriteWait);

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

    [Theory]
    [InlineData("its first statement")]
    [InlineData("its commit")]
    public async Task A_removal_that_fails_for_any_reason_is_told_once_and_the_writer_goes_on(string at)
    {
        using var open = new OpenWriter(say => new Retention(TimeSpan.FromDays(1), null, say, TimeSpan.FromSeconds(3)));
        if (at == "its commit")
        {
            bool isRemoving = false;
            raw.sqlite3_update_hook(open.Connection.Handle, (_, what, _, table, _) => isRemoving |= what == raw.SQLITE_DELETE && table.utf8_to_string() == "otel_events", null);
            raw.sqlite3_commit_hook(open.Connection.Handle, _ => isRemoving && !(isRemoving = false) ? 1 : 0, null);
        }
        else
        {
            Database.Execute(open.Connection, "CREATE TEMP TRIGGER refuse BEFORE UPDATE ON otel_removed BEGIN SELECT raise(ABORT, 'no'); END");
        }

        Assert.Equal(WriteOutcome.Committed, (await open.Write(Exports.Request(id: "old"))).Outcome);
        for (var clock = Stopwatch.StartNew(); open.Said.Count == 0 && clock.Elapsed < TimeSpan.FromSeconds(20);)
        {
            await Task.Delay(20);
        }

        Assert.StartsWith("old records could not be removed now", Assert.Single(open.Said), StringComparison.Ordinal);
        Assert.Equal(WriteOutcome.Committed, (await open.Write(Exports.Request(id: "more", session: "b"))).Outcome);
        Assert.Single(open.Said);
        Assert.Equal(2L, open.Sql("SELECT count(*) FROM otel_events WHERE event_name = 'api_request'"));
    }
}
