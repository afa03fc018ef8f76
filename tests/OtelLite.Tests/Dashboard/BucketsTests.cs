using CsCheck;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Tests.Dashboard;

/// <summary>A range is covered by whole days, hours and quarters without a gap, and buckets find what lies in them.</summary>
public sealed class BucketsTests
{
    private const long Nano = 1_000_000_000;

    [Fact]
    public void The_parts_of_any_range_meet_and_end_where_its_whole_quarters_end() => Gen.Select(Gen.Long[0, 4_000_000 * Nano], Gen.Long[0, 4_000_000 * Nano]).Sample((from, length) =>
    {
        var scope = new Scope { FromUnixNano = from, ToUnixNano = from + length };
        (long Step, long First, long End)[] parts = [.. SumsQuery.Pieces(scope.FirstQuarter, scope.EndQuarter, 768)];
        long first = (from + QuarterTable.QuarterNano - 1) / QuarterTable.QuarterNano, end = (from + length) / QuarterTable.QuarterNano;
        if (first >= end)
        {
            Assert.Empty(parts);
            return;
        }

        Assert.Equal((first, end), (parts[0].First, parts[^1].End));
        Assert.All(parts.Zip(parts.Skip(1)), p => Assert.Equal(p.First.End, p.Second.First));
        Assert.All(parts, p => Assert.True(p.First < p.End && p.First % p.Step == 0 && p.End % p.Step == 0));
        Assert.True(parts.Length <= 9);
    });

    [Fact]
    public void Steps_do_not_reach_over_the_border_of_two_buckets()
    {
        static long[] StandOn(params long[] starts) => [.. SumTable.Steps.Where(new Buckets(starts, 86_400).StandOn)];
        Assert.Equal([1, 4, 24, 96], StandOn(0, 86_400));
        Assert.Equal([1, 4, 24], StandOn(0, 21_600, 43_200));
        Assert.Equal([1, 4], StandOn(0, 90_000));
        Assert.Equal([1], StandOn(0, 86_400 + 900));
        Assert.Equal([1, 4, 24, 96, 768], StandOn(450));
    }

    [Theory]
    [InlineData(3600, "0 3600 7200 10800")]
    [InlineData(86_400, "1000 87400 173800 263800 350200")]
    [InlineData(900, "900")]
    [InlineData(18_000, "0 18000 36000 54000 72000 86400 104400")]
    public void The_place_in_sql_is_the_last_bucket_that_begins_before(long step, string starting)
    {
        long[] starts = [.. starting.Split(' ').Select(s => long.Parse(s, System.Globalization.CultureInfo.InvariantCulture))];
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection("Data Source=:memory:");
        connection.Open();
        var buckets = new Buckets(starts, step);
        foreach (long time in starts.SelectMany(s => (long[])[s - 1, s, s + 1, s + (step / 2), s + (3 * step)]).Where(t => t >= 0))
        {
            using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"SELECT {buckets.PlaceOf("$time")}";
            command.Parameters.AddWithValue("$time", time * Nano);
            Assert.Equal(Math.Max(0, Array.FindLastIndex(starts, s => s <= time)), (int)(long)command.ExecuteScalar()!);
        }
    }
}
