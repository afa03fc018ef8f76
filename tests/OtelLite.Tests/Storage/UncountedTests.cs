using Microsoft.Data.Sqlite;
using OtelLite.Otlp;
using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Storage;

/// <summary>While much arrives, what is stored is counted a moment later. It is counted once, whatever happens in between.</summary>
public sealed class UncountedTests : IDisposable
{
    private const string Waiting = "SELECT count(*) FROM otel_uncounted";
    private const string Counted = "SELECT coalesce(sum(api_requests), 0) FROM usage_session";

    private readonly OpenWriter _writer = new(defers: true);

    public void Dispose() => _writer.Dispose();

    [Fact]
    public async Task What_comes_alone_is_counted_at_once_and_a_stream_a_moment_later()
    {
        await Hurry();
        Assert.Equal(0L, _writer.Sql(Waiting));
        Assert.Equal(1L, _writer.Sql(Counted));
        await Stream();
        await _writer.Writer.Settled();
        Assert.Equal(0L, _writer.Sql(Waiting));
        Assert.Equal(_writer.Sql("SELECT count(*) FROM otel_events"), _writer.Sql(Counted));
        await Stream();
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); (long)_writer.Sql(Waiting)! > 0 && clock.Elapsed < TimeSpan.FromSeconds(20); await Task.Delay(Limits.CountWithin))
        {
        }

        Assert.Equal(_writer.Sql("SELECT count(*) FROM otel_events"), _writer.Sql(Counted));
    }

    [Fact]
    public async Task A_server_that_was_killed_counts_at_its_start_what_it_had_not()
    {
        await Stream();
        string killed = _writer.Killed();
        using SqliteConnection connection = Database.OpenWriter(killed, Durability.Normal);
        long stored = Number(connection, "SELECT count(*) FROM otel_events");
        Assert.True(Number(connection, Counted) < stored, "nothing waited");
        Uncounted.CountLeft(connection);
        string counted = All(connection);
        Assert.Equal(stored, Number(connection, Counted));
        Assert.Equal(0, Number(connection, Waiting));
        Assert.True(SessionRows.IsAsMade(connection));
        Assert.Equal(stored, Number(connection, "SELECT sum(last_id - first_id + 1) FROM usage_raw"));
        Uncounted.CountLeft(connection);
        Recount.Run(connection);
        Assert.Equal(counted, All(connection));
    }

    [Fact]
    public async Task A_recount_beside_it_leaves_to_it_what_it_has_not_counted_yet()
    {
        await Stream();
        using (var other = new SqliteConnection(_writer.Connection.ConnectionString))
        {
            other.Open();
            Recount.Run(other);
        }

        await Hurry();
        await _writer.Writer.Settled();
        Assert.Equal(_writer.Sql("SELECT count(*) FROM otel_events"), _writer.Sql(Counted));
    }

    [Fact]
    public async Task A_removal_leaves_what_is_not_counted_yet()
    {
        await Hurry();
        await Stream();
        string killed = _writer.Killed();
        using SqliteConnection connection = Database.OpenWriter(killed, Durability.Normal);
        long stored = Number(connection, "SELECT count(*) FROM otel_events");
        Prune.Run(connection, (long)Otlp.Export.Time + 1_000_000_000_000);
        Assert.InRange(Number(connection, "SELECT count(*) FROM otel_events"), 1, stored - 1);
        Assert.Equal(0, Number(connection, "SELECT count(*) FROM usage_raw"));
        Uncounted.CountLeft(connection);
        Assert.Equal(stored, Number(connection, Counted));
    }

    [Fact]
    public async Task What_is_recovered_is_counted_to_the_last_row()
    {
        await Stream();
        string killed = _writer.Killed();
        Recovery.Run(killed, Durability.Normal, Path.Combine(killed, Database.FileName));
        using SqliteConnection connection = Reader(killed);
        Assert.Equal(0, Number(connection, Waiting));
        Assert.Equal(Number(connection, "SELECT count(*) FROM otel_events"), Number(connection, Counted));
    }

    [Fact]
    public async Task Only_so_many_records_wait()
    {
        await Stream();
        await Hurry(Limits.UncountedRecordsMax + 1);
        Assert.Equal(0L, _writer.Sql(Waiting));
        Assert.Equal(_writer.Sql("SELECT count(*) FROM otel_events"), _writer.Sql(Counted));
    }

    [Fact]
    public void Of_data_points_several_times_as_many_wait()
    {
        Assert.True(Wait(1, Limits.PointsOfRecord * (Limits.UncountedRecordsMax - 1)));
        Assert.False(Wait(1, Limits.PointsOfRecord * Limits.UncountedRecordsMax));
    }

    [Fact]
    public void Of_batches_no_more_wait_than_of_records_however_few_points_each_has()
    {
        Assert.True(Wait(Limits.UncountedRecordsMax - 1, 1));
        Assert.False(Wait(Limits.UncountedRecordsMax, 1));
    }

    // Their time may be over before it is looked at.
    private bool Wait(int batches, int points) => Enumerable.Range(0, 20).Any(_ =>
    {
        using var uncounted = new Uncounted(_writer.Connection);
        TelemetryBatch batch = OpenWriter.Batch(Exports.Metrics([.. Enumerable.Range(0, points).Select(i => Exports.Point($"{Exports.Noon + i}000000000"))]));
        for (int i = 0; i < batches; i++)
        {
            uncounted.Add(batch, 1);
        }

        batch.Return();
        return uncounted.Wait > TimeSpan.Zero;
    });

    [Fact]
    public async Task Only_so_many_bytes_wait()
    {
        await Stream();
        TelemetryBatch batch = OpenWriter.Batch(Otlp.Export.Logs(Otlp.Export.Record($"\"severityText\":\"{new string('x', (int)Limits.UncountedBytesMax)}\"")));
        await _writer.Writer.Write(batch);
        batch.Return();
        Assert.Equal(0L, _writer.Sql(Waiting));
    }

    [Fact]
    public async Task Who_reads_the_file_waits_for_it_and_not_for_ever()
    {
        await Stream();
        using (SqliteConnection reader = Reader(Path.GetDirectoryName(_writer.Connection.DataSource)!))
        {
            Uncounted.WaitFor(reader);
            Assert.Equal(Number(reader, "SELECT count(*) FROM otel_events"), Number(reader, Counted));
        }

        await Stream();
        using SqliteConnection dead = Reader(_writer.Killed());
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Uncounted.WaitFor(dead);
        Assert.InRange(clock.Elapsed, Limits.UncountedWait, Limits.UncountedWait + TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task What_can_not_be_counted_holds_up_nothing_else_and_stays_for_a_start_that_can()
    {
        const string refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON usage_session WHEN old.session_id = 'poison' BEGIN SELECT RAISE(ABORT, 'a defect'); END";
        using SqliteConnection other = Reader(Path.GetDirectoryName(_writer.Connection.DataSource)!);
        Database.Execute(other, refuse);
        await Stream();

        // Where it is counted at once, it is refused at once.
        for (int i = 0; (await _writer.Write(Otlp.Export.Logs(Request("poison", -1 - i)))).Outcome != WriteOutcome.Committed && i < 200; i++)
        {
            await Stream();
        }

        await _writer.Writer.Settled();
        Assert.Contains(_writer.Said, s => s.Contains("a defect of this program", StringComparison.Ordinal));
        long left = (long)_writer.Sql(Waiting)!;
        Assert.NotEqual(0, left);
        await Hurry();
        await _writer.Writer.Settled();
        Assert.Equal(left, _writer.Sql(Waiting));
        Database.Execute(other, "DROP TRIGGER refuse");
        Uncounted.CountLeft(other);
        Assert.Equal(_writer.Sql("SELECT count(*) FROM otel_events"), _writer.Sql(Counted));
    }

    // Several at once, until some of it is not counted yet.
    private async Task Stream()
    {
        for (int i = 0; i < 200; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Hurry()));
            if ((long)_writer.Sql(Waiting)! > 0)
            {
                return;
            }
        }

        Assert.Fail("all was counted at once");
    }

    private int _sent;

    private async Task Hurry(int records = 1)
    {
        string[] requests = [.. Enumerable.Range(0, records).Select(_ => Request($"s{_sent % 3}", _sent++))];
        Assert.Equal(WriteOutcome.Committed, (await _writer.Write(Otlp.Export.Logs(requests))).Outcome);
    }

    private static string Request(string session, int number) => Otlp.Export.Event("api_request", Otlp.Export.Time + (ulong)number, Otlp.Export.Text("session.id", session),
        Otlp.Export.Text("model", "m"), Otlp.Export.Text("request_id", $"r{number}"), Otlp.Export.Int("input_tokens", 3), Otlp.Export.Int("event.sequence", number));

    private static SqliteConnection Reader(string folder)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(folder, Database.FileName)};Pooling=False");
        connection.Open();
        return connection;
    }

    private static long Number(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static string All(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT (SELECT group_concat(session_id || api_requests || '/' || tokens || '/' || cost_nano_usd || '/' || verdict ORDER BY session_id) FROM usage_session) || char(10)
                || (SELECT group_concat(quarter || '/' || figure || '/' || value ORDER BY session, quarter, figure) FROM usage_quarter) || char(10)
                || (SELECT group_concat(step || '/' || quarter || '/' || input || '/' || cost || '/' || api_requests ORDER BY step, quarter) FROM usage_sum)
            """;
        return (string)command.ExecuteScalar()!;
    }
}
