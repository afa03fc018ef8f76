using Microsoft.Data.Sqlite;

namespace OtelLite.Query;

/// <summary>A program that sent something, by what its resource says.</summary>
internal sealed class SeenClient(string name, string version)
{
    public string Name => name;

    public string Version => version;
}

/// <summary>Who sent last.</summary>
internal static class SeenClientsQuery
{
    /// <summary>Those of the newest rows of each signal; a client that does not tell its version is none.</summary>
    public static IReadOnlyList<SeenClient> Newest(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT DISTINCT attributes ->> '$."service.name"', attributes ->> '$."service.version"' FROM otel_resource
            WHERE id IN (
                      (SELECT resource_id FROM otel_metrics ORDER BY id DESC LIMIT 1),
                      (SELECT resource_id FROM otel_events ORDER BY id DESC LIMIT 1),
                      (SELECT resource_id FROM otel_spans ORDER BY id DESC LIMIT 1))
                  AND attributes ->> '$."service.version"' IS NOT NULL
            ORDER BY 1, 2
            """;
        using SqliteDataReader row = command.ExecuteReader();
        List<SeenClient> clients = [];
        while (row.Read())
        {
            clients.Add(new SeenClient(row.IsDBNull(0) ? "" : row.GetString(0), row.GetString(1)));
        }

        return clients;
    }
}
