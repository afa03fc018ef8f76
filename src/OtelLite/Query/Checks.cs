using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>What comparing the two witnesses of a session says.</summary>
internal enum SessionCheck
{
    /// <summary>Nothing was billed, so there is nothing to compare.</summary>
    Nothing,

    /// <summary>To the token, and to the cent.</summary>
    Agree,

    /// <summary>Metrics tell of more, no event is missing, and all of it may be requests of Claude Code's own that it tells no event of.</summary>
    Auxiliary,

    /// <summary>Metrics tell of more than that: events are missing.</summary>
    EventsIncomplete,

    /// <summary>Events tell of more: metrics were lost, the last ones nearly always.</summary>
    MetricsIncomplete,

    /// <summary>No log record of it ever arrived: they are switched off, or all were lost.</summary>
    MetricsOnly,

    /// <summary>No data point of it ever arrived.</summary>
    EventsOnly,

    /// <summary>They differ and the session is active: metrics come later than events.</summary>
    Open,
}

/// <summary>How many sessions of the scope each answer fits, and what is missing in all of them.</summary>
/// <param name="Sessions">Those of which anything was billed.</param>
/// <param name="MissingEvents">Of all sessions and groups, whether anything was billed or not.</param>
/// <param name="ToolCallsWithoutResult">Uses of tools that were accepted and whose result never came, or not yet.</param>
/// <param name="UnnamedGroups">What clients sent that are told to send no session id, by user and resource; these are no sessions.</param>
/// <param name="UnnamedAgree">Of the groups.</param>
internal sealed record Checks(
    long Sessions, long Agree, long Auxiliary, long EventsIncomplete, long MetricsIncomplete, long MetricsOnly, long EventsOnly, long Open, long MissingEvents,
    long ToolCallsWithoutResult, long UnnamedGroups, long UnnamedAgree);

/// <summary>The count that checks itself: metrics against events, session by session.</summary>
internal static class ChecksQuery
{
    // Costs are sums of rounded numbers: they agree when they agree to the cent.
    private const long CostSlackNanoUsd = 5_000_000;

    /// <summary>How many uses of tools of the session <c>session</c> have no result.</summary>
    public const string ToolCallsWithoutResult = """
        (SELECT count(*) FROM usage_call WHERE usage_call.session = usage_session.id AND accepted_unix_nano IS NOT NULL AND result_unix_nano IS NULL)
        """;

    private static readonly string Slack = $"iif(kind = {(int)BilledKind.Cost}, {CostSlackNanoUsd}, 0)";

    /// <summary>
    /// One row per session of which anything was billed: session, metrics_more, beyond_auxiliary, events_more. Several processes under one session id are one
    /// row; what is compared is all that is stored of a session, whatever the range.
    /// </summary>
    /// <param name="sessions">A SELECT of the sessions.</param>
    public static string Compared(string sessions) => $"""
        SELECT session, max(metrics > events + {Slack}) AS metrics_more,
               max(metrics > events + max(auxiliary, 0) + {Slack}) AS beyond_auxiliary,
               max(events > metrics + {Slack}) AS events_more
        FROM usage_witness WHERE session IN ({sessions}) GROUP BY session HAVING sum(metrics) > 0 OR sum(events) > 0
        """;

    /// <summary>The columns that <see cref="Of"/> reads, of usage_session joined with <see cref="Compared"/> as <c>compared</c>; the parameter $active is bound.</summary>
    public const string Columns = """
        compared.session IS NOT NULL, coalesce(metrics_more, 0), coalesce(beyond_auxiliary, 0), coalesce(events_more, 0), has_points, has_records,
        missing_events, received_unix_nano > $active
        """;

    /// <summary>The verdict on a session, from <see cref="Columns"/>, of which <paramref name="first"/> is the first.</summary>
    public static SessionCheck Of(SqliteDataReader row, int first)
    {
        bool metricsMore = row.GetBoolean(first + 1);
        bool eventsMore = row.GetBoolean(first + 3);
        return !row.GetBoolean(first) ? SessionCheck.Nothing
            : !metricsMore && !eventsMore ? SessionCheck.Agree
            : row.GetBoolean(first + 7) ? SessionCheck.Open
            : !row.GetBoolean(first + 4) ? SessionCheck.EventsOnly
            : eventsMore ? SessionCheck.MetricsIncomplete
            : !row.GetBoolean(first + 5) ? SessionCheck.MetricsOnly
            : row.GetBoolean(first + 2) || row.GetInt64(first + 6) > 0 ? SessionCheck.EventsIncomplete
            : SessionCheck.Auxiliary;
    }

    /// <summary>Of the sessions in the scope.</summary>
    public static Checks Read(SqliteConnection connection, Scope scope, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        return Read(command, scope.SessionsOf(command), now);
    }

    /// <summary>Of all sessions that did something.</summary>
    public static Checks ReadAll(SqliteConnection connection, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        return Read(command, "SELECT id FROM usage_session WHERE did_something", now);
    }

    private static Checks Read(SqliteCommand command, string sessions, DateTimeOffset now)
    {
        command.CommandText = $"""
            WITH asked AS MATERIALIZED ({sessions})
            SELECT {Columns}, is_named, {ToolCallsWithoutResult}
            FROM usage_session LEFT JOIN ({Compared("SELECT * FROM asked")}) compared ON compared.session = usage_session.id
            WHERE usage_session.id IN (SELECT * FROM asked)
            """;
        command.Parameters.AddWithValue("$active", UnixNano.From(now - Limits.ActiveSession));
        Dictionary<SessionCheck, long> named = [];
        Dictionary<SessionCheck, long> unnamed = [];
        long missing = 0;
        long withoutResult = 0;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            missing += row.GetInt64(6);
            withoutResult += row.GetInt64(9);
            Dictionary<SessionCheck, long> counts = row.GetBoolean(8) ? named : unnamed;
            SessionCheck check = Of(row, 0);
            counts[check] = counts.GetValueOrDefault(check) + 1;
        }

        long Are(SessionCheck check) => named.GetValueOrDefault(check);
        static long Billed(Dictionary<SessionCheck, long> counts) => counts.Where(c => c.Key != SessionCheck.Nothing).Sum(c => c.Value);
        return new Checks(
            Billed(named), Are(SessionCheck.Agree), Are(SessionCheck.Auxiliary), Are(SessionCheck.EventsIncomplete), Are(SessionCheck.MetricsIncomplete),
            Are(SessionCheck.MetricsOnly), Are(SessionCheck.EventsOnly), Are(SessionCheck.Open), missing, withoutResult,
            Billed(unnamed), unnamed.GetValueOrDefault(SessionCheck.Agree));
    }
}
