using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>By what the figures of a scope can be narrowed and split: each list sorted, and at most <see cref="Limits.DimensionValuesMax"/> long.</summary>
/// <param name="Sources">What requests were for, as clients call it.</param>
/// <param name="ResourceAttributes">The keys of what the sessions' resources say of themselves.</param>
internal sealed record Dimensions(
    IReadOnlyList<string> Models, IReadOnlyList<string> Projects, IReadOnlyList<string> Machines, IReadOnlyList<string> Repositories, IReadOnlyList<string> Branches, IReadOnlyList<string> Sources, IReadOnlyList<string> Tools,
    IReadOnlyList<string> ResourceAttributes);

internal static class DimensionsQuery
{
    public static Dimensions Read(SqliteConnection connection, Scope scope)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        return new Dimensions(
            Names(connection, "model", command => SumsQuery.Of(command, scope, SumsTable.Figures, FigureColumns.All), FigureColumns.All),
            Values(connection, command => SessionsOf(command, scope, "project")),
            Values(connection, command => SessionsOf(command, scope, "machine")),
            Values(connection, command => SessionsOf(command, scope, "repository")),
            Values(connection, command => SessionsOf(command, scope, "branch")),
            Names(connection, "source", command => SumsQuery.Of(command, scope, SumsTable.Sources, ["requests"]), ["requests"]),
            Names(connection, "tool", command => SumsQuery.Of(command, scope, SumsTable.Tools, ["calls"]), ["calls"]),
            Values(connection, command => $"""
                SELECT DISTINCT key AS value FROM otel_resource, json_each(otel_resource.attributes)
                WHERE otel_resource.id IN ({SessionsOf(command, scope, "resource")})
                """));
    }

    // Of those that were at work around the scope; whether they did something within it would be a look at every hour of each. Each column has an
    // index with the times of its sessions.
    private static string SessionsOf(SqliteCommand command, Scope scope, string column)
    {
        string sessions = scope.WhereSession(command), index = scope.IsOfSessions ? "" : $"INDEXED BY usage_session_{column}";
        command.Parameters.AddWithValue("$from", scope.FromUnixNano);
        command.Parameters.AddWithValue("$to", scope.ToUnixNano);
        return $"""
            SELECT DISTINCT {column} AS value FROM usage_session {index}
            WHERE {column} IS NOT NULL AND last_unix_nano >= $from AND first_unix_nano < $to{(sessions.Length > 0 ? " AND " + sessions : "")} {scope.AndUsesModel(command)}
            """;
    }

    private static List<string> Names(SqliteConnection connection, string key, Func<SqliteCommand, string> rows, IReadOnlyList<string> columns) =>
        Values(connection, command => $"""
            SELECT name AS value FROM usage_name
            WHERE id IN (SELECT {key} FROM ({rows(command)}) WHERE {string.Join(" OR ", columns.Select(c => $"{c} <> 0"))})
            """);

    // What was not told is no value.
    private static List<string> Values(SqliteConnection connection, Func<SqliteCommand, string> values)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT value FROM ({values(command)}) WHERE value <> '' ORDER BY value LIMIT $limit";
        command.Parameters.AddWithValue("$limit", Limits.DimensionValuesMax);
        List<string> found = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            found.Add(row.GetString(0));
        }

        return found;
    }
}
