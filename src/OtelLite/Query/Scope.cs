using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>
/// Which part of what is stored a figure is about: a time range <c>[From, To)</c> in nanoseconds since 1970 by when things
/// happened at the client, and filters. Null or empty does not narrow.
/// </summary>
internal sealed record Scope
{
    public long FromUnixNano { get; init; }

    public long ToUnixNano { get; init; } = long.MaxValue;

    public IReadOnlyList<string> Models { get; init; } = [];

    public IReadOnlyList<string> Sessions { get; init; } = [];

    public IReadOnlyList<string> Projects { get; init; } = [];

    public IReadOnlyList<string> Machines { get; init; } = [];

    /// <summary>
    /// The same scope, no wider than what its sessions did: of a filter by session, project or machine only their own time is looked at, and
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
    /// not part of a figure that is narrowed to a model.
    /// </summary>
    /// <param name="exactTimes">Every amount at its own time: for series with buckets shorter than a quarter.</param>
    public string Amounts(SqliteCommand command, bool exactTimes = false)
    {
        const string columns = "session, model, figure, value";
        const long nano = QuarterTable.QuarterNano;
        string models = AndModel(command, "model");
        string filters = Filters(command, "model");
        string sessions = WhereSession(command);
        Bind(command, "$from", FromUnixNano);
        Bind(command, "$to", ToUnixNano);
        long first = FromUnixNano / nano + (FromUnixNano % nano == 0 ? 0 : 1);
        long end = ToUnixNano / nano;
        if (exactTimes || first >= end)
        {
            return $"SELECT time_unix_nano, {columns} FROM usage_amount WHERE time_unix_nano >= $from AND time_unix_nano < $to{filters}";
        }

        Bind(command, "$first", first);
        Bind(command, "$end", end);
        Bind(command, "$firstTime", first * nano);
        Bind(command, "$endTime", end * nano);
        return $"""
            SELECT quarter * {nano} AS time_unix_nano, {columns} FROM usage_quarter
            WHERE session IN (SELECT id FROM usage_session WHERE last_unix_nano >= $from AND first_unix_nano < $to{(sessions.Length > 0 ? " AND " + sessions : "")})
                  AND quarter >= $first AND quarter < $end{models}
            UNION ALL SELECT time_unix_nano, {columns} FROM usage_amount WHERE time_unix_nano >= $from AND time_unix_nano < $firstTime{filters}
            UNION ALL SELECT time_unix_nano, {columns} FROM usage_amount WHERE time_unix_nano >= $endTime AND time_unix_nano < $to{filters}
            """;
    }

    /// <summary>A SELECT of the sessions that did something in the scope; one that did nothing (only start-up records) has no row in any of these.</summary>
    public string SessionsOf(SqliteCommand command) => $"SELECT DISTINCT session FROM ({Amounts(command)}) WHERE value <> 0";

    /// <summary>A further condition on usage_session: one of the named models was asked in it.</summary>
    public string AndUsesModel(SqliteCommand command) => Models.Count == 0 ? "" : $"""
        AND id IN (SELECT session FROM usage_witness WHERE model IN (SELECT id FROM usage_name WHERE name IN ({Bind(command, "$model", Models)})))
        """;

    /// <summary>A further condition: one of the named models.</summary>
    /// <param name="model">The column with its id.</param>
    public string AndModel(SqliteCommand command, string model) =>
        Models.Count == 0 ? "" : $" AND {model} IN (SELECT id FROM usage_name WHERE name IN ({Bind(command, "$model", Models)}))";

    private string Filters(SqliteCommand command, string model)
    {
        string models = AndModel(command, model);
        string sessions = WhereSession(command);
        return sessions.Length == 0 ? models : $"{models} AND session IN (SELECT id FROM usage_session WHERE {sessions})";
    }

    /// <summary>The condition on <c>usage_session</c>, or nothing.</summary>
    public string WhereSession(SqliteCommand command) => string.Join(" AND ", new[]
    {
        // An empty id names what was sent without one.
        Sessions.Contains("") ? $"(NOT is_named OR {Condition(command, "session_id", Sessions)})" : Condition(command, "session_id", Sessions),
        Condition(command, "project", Projects),
        Condition(command, "machine", Machines),
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
