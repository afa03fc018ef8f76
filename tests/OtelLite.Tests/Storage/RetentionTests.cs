using OtelLite.Storage;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Storage;

/// <summary>What the writer removes by itself, between its commits.</summary>
public sealed class RetentionTests
{
    private static readonly long Now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private static async Task Fill(OpenWriter writer, int requests, int daysApart)
    {
        for (int i = requests - 1; i >= 0; i--)
        {
            Assert.Equal(WriteOutcome.Committed, (await writer.Write(Exports.Request(Now - 7200 - (i * daysApart * 86_400L), $"s{i}", id: $"r{i}"))).Outcome);
        }
    }

    private static async Task Until(OpenWriter writer, Func<bool> isSo)
    {
        for (int i = 0; i < 400 && !isSo(); i++)
        {
            await Task.Delay(25);
        }

        Assert.True(isSo(), string.Join(' ', writer.Said));
    }

    [Fact]
    public async Task What_is_older_than_it_is_kept_goes_by_itself_and_every_figure_stays()
    {
        using var writer = new OpenWriter(say => new Retention(TimeSpan.FromDays(30), null, say, TimeSpan.FromSeconds(1)));
        await Fill(writer, 100, 1);
        await Until(writer, () => (long)writer.Sql("SELECT count(*) FROM otel_events")! == 30);
        Assert.Equal(100L, writer.Sql("SELECT sum(api_requests) FROM usage_session"));
        Assert.Equal(70L, writer.Sql("SELECT events FROM otel_removed"));
        Assert.Equal(30L, writer.Sql("SELECT count(*) FROM usage_raw"));
        Assert.Empty(writer.Said);

        // It goes on storing meanwhile and afterwards.
        Assert.Equal(WriteOutcome.Committed, (await writer.Write(Exports.Request(Now, "new", id: "new"))).Outcome);
    }

    [Fact]
    public async Task A_file_that_is_larger_than_it_may_be_loses_its_oldest_rows_and_gives_the_room_back()
    {
        const int most = 3_000_000;
        using var writer = new OpenWriter(say => new Retention(null, most, say, TimeSpan.FromSeconds(4)));
        string large = new('x', 40_000);
        for (int i = 100; i > 0; i--)
        {
            Assert.Equal(WriteOutcome.Committed, (await writer.Write(Otlp.Export.Logs(Otlp.Export.Record(
                $"\"timeUnixNano\":\"{Now - (i * 86_400L)}000000000\",\"body\":{{\"stringValue\":\"{i}{large}\"}}")))).Outcome);
        }

        Assert.True(Size() > most);
        await Until(writer, () => Size() <= most);
        long left = (long)writer.Sql("SELECT count(*) FROM otel_events")!;
        Assert.InRange(left, 10, 99);
        Assert.Equal(100L, writer.Sql("SELECT max(id) FROM otel_events"));
        long Size() => (long)writer.Sql("SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)")!;
    }

    [Fact]
    public async Task A_cap_that_the_newest_rows_alone_exceed_is_said_once_and_these_stay()
    {
        using var writer = new OpenWriter(say => new Retention(null, 1000, say, TimeSpan.FromSeconds(2)));
        Assert.Equal(WriteOutcome.Committed, (await writer.Write(Exports.Request(Now, "a", id: "r"))).Outcome);
        await Until(writer, () => writer.Said.Count == 1);
        Assert.Contains("Give it more room with --max-db-size", writer.Said[0], StringComparison.Ordinal);
        Assert.Equal(1L, writer.Sql("SELECT count(*) FROM otel_events"));
    }

    [Fact]
    public async Task Nothing_is_removed_before_it_is_due_or_where_all_is_kept()
    {
        foreach (Func<Action<string>, Retention> retention in (Func<Action<string>, Retention>[])
            [_ => Retention.None, say => new Retention(TimeSpan.FromDays(1), null, say, Limits.RetentionFirst), say => new Retention(TimeSpan.FromDays(200), 1L << 40, say, TimeSpan.Zero)])
        {
            using var writer = new OpenWriter(retention);
            await Fill(writer, 100, 1);
            Assert.Equal(100L, writer.Sql("SELECT count(*) FROM otel_events"));
        }

        Assert.Equal(Timeout.InfiniteTimeSpan, Retention.None.Wait);
        Assert.True(Limits.RetentionInterval > Limits.RetentionFirst && Limits.RetentionPause < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_look_ends_where_rows_are_new_but_now_and_then_all_are_looked_at()
    {
        using var writer = new OpenWriter();
        int rows = Limits.PruneRowsPerStep * (Limits.RetentionFruitlessMax + 2);
        string records = string.Join(',', Enumerable.Range(0, rows).Select(i => Otlp.Export.Record($"\"timeUnixNano\":\"{Now}000000000\",\"severityText\":\"{i}\"")));
        await writer.Write(Otlp.Export.Logs(records));
        await writer.Write(Exports.Request(Now - 864_000, "late", id: "late"));
        long before = (Now - 86_400) * 1_000_000_000;
        writer.Writer.Dispose();
        using Microsoft.Data.Sqlite.SqliteConnection connection = Database.OpenWriter(Path.GetDirectoryName(writer.Connection.DataSource)!, Durability.Normal);
        foreach ((int most, long removed) in ((int, long)[])[(Limits.RetentionFruitlessMax, 0), (int.MaxValue, 1)])
        {
            using var removal = new Removal(connection, before, most);
            while (removal.Step())
            {
            }

            Assert.Equal(removed, removal.Removed.Events);
        }

        Assert.InRange(Limits.RetentionLooksPerWhole * Limits.RetentionInterval, TimeSpan.FromHours(12), TimeSpan.FromHours(48));
        Assert.True(Limits.RetentionSliceMin < TimeSpan.FromDays(1) && Limits.RetentionSlices > 1);
    }
}
