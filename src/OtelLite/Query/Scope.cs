using Microsoft.Data.Sqlite;

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
    /// The WHERE clause over a usage table, with its parameters added to the command. Rows without a model (a commit, a
    /// prompt) are not part of a figure that is narrowed to a model.
    /// </summary>
    /// <param name="model">The column with the model's id, or an expression that is true for the named models.</param>
    public string Where(SqliteCommand command, string? model = "model", string time = "time_unix_nano", string session = "session")
    {
        Bind(command, "$from", FromUnixNano);
        Bind(command, "$to", ToUnixNano);
        string where = $"{time} >= $from AND {time} < $to";
        if (model is not null && Models.Count > 0)
        {
            where += $" AND {model} IN (SELECT id FROM usage_name WHERE name IN ({Bind(command, "$model", Models)}))";
        }

        string sessions = WhereSession(command);
        return sessions.Length == 0 ? where : $"{where} AND {session} IN (SELECT id FROM usage_session WHERE {sessions})";
    }

    /// <summary>The condition on <c>usage_session</c>, or nothing.</summary>
    public string WhereSession(SqliteCommand command) => string.Join(" AND ", new[]
    {
        Condition(command, "session_id", Sessions),
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
