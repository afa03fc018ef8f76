using Microsoft.Data.Sqlite;
using OtelLite.Storage;
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

    /// <summary>Nothing of it was exported: its transcript was imported.</summary>
    TranscriptOnly,

    /// <summary>They differ and the session is active: metrics come later than events.</summary>
    Open,
}

/// <summary>How many sessions of the scope each answer fits, and what is missing in all of them.</summary>
/// <param name="Sessions">Those of which anything was billed.</param>
/// <param name="MissingEvents">Of all sessions and groups, whether anything was billed or not.</param>
/// <param name="ToolCallsWithoutResult">Uses of tools that were accepted and whose result never came, or not yet.</param>
/// <param name="UnnamedGroups">What clients sent that are told to send no session id, by user and resource; these are no sessions.</param>
/// <param name="UnnamedAgree">Of the groups.</param>
/// <param name="UnknownCosts">Requests that only a transcript knows, of a model whose price nothing tells; they are counted at no cost.</param>
internal sealed record Checks(
    long Sessions, long Agree, long Auxiliary, long EventsIncomplete, long MetricsIncomplete, long MetricsOnly, long EventsOnly, long Open, long MissingEvents,
    long ToolCallsWithoutResult, long UnnamedGroups, long UnnamedAgree, long TranscriptOnly, long UnknownCosts);

/// <summary>The count that checks itself: metrics against events, session by session.</summary>
internal static class ChecksQuery
{
    /// <summary>The check of a session, from its stored verdict.</summary>
    /// <param name="isActive">Something of it arrived just now; the rest may come yet.</param>
    public static SessionCheck Of(long verdict, bool isActive) => (SessionVerdict)verdict switch
    {
        SessionVerdict.Nothing => SessionCheck.Nothing,
        SessionVerdict.Agree => SessionCheck.Agree,
        SessionVerdict.TranscriptOnly => SessionCheck.TranscriptOnly,
        _ when isActive => SessionCheck.Open,
        SessionVerdict.Auxiliary => SessionCheck.Auxiliary,
        SessionVerdict.EventsIncomplete => SessionCheck.EventsIncomplete,
        SessionVerdict.MetricsIncomplete => SessionCheck.MetricsIncomplete,
        SessionVerdict.MetricsOnly => SessionCheck.MetricsOnly,
        _ => SessionCheck.EventsOnly,
    };

    /// <summary>Of the sessions in the scope; and how many they are, without the groups.</summary>
    public static (Checks Checks, long Sessions) Read(SqliteConnection connection, Scope scope, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        HashSet<long> straddling = scope.Straddling(connection);
        string[] parts =
        [
            .. scope.IsOfSessions || scope.Models.Count > 0
                ? [$"SELECT {Columns} FROM usage_session WHERE has_figures AND {scope.Inside(command)}{scope.AndDidWithModel(command)} GROUP BY 1, 2"]
                : Inside(command, scope, straddling),
            $"""
            SELECT {Columns} FROM usage_session WHERE id IN ({Scope.Listed(command, "$doing", scope.Doing(connection, straddling))}) GROUP BY 1, 2
            """,
        ];
        command.CommandText = string.Join(" UNION ALL ", parts);
        return Read(command, now, UnknownCosts(connection, scope));
    }

    /// <summary>How many sessions and groups with figures lie wholly in a scope of all sessions.</summary>
    /// <param name="straddling">Those that lie in it in part.</param>
    public static long CountInside(SqliteConnection connection, Scope scope, HashSet<long> straddling)
    {
        using SqliteCommand command = connection.CreateCommand();
        string[] parts = Began(command, scope, straddling);
        command.CommandText = $"SELECT sum(sessions) FROM ({string.Join(" UNION ALL ", parts)})";
        return command.ExecuteScalar() as long? ?? 0;
    }

    private const string Columns = "is_named, verdict, count(*), sum(received_unix_nano > $active), sum(missing_events), sum(open_calls)";

