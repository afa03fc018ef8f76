using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>
/// Adds what arrived in another database to one that was recovered: what was sent and told, and nothing that is counted of it, which a recount makes. What that one has of the same damaged file
/// already, under the same ids, is not added again: who was killed at the end of a recovery does all of it once more.
/// </summary>
internal static class NewerRows
{
    private static readonly string Shared = $"""
        INSERT OR IGNORE INTO main.otel_resource (hash, attributes, dropped_attributes_count, schema_url)
            SELECT hash, attributes, dropped_attributes_count, schema_url FROM newer.otel_resource;
        INSERT OR IGNORE INTO main.otel_scope (hash, name, version, attributes, dropped_attributes_count, schema_url)
            SELECT hash, name, version, attributes, dropped_attributes_count, schema_url FROM newer.otel_scope;
        INSERT OR IGNORE INTO main.otel_body SELECT * FROM newer.otel_body;
        INSERT OR REPLACE INTO main.otel_series SELECT * FROM newer.otel_series;
        INSERT INTO main.session_place ({SessionPlaceTable.Told}) SELECT {SessionPlaceTable.Told} FROM newer.session_place WHERE true {SessionPlaceTable.OnConflict};
        {SessionPlaceTable.SetProject};
        INSERT INTO main.scrape (scraped_at_unix_nano, received_unix_nano, source, limits)
            SELECT scraped_at_unix_nano, received_unix_nano, source, limits FROM newer.scrape
            EXCEPT SELECT scraped_at_unix_nano, received_unix_nano, source, limits FROM main.scrape;
        """;

    /// <summary>How many raw rows were added.</summary>
    /// <exception cref="SqliteException">It can't be read or written; nothing was added.</exception>
    /// <exception cref="IOException">It has counted what it no longer has.</exception>
    public static long Add(SqliteConnection connection, string path)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "ATTACH $path AS newer";
        command.Parameters.AddWithValue("$path", path);
        command.ExecuteNonQuery();
        RefuseRemoved(connection);
        long rows = 0;
        using (SqliteTransaction transaction = connection.BeginTransaction())
        {
            Database.Execute(connection, Shared);
            foreach ((string table, _, _, _) in Prune.Raw)
            {
                using var add = new Statement(connection, Copy(connection, table));
                rows += add.Begin().Run();
            }

            transaction.Commit();
        }

        Database.Execute(connection, "DETACH newer");
        return rows;
    }

    // What is counted of rows that are gone can't be added to what is counted of others.
    private static void RefuseRemoved(SqliteConnection connection)
    {
        using var ask = new Statement(connection, "SELECT (SELECT max(before_unix_nano) FROM newer.otel_removed) > (SELECT max(before_unix_nano) FROM main.otel_removed)");
        if (ask.Begin().Scalar() == 1)
        {
            throw new IOException("raw records of what has arrived since are removed already, and without them it can't be added: recover into a folder of its own, with --data-dir DIR");
        }
    }

    // In the order of arrival. Ids are the new file's own, and resources and scopes are found by their content.
    private static string Copy(SqliteConnection connection, string table)
    {
        List<string> columns = [];
        using (SqliteCommand command = connection.CreateCommand())
        {
            command.CommandText = $"SELECT name FROM pragma_table_info('{table}') WHERE name NOT IN ('id', 'resource_id', 'scope_id')";
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                columns.Add(row.GetString(0));
            }
        }

        string list = string.Join(", ", columns);
        return $"""
            INSERT OR IGNORE INTO main.{table} ({list}, resource_id, scope_id)
            SELECT {list},
                (SELECT r.id FROM newer.otel_resource n JOIN main.otel_resource r ON r.hash = n.hash WHERE n.id = row.resource_id),
                (SELECT s.id FROM newer.otel_scope n JOIN main.otel_scope s ON s.hash = n.hash WHERE n.id = row.scope_id)
            FROM newer.{table} row
            WHERE NOT EXISTS (SELECT 1 FROM main.{table} old WHERE old.id = row.id AND {string.Join(" AND ", columns.Select(c => $"old.{c} IS row.{c}"))})
            ORDER BY row.id
            """;
    }
}
