using System.Globalization;
using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>Makes all that is counted anew from the raw tables, through the same code that counted it when it arrived, in one transaction.</summary>
internal static class Recount
{
    // What was counted of removed raw rows stays; from there on all is taken out. Sessions and names keep their rows, so that a running server's
    // memory of their ids stays true.
    private const string TakeOut = """
        DELETE FROM usage_request WHERE time_unix_nano >= $from; DELETE FROM usage_point WHERE time_unix_nano >= $from;
        DELETE FROM usage_tally WHERE time_unix_nano >= $from; DELETE FROM usage_tool WHERE time_unix_nano >= $from;
        DELETE FROM usage_prompt WHERE time_unix_nano >= $from; DELETE FROM usage_sequence WHERE time_unix_nano >= $from;
        UPDATE usage_session SET first_unix_nano = 9223372036854775807, last_unix_nano = 0, received_unix_nano = 0, did_something = 0,
            project = NULL, project_unix_nano = 0, machine = NULL WHERE $from = 0;
        UPDATE usage_session SET missing_events = (
            SELECT coalesce(sum(sequence - before - 1), 0) FROM (
                SELECT sequence, lag(sequence) OVER (ORDER BY time_unix_nano, sequence) AS before FROM usage_sequence WHERE session = usage_session.id)
            WHERE sequence > before + 1);
        """;

    // What is left is the state from which counting goes on.
    private static readonly string AddUp = $"""
        DELETE FROM usage_quarter;
        INSERT INTO usage_quarter SELECT time_unix_nano / {QuarterTable.QuarterNano}, session, model, figure, sum(value) FROM usage_amount GROUP BY 1, 2, 3, 4;
        DELETE FROM usage_witness;
        INSERT INTO usage_witness
            SELECT session, model, kind, sum(metrics), sum(events), sum(rest) FROM (
                SELECT session, model, kind, value AS metrics, 0 AS events, rest FROM usage_point
                UNION ALL SELECT session, model, figure, 0, value, 0 FROM usage_amount WHERE figure <= {(int)Figure.Cost})
            GROUP BY 1, 2, 3;
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
        long from = Scalar(connection, "SELECT before_unix_nano FROM otel_removed");
        Database.Execute(connection, TakeOut.Replace("$from", from.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        Database.Execute(connection, AddUp);
        long rows;
        using (var usage = new UsageTables(connection))
        using (var stored = new StoredBatches(connection))
        {
            rows = stored.Each(from, usage.Write);
        }

        Database.Execute(connection, "DELETE FROM usage_session WHERE last_unix_nano = 0");
        transaction.Commit();
        return rows;
    }

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
