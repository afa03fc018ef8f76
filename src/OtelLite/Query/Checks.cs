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

    /// <summary>Metrics tell of more, and no event is missing: requests of Claude Code's own that it tells no event of.</summary>
    Auxiliary,

    /// <summary>Metrics tell of more, and events are missing.</summary>
    EventsIncomplete,

    /// <summary>Events tell of more: the session's last metrics were lost.</summary>
    MetricsIncomplete,

    /// <summary>Only one of the two is exported.</summary>
    MetricsOnly,

    /// <inheritdoc cref="MetricsOnly"/>
    EventsOnly,

    /// <summary>They differ and the session is active: metrics come later than events.</summary>
    Open,
}

/// <summary>How many sessions of the scope each answer fits, and how many events are missing in all of them.</summary>
internal sealed record Checks(
    long Sessions, long Agree, long Auxiliary, long EventsIncomplete, long MetricsIncomplete, long MetricsOnly, long EventsOnly, long Open, long MissingEvents);

/// <summary>The count that checks itself: metrics against events, session by session.</summary>
internal static class ChecksQuery
{
    // Costs are sums of rounded numbers: they agree when they agree to the cent.
    private const long CostSlackNanoUsd = 5_000_000;

    /// <summary>
    /// One row per session of which anything was billed: session, metrics_more, events_more, by_metrics, by_events. Several processes under one session id are one
    /// row; what is compared is all that is stored of a session, whatever the range.
    /// </summary>
    public static readonly string Compared = $"""
        SELECT session, max(metrics > events + iif(kind = {(int)BilledKind.Cost}, {CostSlackNanoUsd}, 0)) AS metrics_more,
               max(events > metrics + iif(kind = {(int)BilledKind.Cost}, {CostSlackNanoUsd}, 0)) AS events_more,
               sum(metrics) > 0 AS by_metrics, sum(events) > 0 AS by_events
        FROM usage_witness GROUP BY session
        """;

    public static SessionCheck Of(bool metricsMore, bool eventsMore, bool byMetrics, bool byEvents, long missingEvents, bool isActive) =>
        !byMetrics && !byEvents ? SessionCheck.Nothing
        : !metricsMore && !eventsMore ? SessionCheck.Agree
        : isActive ? SessionCheck.Open
        : !byEvents ? SessionCheck.MetricsOnly
        : !byMetrics ? SessionCheck.EventsOnly
        : eventsMore ? SessionCheck.MetricsIncomplete
        : missingEvents > 0 ? SessionCheck.EventsIncomplete
        : SessionCheck.Auxiliary;

    /// <summary>Of the sessions in the scope.</summary>
    public static Checks Read(SqliteConnection connection, Scope scope, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT metrics_more, events_more, by_metrics, by_events, missing_events, received_unix_nano > $active
            FROM ({Compared}) JOIN usage_session ON usage_session.id = session
            WHERE session IN ({scope.SessionsOf(command)})
            """;
        command.Parameters.AddWithValue("$active", UnixNano.From(now - Limits.ActiveSession));
        Dictionary<SessionCheck, long> sessions = [];
        long missing = 0;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            missing += row.GetInt64(4);
            SessionCheck check = Of(row.GetBoolean(0), row.GetBoolean(1), row.GetBoolean(2), row.GetBoolean(3), row.GetInt64(4), row.GetBoolean(5));
            sessions[check] = sessions.GetValueOrDefault(check) + 1;
        }

        long Are(SessionCheck check) => sessions.GetValueOrDefault(check);
        return new Checks(
            sessions.Where(s => s.Key != SessionCheck.Nothing).Sum(s => s.Value), Are(SessionCheck.Agree), Are(SessionCheck.Auxiliary), Are(SessionCheck.EventsIncomplete),
            Are(SessionCheck.MetricsIncomplete), Are(SessionCheck.MetricsOnly), Are(SessionCheck.EventsOnly), Are(SessionCheck.Open), missing);
    }
}
