using System.Diagnostics;
using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// Makes all that is counted anew from the raw tables, through the same code that counted it when it arrived. Session by session, each in a
/// transaction of its own, so that a running server gets its turn: at any moment each session is counted as before or anew, never in part, and
/// whoever stops it in between leaves a file that is right. What has no session id is one group and one transaction.
/// </summary>
internal static class Recount
{
    // What was counted of removed raw rows stays; from there on all is taken out. A request of which one teller's row was removed stays as both left it. Sessions and names keep their rows, so that a running server's
    // memory of their ids stays true; a session of which nothing is stored any more has done nothing.
    private const string TakeOut = """
        DELETE FROM usage_request WHERE session = $id AND time_unix_nano >= $from AND coalesce(transcript_unix_nano, $from) >= $from;
        DELETE FROM usage_telling WHERE session = $id AND first_unix_nano >= $from;
        DELETE FROM usage_point WHERE session = $id AND time_unix_nano >= $from;
        DELETE FROM usage_tally WHERE session = $id AND time_unix_nano >= $from;
        DELETE FROM usage_tool WHERE session = $id AND time_unix_nano >= $from;
        DELETE FROM usage_decision WHERE session = $id AND time_unix_nano >= $from;
        DELETE FROM usage_prompt WHERE session = $id AND time_unix_nano >= $from;
        DELETE FROM usage_sequence WHERE session = $id AND time_unix_nano >= $from;
        DELETE FROM usage_hole WHERE session = $id;
        UPDATE usage_call SET accepted_unix_nano = iif(accepted_unix_nano >= $from, NULL, accepted_unix_nano),
            result_unix_nano = iif(result_unix_nano >= $from, NULL, result_unix_nano) WHERE session = $id;
        DELETE FROM usage_call WHERE session = $id AND accepted_unix_nano IS NULL AND result_unix_nano IS NULL;
        UPDATE usage_session SET first_unix_nano = 9223372036854775807, last_unix_nano = 0, received_unix_nano = 0, did_something = 0,
            project = (SELECT project FROM session_place WHERE session_place.session_id = usage_session.session_id), project_unix_nano = 0, machine = NULL, machine_unix_nano = 0, has_points = 0, has_records = 0,
            resource = NULL, resource_unix_nano = 0 WHERE id = $id AND $from = 0;
        """;

    // What is left is the state from which counting goes on.
    private static readonly string AddUp = $"""
        DELETE FROM usage_session_model WHERE session = $id;
        DELETE FROM usage_quarter WHERE session = $id;
        INSERT INTO usage_quarter (session, quarter, model, figure, value)
            SELECT session, time_unix_nano / {QuarterTable.QuarterNano}, model, figure, sum(value) FROM usage_amount
            WHERE session = $id GROUP BY 1, 2, 3, 4;
        DELETE FROM usage_witness WHERE session = $id;
        INSERT INTO usage_witness (session, model, kind, metrics, auxiliary, events, rest, transcripts)
            SELECT session, model, kind, sum(metrics), sum(auxiliary), sum(events), sum(rest), sum(transcripts) FROM (
                SELECT session, model, kind, value AS metrics, auxiliary, 0 AS events, rest, 0 AS transcripts FROM usage_point WHERE session = $id
                {EventsByKind()})
            GROUP BY 1, 2, 3;
        INSERT INTO usage_hole (session, level, sequence, since_unix_nano, time_unix_nano, sender, missing)
            SELECT session, level, sequence, since, time_unix_nano, sender, iif(EXISTS (
                {SequenceTable.IsElsewhere("hole.sequence - 1", "hole.sender", "since", "hole.time_unix_nano", "hole.session")}), 0, sequence - before - 1)
            FROM (SELECT *, lag(sequence) OVER chain AS before, lag(time_unix_nano) OVER chain AS since FROM usage_sequence
                  WHERE session = $id WINDOW chain AS (PARTITION BY level ORDER BY sequence)) hole
            WHERE before < sequence - 1 AND since <= time_unix_nano;
        """;

    /// <inheritdoc cref="Run(SqliteConnection)"/>
    /// <exception cref="StorageException">The folder or file can't be used.</exception>
    public static long Run(string dataDir, Durability durability)
    {
        using SqliteConnection connection = Database.OpenWriter(dataDir, durability);
        return Run(connection);
    }

    /// <summary>The same, with something read before and after it.</summary>
    /// <inheritdoc cref="Run(SqliteConnection)"/>
    /// <exception cref="StorageException">The folder or file can't be used.</exception>
    public static (long Rows, T Before, T After) Run<T>(string dataDir, Durability durability, Func<SqliteConnection, T> read)
    {
        using SqliteConnection connection = Database.OpenWriter(dataDir, durability);
        T before = read(connection);
        return (Run(connection), before, read(connection));
    }

