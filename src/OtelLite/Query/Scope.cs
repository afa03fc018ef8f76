using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>
/// Which part of what is stored a figure is about: a time range <c>[From, To)</c> in nanoseconds since 1970 by when things
/// happened at the client, and filters. Null or empty does not narrow.
/// </summary>
internal sealed record Scope
{
    /// <summary>What is known of a session as a whole, by which figures are narrowed and split: columns of usage_session, each with an index.</summary>
    public static readonly IReadOnlyList<string> OfSession = ["project", "machine", "repository", "branch"];

    // As the index usage_session_long has it.
    private const long LongNano = 86_400_000_000_000;

    public long FromUnixNano { get; init; }

    public long ToUnixNano { get; init; } = long.MaxValue;

    public IReadOnlyList<string> Models { get; init; } = [];

    public IReadOnlyList<string> Sessions { get; init; } = [];

    public IReadOnlyList<string> Projects { get; init; } = [];

    public IReadOnlyList<string> Machines { get; init; } = [];

    public IReadOnlyList<string> Repositories { get; init; } = [];

    public IReadOnlyList<string> Branches { get; init; } = [];

    /// <summary>
    /// The same scope, no wider than what its sessions did: of a filter by what sessions are only their own time is looked at, and
    /// not all that is stored.
    /// </summary>
    public Scope Narrowed(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        string sessions = WhereSession(command);
        if (sessions.Length == 0)
        {
            return this;
        }

        command.CommandText = $"SELECT min(first_unix_nano), max(last_unix_nano) FROM usage_session WHERE {sessions}";
        using SqliteDataReader row = command.ExecuteReader();
        row.Read();
        return row.IsDBNull(0) ? this with { FromUnixNano = 0, ToUnixNano = 0 } : this with
        {
            FromUnixNano = Math.Max(FromUnixNano, row.GetInt64(0)),
            ToUnixNano = Math.Min(ToUnixNano, Math.Min(row.GetInt64(1), long.MaxValue - 1) + 1),
        };
    }

    /// <summary>The WHERE clause over a usage table, with its parameters added to the command.</summary>
    /// <param name="model">The column with the model's id, or an expression that gives it.</param>
    public string Where(SqliteCommand command, string model = "model")
    {
        Bind(command, "$from", FromUnixNano);
        Bind(command, "$to", ToUnixNano);
        return "time_unix_nano >= $from AND time_unix_nano < $to" + Filters(command, model);
    }

    /// <summary>
    /// A SELECT of all amounts in the scope (time_unix_nano, session, model, figure, value): whole quarters of an hour from their totals, where the
    /// time is the quarter's start, and what is left at both ends from the rows themselves. Rows without a model (a commit, a prompt) are
    /// not part of a figure that is narrowed to a model. Of many sessions this is a lot; <see cref="FigureSums"/> reads less.
    /// </summary>
    /// <param name="exactTimes">Every amount at its own time: for series with buckets shorter than a quarter.</param>
    public string Amounts(SqliteCommand command, bool exactTimes = false)
    {
        Bind(command, "$from", FromUnixNano);
        Bind(command, "$to", ToUnixNano);
        return exactTimes
            ? $"SELECT time_unix_nano, session, model, figure, value FROM usage_amount WHERE {Where(command)}"
            : AmountsOf(command, $"SELECT id FROM usage_session WHERE last_unix_nano >= $from AND first_unix_nano < $to{AndSession(command)}");
    }

