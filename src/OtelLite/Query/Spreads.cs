using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>How some numbers are spread: percentiles by nearest rank, which are numbers among them.</summary>
internal readonly record struct Spread(long P50, long P95, long Max);

/// <summary>Numbers in a table, by what they are told apart by.</summary>
/// <param name="Sums">The sums of the table.</param>
/// <param name="Count">The sum that says how many numbers there are.</param>
/// <param name="Index">By key, number and time.</param>
internal sealed record SpreadOf(SumsTable Sums, string Count, string Key, string Column, string Index);

/// <summary>Exact percentiles of a scope.</summary>
internal static class Spreads
{
    public static readonly SpreadOf ToolDurations = new(SumsTable.Tools, "calls", "tool", "duration_ms", "usage_tool_duration");
    public static readonly SpreadOf ToolResults = new(SumsTable.Tools, "results", "tool", "result_bytes", "usage_tool_result");
    public static readonly SpreadOf RequestDurations = new(SumsTable.Sources, "timed_requests", "model", "duration_ms", "usage_request_duration");
    public static readonly SpreadOf RequestTtft = new(SumsTable.Sources, "ttft_requests", "model", "ttft_ms", "usage_request_ttft");

    // A number costs so many times as much to sort as to pass in its index, where those of all times stand.
    private const long SortedPerPassed = 10;

    /// <summary>By the row of usage_name that is the key; keys without numbers have none.</summary>
    public static Dictionary<long, Spread> Read(SqliteConnection connection, Scope scope, SpreadOf of)
    {
        bool isOfAll = !scope.IsOfSessions && (scope.Models.Count == 0 || of.Key == "model");
        if (isOfAll)
        {
            Dictionary<long, long> counts = Counts(connection, scope, of);
            if (counts.Values.Sum() * SortedPerPassed > Counts(connection, new Scope { Models = scope.Models }, of).Values.Sum())
            {
                return Passed(connection, scope, of, counts);
            }
        }

        return Sorted(connection, scope, of);
    }

    private static Dictionary<long, long> Counts(SqliteConnection connection, Scope scope, SpreadOf of)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT {of.Key}, total({of.Count}) FROM ({SumsQuery.Of(command, scope, of.Sums, [of.Count])}) GROUP BY 1 HAVING total({of.Count}) > 0
            """;
        Dictionary<long, long> counts = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            counts[row.GetInt64(0)] = row.GetInt64(1);
        }

        return counts;
    }

    // Each from the end that is nearer. Two commands, each prepared once: to prepare one for each number took longer than to find it among a thousand.
    private static Dictionary<long, Spread> Passed(SqliteConnection connection, Scope scope, SpreadOf of, Dictionary<long, long> counts)
    {
        using SqliteCommand upwards = Passing("ASC"), downwards = Passing("DESC");
        return counts.ToDictionary(c => c.Key, c => new Spread(
            At(upwards, c.Key, Rank(c.Value, 50) - 1), At(downwards, c.Key, c.Value - Rank(c.Value, 95)), At(downwards, c.Key, 0)));

        SqliteCommand Passing(string order)
        {
            SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"""
                SELECT {of.Column} FROM {of.Sums.Rows} INDEXED BY {of.Index}
                WHERE {of.Key} = $key AND {of.Column} IS NOT NULL AND time_unix_nano >= $from AND time_unix_nano < $to
                ORDER BY {of.Column} {order} LIMIT 1 OFFSET $place
                """;
            command.Parameters.AddWithValue("$key", 0L);
            command.Parameters.AddWithValue("$from", scope.FromUnixNano);
            command.Parameters.AddWithValue("$to", scope.ToUnixNano);
            command.Parameters.AddWithValue("$place", 0L);
            return command;
        }

        static long At(SqliteCommand passing, long key, long place)
        {
            passing.Parameters["$key"].Value = key;
            passing.Parameters["$place"].Value = place;
            return (long)passing.ExecuteScalar()!;
        }
    }

    private static Dictionary<long, Spread> Sorted(SqliteConnection connection, Scope scope, SpreadOf of)
    {
        Dictionary<long, List<long>> numbers = [];
        using (SqliteCommand command = connection.CreateCommand())
        {
            command.CommandText = $"SELECT {of.Key}, {of.Column} FROM {of.Sums.Rows} WHERE {scope.Where(command)} AND {of.Column} IS NOT NULL";
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                long key = row.GetInt64(0);
                if (!numbers.TryGetValue(key, out List<long>? list))
                {
                    numbers[key] = list = [];
                }

                list.Add(row.GetInt64(1));
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