    /// <summary>The number of points, records and spans that were counted.</summary>
    /// <exception cref="SqliteException">The file can't be written, or another program holds it; the sessions before are counted anew.</exception>
    public static long Run(SqliteConnection connection)
    {
        using var usage = new UsageTables(connection);
        using var stored = new StoredBatches(connection);
        long rows = 0;
        Mend(connection, SessionRows.IsAsMade, SessionRows.MakeAll);
        Mend(connection, SequenceTable.AreSendersAsMade, SequenceTable.MakeSenders);
        List<string?> groups = Groups(connection), withCopies = [];
        foreach (string? session in groups)
        {
            rows += Transacted(connection, () => Run(connection, session, usage, stored, withCopies));
        }

        foreach (string? session in withCopies)
        {
            Transacted(connection, () => TellAgain(connection, session, usage, stored));
        }

        AddUpAll(connection);
        return rows;
    }

    // What is kept is nearly always right, so it is looked at without a lock first.
    private static void Mend(SqliteConnection connection, Func<SqliteConnection, bool> isAsMade, Action<SqliteConnection> makeAll)
    {
        bool isRight;
        using (SqliteTransaction snapshot = connection.BeginTransaction(deferred: true))
        {
            isRight = isAsMade(connection);
        }

        if (!isRight)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            makeAll(connection);
            transaction.Commit();
        }
    }

    private static long Transacted(SqliteConnection connection, Func<long> count)
    {
        var watch = Stopwatch.StartNew();
        using SqliteTransaction transaction = connection.BeginTransaction();
        long rows = count();
        transaction.Commit();

        // Who waits for the lock looks for it now and then: as long as it was held it is free.
        Thread.Sleep(watch.Elapsed);
        return rows;
    }

    // Sessions only change the sums over all of them by what they differ; what was wrong in these stays wrong. They are nearly always right, so they are
    // looked at without a lock first.
    private static void AddUpAll(SqliteConnection connection)
    {
        foreach (SumsTable sums in SumsTable.All)
        {
            if (Ids(connection, $"SELECT EXISTS (SELECT * FROM ({sums.Kept}) EXCEPT {sums.Made}) OR EXISTS (SELECT * FROM ({sums.Made}) EXCEPT {sums.Kept})", null)[0] != 0)
            {
                using SqliteTransaction transaction = connection.BeginTransaction();
                Database.Execute(connection, $"DELETE FROM {sums.Table}; INSERT INTO {sums.Table} ({string.Join(", ", sums.PrimaryKey.Concat(sums.Sums))}) {sums.Made};");
                transaction.Commit();
            }
        }

        Mend(connection, SpreadTable.IsAsMade, SpreadTable.MakeAll);
    }

    /// <summary>The same in the transaction that is open, for a file that nobody else can use yet.</summary>
    public static void RunWithin(SqliteConnection connection)
    {
        using var usage = new UsageTables(connection);
        using var stored = new StoredBatches(connection);
        SessionRows.MakeAll(connection);
        List<string?> withCopies = [];
        foreach (string? session in Groups(connection))
        {
            Run(connection, session, usage, stored, withCopies);
        }

        foreach (string? session in withCopies)
        {
            TellAgain(connection, session, usage, stored);
        }
    }

    // Adds the session to those whose transcripts tell of other sessions' requests, where it is one.
    private static long Run(SqliteConnection connection, string? session, UsageTables usage, StoredBatches stored, List<string?> withCopies)
    {
        // Between two groups a running server may have written.
        usage.Forget();
        long from = From(connection);
        const string ids = "SELECT id FROM usage_session WHERE";
        foreach (long id in Ids(connection, session is null ? $"{ids} NOT is_named" : $"{ids} session_id = $session", session))
        {
            usage.TakeOut(id);
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = TakeOut + AddUp;
            command.Parameters.AddWithValue("$id", id);
            command.Parameters.AddWithValue("$from", from);
            command.ExecuteNonQuery();
            usage.PutBack(id);
        }

        usage.Write();
        usage.HasCopies = false;
        long rows = stored.Each(session, from, usage.Write);
        if (usage.HasCopies)
        {
            withCopies.Add(session);
        }

        return rows;
    }

    // That a copy told of a request is written at the request, and was lost where that one's session was counted anew after the copy's. What a transcript
    // told already changes nothing when it is told again.
    private static long TellAgain(SqliteConnection connection, string? session, UsageTables usage, StoredBatches stored) =>
        stored.EachOfTranscripts(session, From(connection), usage.Write);

    private static long From(SqliteConnection connection) => Ids(connection, "SELECT before_unix_nano FROM otel_removed", null)[0];

    private static string EventsByKind() => string.Concat(UsageTables.ColumnOf.Select(k => $"""
        UNION ALL SELECT session, model, {(int)k.Key}, 0, iif(origin = 3, -{k.Value}, 0), {k.Value}, 0, iif(told_by = {(int)Teller.Transcript}, {k.Value}, 0) FROM usage_request WHERE session = $id AND {k.Value} <> 0

        """));

    // Null stands for what has no session id.
    private static List<string?> Groups(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT session_id FROM usage_session WHERE is_named";
        List<string?> groups = [null];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            groups.Add(row.GetString(0));
        }

        return groups;
    }

    private static List<long> Ids(SqliteConnection connection, string sql, string? session)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        if (session is not null)
        {
            command.Parameters.AddWithValue("$session", session);
        }

        List<long> ids = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            ids.Add(row.GetInt64(0));
        }

        return ids;
    }
}
