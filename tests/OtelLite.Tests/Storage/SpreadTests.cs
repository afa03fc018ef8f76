using CsCheck;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>Counts by bucket lead to the very number that stands at a place among all.</summary>
public sealed class SpreadTests
{
    private static readonly Gen<long> AnyNumber = Gen.OneOf(
        Gen.Long[-5, 70], Gen.Long[0, 100_000], Gen.Int[0, 62].Select(Gen.Int[-1, 1], (bit, by) => (1L << bit) + by), Gen.Long[0, long.MaxValue], Gen.Const(long.MinValue), Gen.Const(long.MaxValue));

    [Fact]
    public void Every_number_lies_in_the_bucket_whose_bounds_are_around_it() => AnyNumber.Sample(number =>
    {
        int bucket = SpreadBuckets.Of(number);
        (long first, long last) = SpreadBuckets.Bounds(bucket);
        Assert.InRange(bucket, 0, SpreadBuckets.Count - 1);
        Assert.InRange(number, first, last);
        Assert.True(bucket == 0 || last - first <= first / 16);
    });

    [Fact]
    public void Buckets_meet_without_a_gap_from_the_least_number_to_the_largest()
    {
        Assert.Equal((long.MinValue, long.MaxValue), (SpreadBuckets.Bounds(0).First, SpreadBuckets.Bounds(SpreadBuckets.Count - 1).Last));
        Assert.All(Enumerable.Range(1, SpreadBuckets.Count - 1), bucket => Assert.Equal(SpreadBuckets.Bounds(bucket - 1).Last + 1, SpreadBuckets.Bounds(bucket).First));
    }

    [Fact]
    public void What_a_row_of_few_buckets_took_is_used_again_and_what_one_of_many_took_is_let_go()
    {
        using var open = new OpenWriter();
        using var table = new SpreadTable(open.Connection);
        int RowsKept(int buckets)
        {
            for (int bucket = 0; bucket < buckets; bucket++)
            {
                table.Add(SpreadOf.ToolDurations, key: 1, timeUnixNano: 0, SpreadBuckets.Bounds(bucket).Last, times: 1);
            }

            int before = table.Spare;
            table.Write();
            return table.Spare - before;
        }

        Assert.Equal(SpreadOf.Steps.Length, RowsKept(Limits.SpareBucketsMax));
        Assert.Equal(0, RowsKept(Limits.SpareBucketsMax + 1));
    }

    [Fact]
    public void Counts_are_read_as_they_were_written_and_add_up() => Gen.Select(Gen.Int[0, SpreadBuckets.Count - 1], Gen.OneOf(Gen.Long[-300, 300], Gen.Long)).Array[0, 60].Sample(all =>
    {
        long[] counts = new long[SpreadBuckets.Count], read = new long[SpreadBuckets.Count];
        foreach ((int bucket, long count) in all)
        {
            counts[bucket] = count;
        }

        byte[] written = new byte[SpreadBuckets.BytesMax];
        int length = SpreadBuckets.Write(counts, written);
        SpreadBuckets.Add(written.AsSpan(0, length), read);
        Assert.Equal(counts, read);
        SpreadBuckets.Add(written.AsSpan(0, length), read);
        Assert.Equal(Array.ConvertAll(counts, c => unchecked(2 * c)), read);
    });

    [Fact]
    public void The_room_for_counts_is_enough_for_the_largest_of_all()
    {
        long[] counts = new long[SpreadBuckets.Count];
        Array.Fill(counts, long.MinValue);
        Assert.InRange(SpreadBuckets.Write(counts, new byte[SpreadBuckets.BytesMax]), SpreadBuckets.Count * 11, SpreadBuckets.BytesMax);
    }

    [Fact]
    public void Bytes_that_are_no_counts_are_read_without_harm() =>
        Gen.Byte.Array[0, 40].Sample(bytes => SpreadBuckets.Add(bytes, new long[SpreadBuckets.Count]));

    [Fact]
    public void Percentiles_are_those_of_the_sorted_numbers_whatever_these_and_the_range_are()
    {
        // Over twenty days, most of them in the same minutes and of the same sizes, as a client's are.
        const long day = 86_400_000_000_000;
        Gen.Select(
            Gen.Select(Gen.Long[0, 20 * day], Gen.OneOf(Gen.Long[0, 70], Gen.Long[6990, 7010], Gen.Long[1, 10_000_000]), Gen.Int[0, 1]).Array[1, 80],
            Gen.Select(Gen.OneOf(Gen.Const(0L), Gen.Long[0, 20 * day]), Gen.OneOf(Gen.Const(20 * day), Gen.Long[0, 20 * day])).Array[5]).Sample(
            (results, ranges) =>
            {
                using var open = new OpenWriter();
                open.Write(Export.Logs([.. results.Select(r => Export.Event("tool_result", Export.Time + (ulong)r.Item1, Export.Text("session.id", "s"),
                    Export.Text("tool_name", $"t{r.Item3}"), Export.Text("duration_ms", $"{r.Item2}"), Export.Text("tool_result_size_bytes", $"{r.Item2 + 1}")))])).GetAwaiter().GetResult();
                foreach ((long from, long length) in ranges)
                {
                    var scope = new Scope { FromUnixNano = from == 0 ? 0 : (long)Export.Time + from, ToUnixNano = length == 20 * day ? long.MaxValue : (long)Export.Time + from + length };
                    IReadOnlyList<ToolFacts> tools = ToolsQuery.Read(open.Connection, scope);
                    foreach (IGrouping<int, long> tool in results.Where(r => Within(scope, r.Item1)).GroupBy(r => r.Item3, r => r.Item2))
                    {
                        long[] sorted = [.. tool.Order()];
                        long At(int percent) => sorted[((sorted.Length * percent) + 99) / 100 - 1];
                        ToolFacts told = tools.Single(t => t.Name == $"t{tool.Key}");
                        Assert.Equal((sorted.Length, At(50), At(95), sorted[^1]), ((int)told.Calls, told.P50Ms, told.P95Ms, told.MaxMs));
                        Assert.Equal((At(50) + 1, sorted[^1] + 1), (told.ResultBytes!.P50, told.ResultBytes.Max));
                    }
                }
            },
            iter: 60,
            threads: 1);

        static bool Within(Scope scope, long time) => (long)Export.Time + time is var at && at >= scope.FromUnixNano && at < scope.ToUnixNano;
    }

    [Fact]
    public void A_percentile_is_looked_for_in_the_index_of_its_numbers()
    {
        using var open = new OpenWriter();
        foreach (SpreadOf of in SpreadOf.All)
        {
            List<string> statements = [];
            SQLitePCL.raw.sqlite3_trace(open.Connection.Handle, (_, sql) => statements.Add(sql), null);
            using (var places = new SpreadPlaces(open.Connection, new Scope { FromUnixNano = 1 }, of))
            {
                Assert.ThrowsAny<InvalidOperationException>(() => places.At(1, Enumerable.Repeat(5L, SpreadBuckets.Count).ToArray(), 500));
            }

            SQLitePCL.raw.sqlite3_trace(open.Connection.Handle, (SQLitePCL.strdelegate_trace?)null, null);
            using SqliteCommand command = open.Connection.CreateCommand();
            command.CommandText = "EXPLAIN QUERY PLAN " + statements[^1];
            using SqliteDataReader row = command.ExecuteReader();
            Assert.True(row.Read());
            Assert.Equal($"SEARCH {of.Rows} USING COVERING INDEX {of.Index} ({of.Key}=? AND {of.Column}>? AND {of.Column}<?)", row.GetString(3));
            Assert.False(row.Read());
        }
    }
}
