using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>The one writer: many exports in one commit, no "yes" before it, and trouble that ends by itself.</summary>
public sealed class BatchWriterTests : IDisposable
{
    private readonly OpenWriter _open = new();

    public void Dispose() => _open.Dispose();

    [Fact]
    public async Task What_waits_while_a_commit_runs_shares_the_next_one()
    {
        Task<WriteResult> first = await _open.Hold();
        Task<WriteResult>[] waiting = [.. Enumerable.Range(0, 200).Select(i => _open.Writer.Write(OpenWriter.Batch(Prompt("s", i))))];
        Assert.DoesNotContain(waiting, t => t.IsCompleted);
        _open.Release();
        Assert.All(await Task.WhenAll([first, .. waiting]), r => Assert.Equal(WriteOutcome.Committed, r.Outcome));
        Assert.Equal([1, 2], _open.Commits);
        Assert.Equal(201L, _open.Sql("SELECT count(*) FROM otel_events"));
        Assert.Equal("ok", _open.Sql("PRAGMA integrity_check"));
    }

    [Fact]
    public async Task One_export_past_the_queue_is_refused_at_once_and_nothing_of_it_is_taken()
    {
        Task<WriteResult> first = await _open.Hold();
        Task<WriteResult>[] waiting = [.. Enumerable.Range(0, Limits.QueueBatchesMax).Select(i => _open.Writer.Write(OpenWriter.Batch(Prompt("taken", i))))];
        Task<WriteResult> onePast = _open.Writer.Write(OpenWriter.Batch(Prompt("refused", 0)));
        Assert.True(onePast.IsCompleted);
        Assert.Equal(new WriteResult(WriteOutcome.QueueFull, "too much is waiting to be written"), await onePast);
        _open.Release();
        Assert.All(await Task.WhenAll([first, .. waiting]), r => Assert.Equal(WriteOutcome.Committed, r.Outcome));
        Assert.Equal((long)Limits.QueueBatchesMax, _open.Sql("SELECT count(*) FROM otel_events WHERE session_id = 'taken'"));
        Assert.Equal(0L, _open.Sql("SELECT count(*) FROM otel_events WHERE session_id = 'refused'"));

        // The refused export's retry is not taken for a repetition.
        Assert.Equal(WriteOutcome.Committed, (await _open.Write(Prompt("refused", 0))).Outcome);
        Assert.Equal(1L, _open.Sql("SELECT count(*) FROM otel_events WHERE session_id = 'refused'"));
    }

    [Fact]
    public async Task The_log_goes_into_the_file_when_it_has_so_many_pages_and_begins_anew()
    {
        string path = _open.Connection.DataSource;
        long atFirst = new FileInfo(path).Length;
        await WritePages(Limits.LogPagesMax / 2);
        Assert.Equal(atFirst, new FileInfo(path).Length);

        await WritePages(4 * Limits.LogPagesMax);
        Assert.InRange(new FileInfo(path).Length, atFirst + (3L * Limits.LogPagesMax * Page), long.MaxValue);
        Assert.InRange(new FileInfo($"{path}-wal").Length, 1, 2L * Limits.LogPagesMax * Page);
    }

    [Fact]
    public async Task A_log_that_a_reader_held_goes_into_the_file_with_the_next_commit_after_it()
    {
        string path = _open.Connection.DataSource;
        long atFirst = new FileInfo(path).Length;
        using (SqliteConnection reader = Database.OpenReader(Path.GetDirectoryName(path)!))
        {
            Database.Execute(reader, "BEGIN; SELECT count(*) FROM otel_events");
            await WritePages(2 * Limits.LogPagesMax);
            // What was there before the reader may go.
            Assert.InRange(new FileInfo(path).Length, atFirst, atFirst + (Limits.LogPagesMax / 2L * Page));
            Database.Execute(reader, "COMMIT");
        }

        // What a commit lets go into the file goes behind its answer, and before the next.
        await _open.Write(Prompt("small", 1));
        await _open.Write(Prompt("small", 2));
        Assert.InRange(new FileInfo(path).Length, atFirst + (2L * Limits.LogPagesMax * Page), long.MaxValue);
    }

