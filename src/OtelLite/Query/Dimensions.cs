using Microsoft.Data.Sqlite;

namespace OtelLite.Query;

/// <summary>By what the figures of a scope can be narrowed and split: each list sorted, and at most <see cref="Limits.DimensionValuesMax"/> long.</summary>
/// <param name="Sources">What requests were for, as clients call it.</param>
/// <param name="ResourceAttributes">The keys of what the sessions' resources say of themselves.</param>
internal sealed record Dimensions(
    IReadOnlyList<string> Models, IReadOnlyList<string> Projects, IReadOnlyList<string> Machines, IReadOnlyList<string> Sources, IReadOnlyList<string> Tools,
    IReadOnlyList<string> ResourceAttributes);

internal static class DimensionsQuery
{
    public static Dimensions Read(SqliteConnection connection, Scope scope)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        return new Dimensions(
            Names(connection, command => $"SELECT DISTINCT model FROM ({scope.Amounts(command)}) WHERE value <> 0"),
            Values(connection, command => $"SELECT DISTINCT project AS value FROM usage_session WHERE id IN ({scope.SessionsOf(command)})"),
            Values(connection, command => $"SELECT DISTINCT machine AS value FROM usage_session WHERE id IN ({scope.SessionsOf(command)})"),
            Names(connection, command => $"SELECT DISTINCT query_source FROM usage_request WHERE {scope.Where(command)}"),
            Names(connection, command => $"SELECT DISTINCT tool FROM usage_tool WHERE {scope.ToolsWhere(command)}"),
            Values(connection, command => $"""
                SELECT DISTINCT key AS value FROM otel_resource, json_each(otel_resource.attributes)
                WHERE otel_resource.id IN (SELECT {SessionResource.Column} FROM usage_session WHERE id IN ({scope.SessionsOf(command)}))
                """));
    }

    private static List<string> Names(SqliteConnection connection, Func<SqliteCommand, string> ids) =>
        Values(connection, command => $"SELECT name AS value FROM usage_name WHERE id IN ({ids(command)})");

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
