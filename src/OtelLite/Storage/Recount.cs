using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>Makes all that is counted anew from the raw tables, through the same code that counted it when it arrived, in one transaction.</summary>
internal static class Recount
{
    // Sessions and names keep their rows, so that a running server's memory of their ids stays true; what they say is found again.
    private const string Empty = """
        DELETE FROM usage_request; DELETE FROM usage_point; DELETE FROM usage_witness; DELETE FROM usage_tally;
        DELETE FROM usage_tool; DELETE FROM usage_prompt; DELETE FROM usage_sequence; DELETE FROM usage_quarter;
        UPDATE usage_session SET first_unix_nano = 9223372036854775807, last_unix_nano = 0, received_unix_nano = 0, did_something = 0,
            project = NULL, project_unix_nano = 0, machine = NULL, missing_events = 0;
        """;

    /// <inheritdoc cref="Run(SqliteConnection)"/>
    /// <exception cref="StorageException">The folder or file can't be used.</exception>
    public static long Run(string dataDir, Durability durability)
    {
        using SqliteConnection connection = Database.OpenWriter(dataDir, durability);
        return Run(connection);
    }

    /// <summary>The number of points and records that were counted.</summary>
    /// <exception cref="SqliteException">The file can't be written, or another program holds it; then nothing is changed.</exception>
    public static long Run(SqliteConnection connection)
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        Database.Execute(connection, Empty);
        long rows;
        using (var usage = new UsageTables(connection))
        using (var stored = new StoredBatches(connection))
        {
            rows = stored.Each(usage.Write);
        }

        Database.Execute(connection, "DELETE FROM usage_session WHERE last_unix_nano = 0");
        transaction.Commit();
        return rows;
    }
}
