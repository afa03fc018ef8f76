using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>What one session was billed in the last hour, and of that the tokens of the last <see cref="PaceQuery.Minutes"/>.</summary>
internal readonly record struct Pace(long CostNanoUsd, long Tokens, long ApiRequests, long TokensOfMinutes);

/// <summary>How fast tokens and dollars go now.</summary>
internal static class PaceQuery
{
    /// <summary>Long enough that a pause between two requests is not a standstill, and as long as a session stays active.</summary>
    public static readonly TimeSpan Minutes = Limits.ActiveSession;

    /// <summary>By the session's row; sessions that were billed nothing in the last hour have none.</summary>
    public static Dictionary<long, Pace> Read(SqliteConnection connection, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        var scope = new Scope { FromUnixNano = UnixNano.From(now - TimeSpan.FromHours(1)) };
        command.CommandText = $"""
            SELECT session, total(iif(figure IN ({BilledQuery.CostFigures}), value, 0)), total(iif(figure IN ({BilledQuery.TokenFigures}), value, 0)),
                   total(iif(figure = {(int)Figure.ApiRequests}, value, 0)),
                   total(iif(figure IN ({BilledQuery.TokenFigures}) AND time_unix_nano >= $minutes, value, 0))
            FROM ({scope.Amounts(command, exactTimes: true)}) GROUP BY session
            """;
        command.Parameters.AddWithValue("$minutes", UnixNano.From(now - Minutes));
        Dictionary<long, Pace> paces = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            paces[row.GetInt64(0)] = new Pace(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4));
        }

        return paces;
    }
}
