using System.Globalization;
using Microsoft.Data.Sqlite;

namespace OtelLite.Query;

/// <summary>Finds sessions by a part of what names them.</summary>
internal static class SessionText
{
    /// <summary>A further condition on usage_session, with its parameters added to the command: the text is part of the id, the name, the project, the repository, the branch, the machine, a model
    /// or a value of the resource, whatever the case of its letters. Nothing for an empty text.</summary>
    public static string Condition(SqliteConnection connection, SqliteCommand command, string text)
    {
        if (text.Length == 0)
        {
            return "";
        }

        bool Fits(string? name) => name is not null && CultureInfo.InvariantCulture.CompareInfo.IndexOf(name, text, CompareOptions.OrdinalIgnoreCase) >= 0;
        // Names are few and sessions many: which names fit is found first.
        List<string> conditions = ["session_id LIKE $text ESCAPE '\\'", "session_name LIKE $text ESCAPE '\\'"];
        command.Parameters.AddWithValue("$text", $"%{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%");
        foreach (string column in Scope.OfSession)
        {
            string[] names = [.. Rows(connection, Distinct(column)).Where(r => Fits(r.Name)).Select(r => r.Name)];
            if (names.Length > 0)
            {
                conditions.Add($"{column} IN ({string.Join(", ", names.Select((name, i) =>
                {
                    command.Parameters.AddWithValue($"${column}Text{i}", name);
                    return $"${column}Text{i}";
                }))})");
            }
        }

        string models = Ids(Rows(connection, "SELECT id, name FROM usage_name WHERE EXISTS (SELECT 1 FROM usage_session_model WHERE model = usage_name.id)").Where(r => Fits(r.Name)));
        if (models.Length > 0)
        {
            conditions.Add($"id IN (SELECT session FROM usage_session_model WHERE model IN ({models}))");
        }

        string resources = Ids(Rows(connection, "SELECT otel_resource.id, each.atom FROM otel_resource, json_each(attributes) each WHERE each.type = 'text'").Where(r => Fits(r.Name)));
        if (resources.Length > 0)
        {
            conditions.Add($"resource IN ({resources})");
        }

        return $" AND ({string.Join(" OR ", conditions)})";
    }

    // From one name to the next in the index: of a hundred thousand sessions only as many rows as there are names.
    private static string Distinct(string column) => $"""
        WITH RECURSIVE names (name) AS (
            SELECT min({column}) FROM usage_session WHERE {column} IS NOT NULL
            UNION ALL SELECT (SELECT min({column}) FROM usage_session WHERE {column} > name) FROM names WHERE name IS NOT NULL)
        SELECT 0, name FROM names WHERE name IS NOT NULL
        """;

    private static string Ids(IEnumerable<(object Id, string Name)> rows) => string.Join(", ", rows.Select(r => (long)r.Id).Distinct());

    private static List<(object Id, string Name)> Rows(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        List<(object, string)> rows = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            rows.Add((row.GetValue(0), row.GetString(1)));
        }

        return rows;
    }
}