    // The sessions that lie wholly in it by their sums: of a hundred thousand a look at each took 30 ms. Of those that are active the sums know nothing, and they are few.
    private static string[] Inside(SqliteCommand command, Scope scope, HashSet<long> straddling) =>
    [
        .. Began(command, scope, straddling),
        $"""
        SELECT is_named, verdict, 0, count(*), 0, 0 FROM usage_session INDEXED BY usage_session_received
        WHERE received_unix_nano > $active AND has_figures AND {scope.Inside(command)} GROUP BY 1, 2
        """,
    ];

    // Those that began in it, less those of them that went on after it.
    private static string[] Began(SqliteCommand command, Scope scope, HashSet<long> straddling)
    {
        const string counted = "is_named, verdict, sessions, 0 AS active, missing_events, open_calls";
        string began = $"SELECT {counted} FROM ({SumsQuery.Of(command, scope, SumsTable.Sessions, SumsTable.Sessions.Sums)})";
        return straddling.Count == 0 ? [began] :
        [
            began,
            $"""
            SELECT is_named, verdict, -1, 0, -missing_events, -open_calls FROM usage_session
            WHERE has_figures AND first_unix_nano >= {scope.FromUnixNano} AND id IN ({Scope.Listed(command, "$straddling", straddling)})
            """,
        ];
    }

    /// <summary>Of all sessions that did something.</summary>
    public static Checks ReadAll(SqliteConnection connection, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT {Columns} FROM usage_session WHERE did_something GROUP BY 1, 2
            """;
        return Read(command, now, CaptureQuery.ReadAll(connection).UnknownCosts).Checks;
    }

    // Few sessions are imported and fewer have such requests, so these are looked for by themselves.
    private static long UnknownCosts(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT EXISTS (SELECT 1 FROM usage_capture WHERE unknown_costs > 0)";
        if ((long)command.ExecuteScalar()! == 0)
        {
            return 0;
        }

        command.CommandText = $"SELECT total(unknown_costs) FROM usage_capture WHERE unknown_costs > 0 AND session IN ({scope.SessionsOf(command)})";
        return (long)(double)command.ExecuteScalar()!;
    }

    private static (Checks Checks, long Sessions) Read(SqliteCommand command, DateTimeOffset now, long unknownCosts)
    {
        command.Parameters.AddWithValue("$active", UnixNano.From(now - Limits.ActiveSession));
        Dictionary<SessionCheck, long> named = [];
        Dictionary<SessionCheck, long> unnamed = [];
        long missing = 0;
        long withoutResult = 0;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            missing += row.GetInt64(4);
            withoutResult += row.GetInt64(5);
            Dictionary<SessionCheck, long> counts = row.GetBoolean(0) ? named : unnamed;
            foreach ((bool isActive, long count) in ((bool, long)[])[(true, row.GetInt64(3)), (false, row.GetInt64(2) - row.GetInt64(3))])
            {
                SessionCheck check = Of(row.GetInt64(1), isActive);
                counts[check] = counts.GetValueOrDefault(check) + count;
            }
        }

        long Are(SessionCheck check) => named.GetValueOrDefault(check);
        static long Billed(Dictionary<SessionCheck, long> counts) => counts.Where(c => c.Key != SessionCheck.Nothing).Sum(c => c.Value);
        var checks = new Checks(
            Billed(named), Are(SessionCheck.Agree), Are(SessionCheck.Auxiliary), Are(SessionCheck.EventsIncomplete), Are(SessionCheck.MetricsIncomplete),
            Are(SessionCheck.MetricsOnly), Are(SessionCheck.EventsOnly), Are(SessionCheck.Open), missing, withoutResult,
            Billed(unnamed), unnamed.GetValueOrDefault(SessionCheck.Agree), Are(SessionCheck.TranscriptOnly), unknownCosts);
        return (checks, named.Values.Sum());
    }
}
