using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace OtelLite.Query;

/// <summary>An official usage reading as it is stored.</summary>
/// <param name="Limits">The object that was posted; its shape is the poster's.</param>
internal sealed record ScrapeReading(long Id, DateTimeOffset ScrapedAt, DateTimeOffset ReceivedAt, string? Source, JsonElement? Limits);

internal static class ScrapesQuery
{
    /// <summary>The newest readings, by when they were taken; the newest first.</summary>
    public static IReadOnlyList<ScrapeReading> Newest(SqliteConnection connection, int limit)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT id, scraped_at_unix_nano, received_unix_nano, source, limits FROM scrape ORDER BY scraped_at_unix_nano DESC, id DESC LIMIT $limit";
        command.Parameters.AddWithValue("$limit", limit);
        return ReadAll(command);
    }

    /// <summary>The newest of those that carry limits.</summary>
    public static IReadOnlyList<ScrapeReading> NewestWithLimits(SqliteConnection connection, int limit)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT id, scraped_at_unix_nano, received_unix_nano, source, limits FROM scrape WHERE limits IS NOT NULL
            ORDER BY scraped_at_unix_nano DESC, id DESC LIMIT $limit
            """;
        command.Parameters.AddWithValue("$limit", limit);
        return ReadAll(command);
    }

    public static ScrapeReading? ById(SqliteConnection connection, long id)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT id, scraped_at_unix_nano, received_unix_nano, source, limits FROM scrape WHERE id = $id";
        command.Parameters.AddWithValue("$id", id);
        return ReadAll(command).FirstOrDefault();
    }

    private static List<ScrapeReading> ReadAll(SqliteCommand command)
    {
        List<ScrapeReading> scrapes = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            JsonElement? limits = null;
            if (!row.IsDBNull(4))
            {
                using var document = JsonDocument.Parse(row.GetString(4));
                limits = document.RootElement.Clone();
            }

            scrapes.Add(new ScrapeReading(
                row.GetInt64(0), UnixNano.ToTime(row.GetInt64(1)), UnixNano.ToTime(row.GetInt64(2)), row.IsDBNull(3) ? null : row.GetString(3), limits));
        }

        return scrapes;
    }
}
