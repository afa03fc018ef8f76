using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>How some numbers are spread: percentiles by nearest rank, which are numbers among them.</summary>
internal readonly record struct Spread(long P50, long P95, long Max);

/// <summary>Exact percentiles of a scope.</summary>
internal static class Spreads
{
    /// <summary>By the row of usage_name that is the key; keys without numbers have none.</summary>
    public static Dictionary<long, Spread> Read(SqliteConnection connection, Scope scope, SpreadOf of)
    {
        (long first, long end) = scope.Whole(SpreadOf.StepMin);
        bool isCounted = !scope.IsOfSessions && (scope.Models.Count == 0 || of.Key == "model");
        return isCounted && first < end ? Counted(connection, scope, of, first, end) : Sorted(connection, scope, of);
    }

    // The counts by bucket tell in which one a percentile lies and at which place in it, and there the numbers themselves tell what it is.
    private static Dictionary<long, Spread> Counted(SqliteConnection connection, Scope scope, SpreadOf of, long first, long end)
    {
        Dictionary<long, long[]> all = [];
        long[] Of(long key) => all.TryGetValue(key, out long[]? counts) ? counts : all[key] = new long[SpreadBuckets.Count];
        using (SqliteCommand command = connection.CreateCommand())
        {
            string pieces = string.Join(", ", SumsQuery.Pieces(first, end, SpreadOf.Steps[^1]).Select(p => $"({p.Step}, {p.First}, {p.End})"));
            command.CommandText = $"""
                SELECT key, counts FROM (VALUES {pieces}) piece CROSS JOIN usage_spread
                    ON spread = {of.Number} AND step = piece.column1 AND quarter >= piece.column2 AND quarter < piece.column3
                WHERE true{scope.AndModel(command, "key")}
                """;
            using var row = Statement.Of(command);
            while (row.Step())
            {
                SpreadBuckets.Add(row.Blob(1), Of(row.Int64(0)));
            }
        }

        foreach ((long from, long to) in scope.Ends(SpreadOf.StepMin))
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"""
                SELECT {of.Key}, {of.Column} FROM {of.Rows} WHERE time_unix_nano >= {from} AND time_unix_nano < {to} AND {of.Column} IS NOT NULL{scope.AndModel(command, of.Key)}
                """;
            using var row = Statement.Of(command);
            while (row.Step())
            {
                Of(row.Int64(0))[SpreadBuckets.Of(row.Int64(1))]++;
            }
        }

        using var places = new SpreadPlaces(connection, scope, of);
        Dictionary<long, Spread> spreads = [];
        foreach ((long key, long[] counts) in all)
        {
            if (counts.Sum() is > 0 and var sum)
            {
                spreads[key] = new Spread(places.At(key, counts, Rank(sum, 50)), places.At(key, counts, Rank(sum, 95)), places.At(key, counts, sum));
            }
        }

        return spreads;
    }

    private static Dictionary<long, Spread> Sorted(SqliteConnection connection, Scope scope, SpreadOf of)
    {
        Dictionary<long, List<long>> numbers = [];
        using (SqliteCommand command = connection.CreateCommand())
        {
            command.CommandText = $"SELECT {of.Key}, {of.Column} FROM {of.Rows} WHERE {scope.Where(command)} AND {of.Column} IS NOT NULL";
            using var row = Statement.Of(command);
            while (row.Step())
            {
                long key = row.Int64(0);
                if (!numbers.TryGetValue(key, out List<long>? list))
                {
                    numbers[key] = list = [];
                }

                list.Add(row.Int64(1));
            }
        }

        return numbers.ToDictionary(n => n.Key, n =>
        {
            n.Value.Sort();
            long At(int percent) => n.Value[(int)Rank(n.Value.Count, percent) - 1];
            return new Spread(At(50), At(95), n.Value[^1]);
        });
    }

    // The place among so many sorted numbers, by nearest rank; the first is 1.
    private static long Rank(long count, int percent) => ((count * percent) + 99) / 100;
}