    /// <summary>The same of these sessions, whatever the scope says of sessions.</summary>
    /// <param name="sessions">A SELECT of them.</param>
    public string AmountsOf(SqliteCommand command, string sessions)
    {
        const string columns = "session, model, figure, value";
        const long nano = QuarterTable.QuarterNano;
        string where = $"session IN ({sessions}){AndModel(command)}";
        Bind(command, "$from", FromUnixNano);
        Bind(command, "$to", ToUnixNano);
        if (FirstQuarter >= EndQuarter)
        {
            return $"SELECT time_unix_nano, {columns} FROM usage_amount WHERE {where} AND time_unix_nano >= $from AND time_unix_nano < $to";
        }

        Bind(command, "$first", FirstQuarter);
        Bind(command, "$end", EndQuarter);
        string[] parts =
        [
            $"SELECT quarter * {nano} AS time_unix_nano, {columns} FROM usage_quarter WHERE {where} AND quarter >= $first AND quarter < $end",
            .. Ends().Select((end, i) =>
            {
                Bind(command, $"$endFrom{i}", end.From);
                Bind(command, $"$endTo{i}", end.To);
                return $"SELECT time_unix_nano, {columns} FROM usage_amount WHERE {where} AND time_unix_nano >= $endFrom{i} AND time_unix_nano < $endTo{i}";
            }),
        ];
        return string.Join(" UNION ALL ", parts);
    }

    /// <summary>The first whole quarter of an hour of the range.</summary>
    public long FirstQuarter => FromUnixNano / QuarterTable.QuarterNano + (FromUnixNano % QuarterTable.QuarterNano == 0 ? 0 : 1);

    /// <summary>The quarter after the last whole one.</summary>
    public long EndQuarter => ToUnixNano / QuarterTable.QuarterNano;

    /// <summary>The whole steps of the range, in quarters; none, where the first is not before the end.</summary>
    /// <param name="step">Of so many quarters.</param>
    public (long First, long End) Whole(long step) => (FirstQuarter / step * step + (FirstQuarter % step == 0 ? 0 : step), EndQuarter / step * step);

    /// <summary>What of the range is no whole step, at both its ends; all of it, where none is whole.</summary>
    /// <param name="step">Of so many quarters.</param>
    public IEnumerable<(long From, long To)> Ends(long step = 1)
    {
        (long firstQuarter, long endQuarter) = Whole(step);
        (long first, long end) = (firstQuarter * QuarterTable.QuarterNano, endQuarter * QuarterTable.QuarterNano);
        (long From, long To)[] ends = first >= end ? [(FromUnixNano, ToUnixNano)] : [(FromUnixNano, first), (end, ToUnixNano)];
        // After the last step that nanoseconds can tell there is nothing.
        return ends.Where(e => e.From < e.To && (e.From != end || e.To != long.MaxValue));
    }

    /// <summary>Only some sessions are asked for, by what they are.</summary>
    public bool IsOfSessions => Sessions.Count + Projects.Count + Machines.Count + Repositories.Count + Branches.Count > 0;

    /// <summary>The condition on usage_session of those that lie wholly in the range: what they did in all, they did in it.</summary>
    public string Inside(SqliteCommand command)
    {
        // An end that is open narrows nothing, and would mislead SQLite into looking for it first.
        List<string> conditions = ["true"];
        if (FromUnixNano > 0)
        {
            Bind(command, "$from", FromUnixNano);
            conditions.Add("first_unix_nano >= $from");
        }

        if (ToUnixNano < long.MaxValue)
        {
            Bind(command, "$to", ToUnixNano);
            conditions.Add("last_unix_nano < $to");
        }

        return $"{string.Join(" AND ", conditions)}{AndSession(command)}";
    }

