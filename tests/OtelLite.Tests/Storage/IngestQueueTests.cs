using OtelLite.Storage;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>The bounds of what waits for the writer, each one past it.</summary>
public sealed class IngestQueueTests
{
    private readonly IngestQueue _queue = new();

    [Fact]
    public void One_batch_past_the_limit_is_refused_and_the_others_come_out_in_order()
    {
        WriteJob[] jobs = [.. Enumerable.Range(0, Limits.QueueBatchesMax).Select(_ => Reading())];
        Assert.All(jobs, j => Assert.True(_queue.TryAdd(j)));
        Assert.False(_queue.TryAdd(Reading()));
        List<WriteJob> taken = [];
        Assert.True(_queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.Equal(jobs, taken);
        Assert.True(_queue.TryAdd(Reading()));
    }

    [Fact]
    public void One_byte_past_the_limit_is_refused_until_something_was_taken()
    {
        const int parts = 128;
        var part = new WriteJob(BatchOf(Limits.QueueBytesMax / parts), null);
        for (int i = 0; i < parts; i++)
        {
            Assert.True(_queue.TryAdd(part));
        }

        WriteJob oneByte = new(BatchOf(1), null);
        Assert.False(_queue.TryAdd(oneByte));
        List<WriteJob> taken = [];
        Assert.True(_queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.Equal(parts, taken.Count);
        Assert.True(_queue.TryAdd(part));
        Assert.True(_queue.TryAdd(oneByte));
    }

    [Fact]
    public void An_export_larger_than_the_whole_queue_is_taken_when_nothing_else_waits()
    {
        WriteJob huge = new(BatchOf(Limits.QueueBytesMax + 1), null);
        WriteJob small = new(BatchOf(1), null);
        Assert.True(_queue.TryAdd(small));
        Assert.False(_queue.TryAdd(huge));
        Assert.True(_queue.Take([], Timeout.InfiniteTimeSpan));
        Assert.True(_queue.TryAdd(huge));
        Assert.False(_queue.TryAdd(small));
    }

    [Fact]
    public void A_transaction_takes_rows_up_to_its_limit_and_a_single_larger_batch_whole()
    {
        TelemetryBatch half = RowsOf(Limits.TransactionRowsMax / 2);
        WriteJob[] jobs = [new(half, null), new(half, null), Reading(), new(RowsOf(Limits.TransactionRowsMax + 1), null), Reading()];
        Assert.All(jobs, j => Assert.True(_queue.TryAdd(j)));
        List<WriteJob> taken = [];
        foreach (WriteJob[] expected in (WriteJob[][])[[jobs[0], jobs[1]], [jobs[2]], [jobs[3]], [jobs[4]]])
        {
            Assert.True(_queue.Take(taken, Timeout.InfiniteTimeSpan));
            Assert.Equal(expected, taken);
        }
    }

    [Fact]
    public void A_closed_queue_takes_nothing_more_and_gives_out_what_waits()
    {
        Assert.True(_queue.TryAdd(Reading()));
        _queue.Close();
        Assert.False(_queue.TryAdd(Reading()));
        List<WriteJob> taken = [];
        Assert.True(_queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.Single(taken);
        Assert.False(_queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.Empty(taken);
    }

    [Fact]
    public async Task Whoever_waits_for_work_is_woken_by_work_and_by_closing()
    {
        List<WriteJob> taken = [];
        Task<bool> taking = Task.Run(() => _queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.True(_queue.TryAdd(Reading()));
        Assert.True(await taking.WaitAsync(TimeSpan.FromSeconds(20)));
        Task<bool> waiting = Task.Run(() => _queue.Take(taken, Timeout.InfiniteTimeSpan));
        _queue.Close();
        Assert.False(await waiting.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task As_many_as_were_in_hand_at_once_are_gathered_for_one_transaction()
    {
        var queue = new IngestQueue(gatherWait: TimeSpan.FromSeconds(20));
        List<WriteJob> taken = [];
        Assert.True(queue.TryAdd(Reading()));
        Assert.True(queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.True(queue.TryAdd(Reading()));
        Assert.True(queue.TryAdd(Reading()));
        queue.Expect(taken);
        Task<bool> taking = Task.Run(() => queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.NotSame(taking, await Task.WhenAny(taking, Task.Delay(100)));
        Assert.True(queue.TryAdd(Reading()));
        Assert.True(await taking.WaitAsync(TimeSpan.FromSeconds(15)));
        Assert.Equal(3, taken.Count);
    }

    [Fact]
    public void A_client_alone_waits_for_no_other_and_those_that_are_fewer_than_before_only_once()
    {
        List<WriteJob> taken = [];
        var clock = System.Diagnostics.Stopwatch.StartNew();
        _queue.Expect([Reading(), Reading()]);
        const int times = 5000;
        for (int i = 0; i < times; i++)
        {
            Assert.True(_queue.TryAdd(Reading()));
            Assert.True(_queue.Take(taken, Timeout.InfiniteTimeSpan));
            Assert.Single(taken);
            _queue.Expect(taken);
        }

        Assert.True(clock.Elapsed < times / 2 * Limits.GatherWait, $"{clock.Elapsed}");
    }

    [Theory]
    [InlineData("closed")]
    [InlineData("woken")]
    [InlineData("asked to count")]
    public async Task What_can_not_wait_ends_the_gathering(string how)
    {
        var queue = new IngestQueue(gatherWait: Timeout.InfiniteTimeSpan);
        List<WriteJob> taken = [];
        queue.Expect([.. Enumerable.Range(0, 9).Select(_ => Reading())]);
        Assert.True(queue.TryAdd(Reading()));
        Task<bool> taking = Task.Run(() => queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.NotSame(taking, await Task.WhenAny(taking, Task.Delay(100)));
        Action end = how switch { "closed" => queue.Close, "woken" => queue.Wake, _ => () => Assert.True(queue.TryAdd(new WriteJob(null, null))) };
        end();
        Assert.True(await taking.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(how == "asked to count" ? 2 : 1, taken.Count);
    }

    [Fact]
    public async Task Who_asks_for_what_is_counted_waits_for_no_export_and_is_not_taken_for_one()
    {
        var queue = new IngestQueue(gatherWait: Timeout.InfiniteTimeSpan);
        List<WriteJob> taken = [];
        queue.Expect([Reading(), new WriteJob(null, null)]);
        Assert.True(queue.TryAdd(Reading()));
        Assert.True(await Task.Run(() => queue.Take(taken, Timeout.InfiniteTimeSpan)).WaitAsync(TimeSpan.FromSeconds(20)));
        queue.Expect([Reading(), Reading()]);
        Assert.True(queue.TryAdd(new WriteJob(null, null)));
        Assert.True(await Task.Run(() => queue.Take(taken, Timeout.InfiniteTimeSpan)).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.True(Assert.Single(taken).IsToSettle);
    }

    [Theory]
    [InlineData(Limits.GatherBytesMax - 1, false)]
    [InlineData(Limits.GatherBytesMax, true)]
    public async Task So_much_text_is_written_at_once(int bytes, bool isAtOnce)
    {
        var queue = new IngestQueue(gatherWait: Timeout.InfiniteTimeSpan);
        List<WriteJob> taken = [];
        queue.Expect([Reading(), Reading()]);
        TelemetryBatch batch = BatchOf(0);
        batch.Text.Advance((int)(bytes - batch.Bytes));
        Assert.True(queue.TryAdd(new WriteJob(batch, null)));
        Task<bool> taking = Task.Run(() => queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.Equal(isAtOnce, taking == await Task.WhenAny(taking, Task.Delay(isAtOnce ? 20_000 : 200)));
        queue.Close();
        Assert.True(await taking.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Those_that_do_not_come_in_time_are_waited_for_less_and_less_often()
    {
        List<WriteJob> taken = [];
        List<int> waited = [];
        var queue = new IngestQueue(gatherWait: TimeSpan.FromMilliseconds(30));
        for (int i = 0; i <= 2 * Limits.GatherSkipsMax + 130; i++)
        {
            // Two clients, of which the other one always comes while the transaction is written.
            queue.Expect([Reading(), Reading()]);
            Assert.True(queue.TryAdd(Reading()));
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Assert.True(queue.Take(taken, Timeout.InfiniteTimeSpan));
            if (clock.Elapsed >= TimeSpan.FromMilliseconds(25))
            {
                waited.Add(i);
            }
        }

        // Some more, if the machine itself has stood still.
        Assert.All([0, 2, 5, 10, 19, 36, 69, 134, 199], i => Assert.Contains(i, waited));
        Assert.InRange(waited.Count, 9, 20);
    }

    [Fact]
    public void A_full_queue_is_not_waited_at_for_more()
    {
        var queue = new IngestQueue(gatherWait: Timeout.InfiniteTimeSpan);
        List<WriteJob> taken = [];
        for (int i = 0; i < Limits.QueueBatchesMax; i++)
        {
            Assert.True(queue.TryAdd(Reading()));
        }

        queue.Expect([Reading()]);
        Assert.True(queue.Take(taken, Timeout.InfiniteTimeSpan));
        Assert.Equal(Limits.QueueBatchesMax, taken.Count);
    }

    private static WriteJob Reading() => new(null, new Scrape(1, null, null));

    // Only how long the text is matters here: nobody reads it, so it need not be there.
    private static TelemetryBatch BatchOf(long bytes)
    {
        TelemetryBatch batch = OpenWriter.Batch("{}");
        batch.Text.Advance((int)bytes);
        return batch;
    }

    private static TelemetryBatch RowsOf(int count) => OpenWriter.Batch(Export.Logs([.. Enumerable.Repeat("{}", count)]));
}