    private const int Page = 4096;

    // The log has some more of them.
    private async Task WritePages(int pages)
    {
        const int PagesOfOne = 40;
        for (int i = 0; i < pages / PagesOfOne; i++)
        {
            string unique = $"{Guid.NewGuid()}{new string('x', PagesOfOne * Page)}";
            Assert.Equal(WriteOutcome.Committed, (await _open.Write(Otlp.Export.Logs(Otlp.Export.Record($"\"severityText\":\"{unique}\"")))).Outcome);
        }
    }

    [Fact]
    public async Task A_closing_writer_writes_what_waits_and_takes_nothing_more()
    {
        await _open.Hold();
        Task<WriteResult>[] waiting = [.. Enumerable.Range(0, 20).Select(i => _open.Writer.Write(OpenWriter.Batch(Prompt("s", i))))];
        var closing = Task.Run(_open.Writer.Dispose);
        _open.Release();
        Assert.All(await Task.WhenAll(waiting), r => Assert.Equal(WriteOutcome.Committed, r.Outcome));
        await closing;
        Assert.Equal(21L, _open.Sql("SELECT count(*) FROM otel_events"));
        Assert.Equal(WriteOutcome.QueueFull, (await _open.Writer.Write(OpenWriter.Batch(Prompt("s", 99)))).Outcome);
        _open.Reopen();
    }

    [Fact]
    public async Task An_export_that_can_not_be_written_fails_alone()
    {
        Task<WriteResult> first = await _open.Hold();
        TelemetryBatch broken = Broken("shared");
        Task<WriteResult>[] waiting =
        [
            _open.Writer.Write(OpenWriter.Batch(Prompt("shared", 1))),
            _open.Writer.Write(broken),
            _open.Writer.Write(OpenWriter.Batch(Prompt("shared", 2))),
        ];
        _open.Release();
        Assert.Equal(
            [WriteOutcome.Committed, WriteOutcome.Committed, WriteOutcome.Failed, WriteOutcome.Committed],
            (await Task.WhenAll([first, .. waiting])).Select(r => r.Outcome));
        Assert.Contains(_open.Said, s => s.Contains("a defect of this program", StringComparison.Ordinal));
        Assert.Equal(2L, _open.Sql("SELECT sum(value) FROM usage_tally"));
        Assert.Equal(0L, _open.Sql("SELECT count(*) FROM otel_metrics"));
        Assert.Null(_open.Writer.Trouble);
    }

    [Fact]
    public async Task What_a_failed_export_had_begun_to_store_is_not_referred_to_later()
    {
        Assert.Equal(WriteOutcome.Failed, (await _open.Writer.Write(Broken("s"))).Outcome);
        Assert.Equal(WriteOutcome.Committed, (await _open.Write(Prompt("s", 1))).Outcome);
        Assert.Equal("s", _open.Sql("SELECT r.attributes ->> 'of' FROM otel_events JOIN otel_resource r ON r.id = resource_id JOIN otel_scope s ON s.id = scope_id"));
        Assert.Equal("s", _open.Sql("SELECT session_id FROM usage_tally JOIN usage_session ON usage_session.id = session"));
        Assert.Equal(0L, _open.Sql("SELECT count(*) FROM pragma_foreign_key_check"));
    }

    [Fact]
    public async Task What_a_failed_export_had_said_is_not_weighed_with_the_next_one()
    {
        string[] session = [Export.Text("session.id", "s"), Export.Text("type", "input")];
        string body = Export.Metrics(
            Export.Sum("claude_code.token.usage", [Export.Point(100, Export.Time, session)]),
            Export.Sum("claude_code.commit.count", [Export.Point(1, Export.Time, session)]));
        Database.Execute(_open.Connection, "CREATE TEMP TRIGGER refuse BEFORE INSERT ON usage_tally BEGIN SELECT raise(ABORT, 'no'); END");
        Assert.Equal(WriteOutcome.Failed, (await _open.Write(body)).Outcome);
        Database.Execute(_open.Connection, "DROP TRIGGER temp.refuse");
        Assert.Equal(WriteOutcome.Committed, (await _open.Write(body)).Outcome);
        Assert.Equal("100 0 100", _open.Sql("SELECT metrics || ' ' || events || ' ' || rest FROM usage_witness"));
        Assert.Equal(100L, _open.Sql("SELECT sum(rest) FROM usage_point"));
    }