    /// <summary>Whether so many sessions lie in it that to pass all is less work than to look for each.</summary>
    public bool HoldsMany(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) > coalesce((SELECT max(id) / 3 FROM usage_session), 0) FROM usage_session WHERE {Inside(command)}";
        return (long)command.ExecuteScalar()! != 0;
    }

    /// <summary>The sessions that lie in the range in part.</summary>
    public HashSet<long> Straddling(SqliteConnection connection)
    {
        HashSet<long> found = [];
        foreach (long edge in new[] { FromUnixNano, ToUnixNano }.Where(e => e is > 0 and < long.MaxValue))
        {
            using SqliteCommand look = connection.CreateCommand();
            Bind(look, "$edge", edge);
            Bind(look, "$dayBefore", edge > LongNano ? edge - LongNano : 0);
            // A session of at most a day began within the day before; the longer ones have an index of their own, which the condition names word by word.
            string sessions = AndSession(look);
            string index = sessions.Length == 0 ? "INDEXED BY usage_session_first" : "", longIndex = sessions.Length == 0 ? "INDEXED BY usage_session_long" : "";
            look.CommandText = $"""
                SELECT id FROM usage_session {index} WHERE first_unix_nano >= $dayBefore AND first_unix_nano < $edge AND last_unix_nano >= $edge{sessions}
                UNION ALL SELECT id FROM usage_session {longIndex}
                WHERE last_unix_nano - first_unix_nano > {LongNano} AND first_unix_nano < $dayBefore AND last_unix_nano >= $edge{sessions}
                """;
            found.UnionWith(Ids(look));
        }

        return found;
    }

    // The rows of which usage_amount (schema.sql) has any: it has up to six for one of these, and is named twice where both ends are asked for.
    private static readonly string[] RowsOfAmounts = ["usage_request WHERE true", "usage_tool WHERE true", "usage_tally tally WHERE tally.value <> 0", "usage_point WHERE rest > 0"];

    /// <summary>Of sessions that lie in the range in part, those that did something in it.</summary>
    public List<long> Doing(SqliteConnection connection, IReadOnlyCollection<long> straddling)
    {
        if (straddling.Count == 0)
        {
            return [];
        }

        // Nearly all did in a whole quarter, which is soon found; to look at all tables for what is left at both ends takes longer to prepare than all else.
        using SqliteCommand quarters = connection.CreateCommand();
        quarters.CommandText = $"""
            SELECT some.value FROM ({Listed(quarters, "$some", straddling)}) some
            WHERE EXISTS (SELECT 1 FROM usage_quarter q WHERE session = some.value AND quarter >= {FirstQuarter} AND quarter < {EndQuarter} AND q.value <> 0{AndModel(quarters)})
            """;
        List<long> doing = Ids(quarters);
        HashSet<long> others = [.. straddling];
        others.ExceptWith(doing);
        if (others.Count > 0 && string.Join(" OR ", Ends().Select(e => $"(time_unix_nano >= {e.From} AND time_unix_nano < {e.To})")) is { Length: > 0 } within)
        {
            using SqliteCommand ends = connection.CreateCommand();
            string models = AndModel(ends);
            ends.CommandText = $"""
                SELECT some.value FROM ({Listed(ends, "$some", others)}) some
                WHERE {string.Join(" OR ", RowsOfAmounts.Select(rows => $"EXISTS (SELECT 1 FROM {rows} AND session = some.value AND ({within}){models})"))}
                """;
            doing.AddRange(Ids(ends));
        }

        return doing;
    }

    /// <summary>The same of these sessions, as few as are told one by one.</summary>
    public string AmountsOf(SqliteCommand command, IReadOnlyCollection<long> sessions)
    {
        Bind(command, "$from", FromUnixNano);
        Bind(command, "$to", ToUnixNano);
        // Mostly there are none, and what SQLite need not read it need not prepare for.
        return sessions.Count == 0
            ? "SELECT NULL AS time_unix_nano, NULL AS session, NULL AS model, NULL AS figure, NULL AS value WHERE false"
            : AmountsOf(command, Listed(command, "$some", sessions));
    }

    /// <summary>The ids that a command selects.</summary>
    public static List<long> Ids(SqliteCommand command)
    {
        List<long> ids = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            ids.Add(row.GetInt64(0));
        }

        return ids;
    }

    /// <summary>
    /// A SELECT of these ids. They are few, and a query that adds up ten tables asks for them in each: SQLite would look for them ten times.
    /// </summary>
    public static string Listed(SqliteCommand command, string name, IEnumerable<long> ids)
    {
        Bind(command, name, $"[{string.Join(',', ids)}]");
        return $"SELECT value FROM json_each({name})";
    }

    /// <summary>A SELECT of the sessions that did something in the scope; one that did nothing (only start-up records) has no row in any of these.</summary>
    public string SessionsOf(SqliteCommand command)
    {
        string inside = $"SELECT id FROM usage_session WHERE has_figures AND {Inside(command)}{AndDidWithModel(command)}";
        return $"{inside} UNION {Listed(command, "$doing", Doing(command.Connection!, Straddling(command.Connection!)))}";
    }

    /// <summary>A further condition on usage_session: what it did in all, some of that was with one of the named models.</summary>
    public string AndDidWithModel(SqliteCommand command)
    {
        if (Models.Count == 0)
        {
            return "";
        }

        // Of 100,000 sessions, all with a model are found in 16 ms and each one's in 90.
        return HoldsMany(command.Connection!)
            ? $" AND +id IN (SELECT session FROM usage_session_model m WHERE m.model IN ({ModelIds(command)}) AND {DidSomething})"
            : $" AND EXISTS (SELECT 1 FROM usage_session_model m WHERE m.session = usage_session.id{AndModel(command, "m.model")} AND {DidSomething})";
    }

    /// <summary>A condition on m, a row of usage_session_model: it is not all zeros, as figures that took each other back leave it.</summary>
    public static string DidSomething { get; } = $"({string.Join(" OR ", FigureColumns.All.Select(c => $"m.{c} <> 0"))})";

    /// <summary>A further condition on usage_session: one of the named models was asked in it.</summary>
    public string AndUsesModel(SqliteCommand command) => Models.Count == 0 ? "" : $"""
        AND EXISTS (SELECT 1 FROM usage_witness WHERE session = usage_session.id AND model IN ({ModelIds(command)}))
        """;

    /// <summary>A further condition on a table that has a model. The plus keeps SQLite from looking for the model first, of which there are few.</summary>
    public string AndModel(SqliteCommand command, string model = "model") =>
        Models.Count == 0 ? "" : $" AND +{model} IN ({ModelIds(command)})";

    private string ModelIds(SqliteCommand command) => $"SELECT id FROM usage_name WHERE name IN ({Bind(command, "$model", Models)})";

    private string Filters(SqliteCommand command, string model)
    {
        string models = AndModel(command, model);
        string sessions = WhereSession(command);
        return sessions.Length == 0 ? models : $"{models} AND session IN (SELECT id FROM usage_session WHERE last_unix_nano >= $from AND first_unix_nano < $to AND {sessions})";
    }

    private string AndSession(SqliteCommand command) => WhereSession(command) is { Length: > 0 } sessions ? $" AND {sessions}" : "";

    /// <summary>The condition on <c>usage_session</c>, or nothing.</summary>
    public string WhereSession(SqliteCommand command) => string.Join(" AND ", new[]
    {
        // An empty id names what was sent without one.
        Sessions.Contains("") ? $"(NOT is_named OR {Condition(command, "session_id", Sessions)})" : Condition(command, "session_id", Sessions),
        Condition(command, "project", Projects),
        Condition(command, "machine", Machines),
        Condition(command, "repository", Repositories),
        Condition(command, "branch", Branches),
    }.Where(c => c.Length > 0));

    private static string Condition(SqliteCommand command, string column, IReadOnlyList<string> values) =>
        values.Count == 0 ? "" : $"{column} IN ({Bind(command, "$" + column, values)})";

    private static string Bind(SqliteCommand command, string name, IReadOnlyList<string> values)
    {
        for (int i = 0; i < values.Count; i++)
        {
            Bind(command, name + i, values[i]);
        }

        return string.Join(", ", Enumerable.Range(0, values.Count).Select(i => name + i));
    }

    // A query over several tables asks for the same condition several times.
    private static void Bind(SqliteCommand command, string name, object value)
    {
        if (!command.Parameters.Contains(name))
        {
            command.Parameters.AddWithValue(name, value);
        }
    }
}
