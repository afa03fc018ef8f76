using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>Finds the number at a place among all of a scope that are of a key, in the one bucket in which it lies.</summary>
internal sealed class SpreadPlaces(SqliteConnection connection, Scope scope, SpreadOf of) : IDisposable
{
    private readonly Statement _upwards = Passing(connection, of, "ASC");
    private readonly Statement _downwards = Passing(connection, of, "DESC");

    /// <param name="counts">How many numbers of the key lie in each bucket.</param>
    /// <param name="place">From 1 to their sum.</param>
    public long At(long key, ReadOnlySpan<long> counts, long place)
    {
        int bucket = 0;
        for (; place > counts[bucket]; bucket++)
        {
            place -= counts[bucket];
        }

        (long first, long last) = SpreadBuckets.Bounds(bucket);
        if (first == last)
        {
            return first;
        }

        // From the end that is nearer.
        long fromEnd = counts[bucket] - place;
        return place <= fromEnd ? Pass(_upwards, key, first, last, place - 1) : Pass(_downwards, key, first, last, fromEnd);
    }

    public void Dispose()
    {
        _upwards.Dispose();
        _downwards.Dispose();
    }

    private long Pass(Statement passing, long key, long first, long last, long passed) =>
        passing.Begin().Bind(key).Bind(first).Bind(last).Bind(scope.FromUnixNano).Bind(scope.ToUnixNano).Bind(passed).Scalar()!.Value;

    private static Statement Passing(SqliteConnection connection, SpreadOf of, string order) => new(connection, $"""
        SELECT {of.Column} FROM {of.Rows} INDEXED BY {of.Index}
        WHERE {of.Key} = ? AND {of.Column} IS NOT NULL AND {of.Column} BETWEEN ? AND ? AND time_unix_nano >= ? AND time_unix_nano < ?
        ORDER BY {of.Column} {order} LIMIT 1 OFFSET ?
        """);
}