    [Theory]
    [InlineData("PRAGMA query_only = ON", "PRAGMA query_only = OFF", "the database is read-only")]
    [InlineData("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "the disk is full")]
    public async Task While_the_disk_can_not_take_it_exports_are_refused_and_then_it_heals(string trouble, string healing, string reason)
    {
        // Enough for the file to need new pages: a file that is full to the brim still takes a small row.
        string large = Prompt(new string('x', 100_000), 1);
        Database.Execute(_open.Connection, trouble);
        Assert.Equal(new WriteResult(WriteOutcome.Unavailable, reason), await _open.Write(large));
        Assert.Equal(new WriteResult(WriteOutcome.Unavailable, reason), await _open.Write(large));
        Assert.Equal(reason, _open.Writer.Trouble);
        Assert.Empty(_open.Commits);
        Database.Execute(_open.Connection, healing);
        Assert.Equal(WriteOutcome.Committed, (await _open.Write(large)).Outcome);
        Assert.Null(_open.Writer.Trouble);
        Assert.Equal(
            [$"nothing can be stored now: {reason}. Exports are refused with 503 until it can.", "exports are stored again."], _open.Said);
        Assert.Equal(1L, _open.Sql("SELECT count(*) FROM otel_events JOIN otel_resource r ON r.id = resource_id"));
        Assert.Equal("ok", _open.Sql("PRAGMA integrity_check"));
    }

    [Fact]
    public async Task An_export_of_nothing_is_acknowledged_without_a_commit()
    {
        Assert.Equal(WriteOutcome.Committed, (await _open.Write("{}")).Outcome);
        Assert.Empty(_open.Commits);
        Assert.Equal(0L, _open.Sql("SELECT count(*) FROM otel_body"));
    }

    [Fact]
    public async Task A_body_that_comes_again_is_acknowledged_and_nobody_hears_of_a_change()
    {
        await _open.Write(Prompt("s", 1));
        Assert.Equal(WriteOutcome.Committed, (await _open.Write(Prompt("s", 1))).Outcome);
        Assert.Equal([1], _open.Commits);
        Task<WriteResult> first = await _open.Hold();
        Task<WriteResult>[] twice = [.. Enumerable.Range(0, 2).Select(_ => _open.Writer.Write(OpenWriter.Batch(Prompt("s", 2))))];
        _open.Release();
        Assert.All(await Task.WhenAll([first, .. twice]), r => Assert.Equal(WriteOutcome.Committed, r.Outcome));
        Assert.Equal(2L, _open.Sql("SELECT sum(value) FROM usage_tally"));
    }

    [Fact]
    public async Task A_body_is_remembered_across_a_restart_and_forgotten_after_its_time()
    {
        await _open.Write(Prompt("remembered", 1));
        Age(Limits.BodyHashKept - TimeSpan.FromMinutes(5));
        _open.Reopen();
        await _open.Write(Prompt("remembered", 1));
        Assert.Equal(1L, _open.Sql("SELECT count(*) FROM otel_events"));
        Age(TimeSpan.FromMinutes(6));
        _open.Reopen();
        await _open.Write(Prompt("remembered", 1));
        Assert.Equal(2L, _open.Sql("SELECT count(*) FROM otel_events"));
        Assert.Equal(1L, _open.Sql("SELECT count(*) FROM otel_body"));
    }

    [Theory]
    [InlineData("claude_code.user_prompt", true)]
    [InlineData("of no time", false)]
    public async Task A_body_that_an_older_version_stored_is_known_too(string what, bool hasTime)
    {
        string body = hasTime ? Prompt("s", 1) : Export.Logs(Export.Record($"\"severityText\":\"{what}\""));
        await _open.Write(body);
        Assert.Equal(hasTime ? (long)Export.Time + 1 : 0, _open.Sql("SELECT time_unix_nano FROM otel_body"));
        _open.Sql("UPDATE otel_body SET time_unix_nano = 0");
        await _open.Write(Prompt("another", 2));
        Assert.Equal(WriteOutcome.Committed, (await _open.Write(body)).Outcome);
        Assert.Equal(2L, _open.Sql("SELECT count(*) FROM otel_events"));
        Assert.Equal(2L, _open.Sql("SELECT count(*) FROM otel_body"));
    }

    // A cumulative NaN once had no place in the file and cost its whole export.
    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    public async Task A_point_that_is_no_number_is_stored_beside_the_others(string value)
    {
        string Point(string sent, int second) => Export.Point(
            $"\"startTimeUnixNano\":\"{Export.Time - 1}\",\"timeUnixNano\":\"{Export.Time + (ulong)second}\",\"asDouble\":{sent}");
        string metric = Export.Sum("claude_code.commit.count", [Point("5", 0), Point($"\"{value}\"", 1), Point("7", 2)], temporality: 2);
        Assert.Equal(WriteOutcome.Committed, (await _open.Write(Export.Metrics(metric))).Outcome);
        Assert.Equal("5,0,2", _open.Sql("SELECT group_concat(CAST(value AS INTEGER)) FROM otel_metrics"));
        Assert.Equal(7L, _open.Sql("SELECT sum(value) FROM usage_tally"));
    }

    [Fact]
    public async Task More_sessions_models_and_resources_than_are_remembered_keep_their_own()
    {
        // Of models there are fewer.
        string One(int i) => Resource($"s{i}", Export.Event(
            "api_request", Export.Time + (ulong)i, Export.Text("session.id", $"s{i}"), Export.Text("model", $"m{i % (Limits.NamesMax - 2)}"), Export.Int("input_tokens", 1)));
        IEnumerable<int> onePast = Enumerable.Range(0, Limits.IdCacheMax + 1);
        await _open.Write($$"""{"resourceLogs":[{{string.Join(',', onePast.Append(0).Select(One))}}]}""");
        await _open.Write($$"""{"resourceLogs":[{{string.Join(',', onePast.Reverse().Take(3).Select(One))}}]}""");
        Assert.Equal(Limits.IdCacheMax + 1L, _open.Sql("SELECT count(*) FROM usage_session"));
        Assert.Equal(Limits.IdCacheMax + 1L, _open.Sql("SELECT count(*) FROM otel_resource"));
        Assert.Equal(Limits.IdCacheMax + 1L, _open.Sql("SELECT count(*) FROM usage_request"));
        Assert.Equal(0L, _open.Sql("""
            SELECT count(*) FROM otel_events JOIN otel_resource r ON r.id = resource_id WHERE r.attributes ->> 'of' <> session_id
            """));
        Assert.Equal(0L, _open.Sql("""
            SELECT count(*) FROM usage_request u JOIN usage_session s ON s.id = session JOIN usage_name n ON n.id = model JOIN otel_events e ON e.id = event_id
            WHERE s.session_id <> e.session_id OR n.name <> e.attributes ->> 'model'
            """));
    }

    private static string Prompt(string session, int number) => $$"""
        {"resourceLogs":[{{Resource(session, Export.Event("user_prompt", Export.Time + (ulong)number, Export.Text("session.id", session)))}}]}
        """;

    private static string Resource(string of, string record) =>
        $$$"""{"resource":{"attributes":[{{{Export.Text("of", of)}}}]},"scopeLogs":[{"scope":{"name":"{{{of}}}"},"logRecords":[{{{record}}}]}]}""";

    // The same resource, scope and session as Prompt's, and a point of a resource that is not there, at which writing it fails.
    private static TelemetryBatch Broken(string session)
    {
        string metrics = Export.Metrics(Export.Sum("claude_code.commit.count", [Export.Point(1, Export.Time, Export.Text("session.id", session))]));
        TelemetryBatch batch = OpenWriter.Batch(Prompt(session, 0).Trim()[..^1] + "," + metrics[1..]);
        batch.DataPoints[0].Resource = 99;
        return batch;
    }

    private void Age(TimeSpan by) => _open.Sql($"UPDATE otel_body SET received_unix_nano = received_unix_nano - {by.Ticks * TimeSpan.NanosecondsPerTick}");
}
