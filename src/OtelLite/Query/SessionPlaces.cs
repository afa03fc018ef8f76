using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Query;

/// <summary>What a status line shows of all sessions and of one.</summary>
/// <param name="TodayUsd">Since midnight in the reader's time zone.</param>
/// <param name="SessionUsd">Of the session in all; null while nothing of it has arrived.</param>
/// <param name="TokensPerMinute">Of all sessions, over the last five minutes.</param>
internal sealed record StatusFigures(double TodayUsd, long TodayTokens, double? SessionUsd, double TokensPerMinute, double LastHourUsd)
{
    public static StatusFigures Read(SqliteConnection connection, string session, DateTimeOffset midnight, DateTimeOffset now)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        Dictionary<long, Pace> paces = PaceQuery.Read(connection, now);
        Billed today = BilledQuery.Read(connection, new Scope { FromUnixNano = UnixNano.From(midnight) });
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT cost_nano_usd FROM usage_session WHERE session_id = $session";
        command.Parameters.AddWithValue("$session", session);
        return new StatusFigures(
            today.CostUsd, today.AllTokens, command.ExecuteScalar() is long nanoUsd ? SummaryQuery.Usd(nanoUsd) : null,
            paces.Values.Sum(p => p.TokensOfMinutes) / PaceQuery.Minutes.TotalMinutes, SummaryQuery.Usd(paces.Values.Sum(p => p.CostNanoUsd)));
    }
}

internal static class SessionPlacesQuery
{
    /// <summary>Whether all of it is stored already: a status line tells the same many times.</summary>
    public static bool IsKnown(SqliteConnection connection, SessionPlace place)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT coalesce($folder, folder) IS folder AND coalesce($repository, repository) IS repository AND coalesce($branch, branch) IS branch
                AND coalesce($pull, pull_request) IS pull_request AND coalesce($name, session_name) IS session_name
            FROM session_place WHERE session_id = $session
            """;
        foreach ((string name, string? value) in ((string, string?)[])
            [("$session", place.SessionId), ("$folder", place.Folder), ("$repository", place.Repository), ("$branch", place.Branch), ("$pull", place.PullRequest),
             ("$name", place.Name)])
        {
            command.Parameters.AddWithValue(name, (object?)value ?? DBNull.Value);
        }

        return place.Limits is null && command.ExecuteScalar() is 1L;
    }
}
