using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>
/// Which raw rows are of a session: usage_raw, which is written when rows are counted, with the rows of all that is counted together, and taken from when they are removed. It stands for an index
/// of each raw table by its session, of which every transaction wrote a page for each session that is at work: 267 of 1,001 pages of the log under a load of events. What of a run is removed
/// leaves a gap in it, which is nobody else's: ids are never given again.
/// </summary>
internal sealed class SessionRows : IDisposable
{
    private readonly Statement _add;
    private readonly SessionTable _sessions;

    public SessionRows(SqliteConnection connection, SessionTable sessions)
    {
        _add = new(connection, "INSERT OR IGNORE INTO usage_raw (session, signal, first_id, last_id) VALUES (?, ?, ?, ?)");
        _sessions = sessions;
    }

    /// <summary>Adds the rows of a batch that is stored and counted.</summary>
    public void Add(TelemetryBatch batch)
    {
        var run = new Run();
        for (int i = 0; i < batch.DataPoints.Count; i++)
        {
            Add(batch.Text, batch.DataPoints[i].SessionId, Signal.Metrics, batch.PointRows[i], ref run);
        }

        for (int i = 0; i < batch.LogRecords.Count; i++)
        {
            Add(batch.Text, batch.LogRecords[i].SessionId, Signal.Logs, batch.EventRows[i], ref run);
        }

        for (int i = 0; i < batch.Spans.Count; i++)
        {
            if (batch.SpanRows[i] != 0)
            {
                Add(batch.Text, batch.Spans[i].SessionId, Signal.Traces, batch.SpanRows[i], ref run);
            }
        }

        Write(batch.Text, run);
    }

    /// <summary>Adds what a server that was killed has stored and not counted.</summary>
    public static void AddUncounted(SqliteConnection connection)
    {
        for (int i = 0; i < Prune.Raw.Length; i++)
        {
            string table = Prune.Raw[i].Table;
            // They are few, so each may stand for itself.
            Database.Execute(connection, $"INSERT OR IGNORE INTO usage_raw SELECT {Session}, {i}, row.id, row.id FROM {table} row WHERE {Uncounted.IsNear(table, "row.id")} AND NOT {Uncounted.HasNot(table, "row.id")}");
        }
    }

    /// <summary>A statement that takes out the runs of which no row is left when rows of a raw table are removed, which is about to happen.</summary>
    /// <param name="raw">Which of <see cref="Prune.Raw"/>.</param>
    /// <param name="condition">Of the rows, which are called row. Its parameters are numbered.</param>
    public static string TakeOut(int raw, string condition) => $"""
        DELETE FROM usage_raw WHERE (session, signal, first_id) IN (SELECT {Session}, {raw}, ({RunOf(raw, "first_id")}) FROM {Prune.Raw[raw].Table} row WHERE {condition})
            AND NOT EXISTS (SELECT 1 FROM {Prune.Raw[raw].Table} row WHERE row.id BETWEEN usage_raw.first_id AND usage_raw.last_id AND ({condition}) IS NOT TRUE)
        """;

    /// <summary>Whether it has all raw rows that are counted, and no others, and each is of a session that is known. Reads all of them once.</summary>
    public static bool IsAsMade(SqliteConnection connection)
    {
        // Where no two runs have a row in common, and each row is in one of its own session, none is in another's.
        string all = string.Join(" AND ", Prune.Raw.Select((raw, i) => $"""
            NOT EXISTS (SELECT 1 FROM {raw.Table} row WHERE {Uncounted.HasNot(raw.Table, "row.id")} AND coalesce(({RunOf(i, "last_id")}), 0) < row.id)
            AND NOT EXISTS (SELECT 1 FROM (SELECT first_id, lag(last_id) OVER (ORDER BY first_id) AS before FROM usage_raw WHERE signal = {i}) WHERE before >= first_id)
            AND NOT EXISTS (SELECT 1 FROM usage_raw WHERE signal = {i} AND (last_id > coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{raw.Table}'), 0)
                OR NOT EXISTS (SELECT 1 FROM {raw.Table} row WHERE row.id BETWEEN first_id AND last_id AND {Uncounted.HasNot(raw.Table, "row.id")})))
            """));
        using var ask = new Statement(connection, $"SELECT {all} AND NOT EXISTS (SELECT 1 FROM usage_raw WHERE signal NOT BETWEEN 0 AND {Prune.Raw.Length - 1})");
        return ask.Begin().Scalar() == 1;
    }

    /// <summary>Makes it anew from the raw rows, in the transaction that is open, and the rows of sessions that have none.</summary>
    public static void MakeAll(SqliteConnection connection)
    {
        // As a recount leaves a session of which nothing is counted.
        Database.Execute(connection, $"""
            INSERT OR IGNORE INTO usage_session (session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something, folder, project, repository, branch, pull_request, session_name)
                SELECT raw.session_id, 1, {long.MaxValue}, 0, 0, 0, folder, project, repository, branch, pull_request, session_name
                FROM ({AllSessions}) raw LEFT JOIN session_place ON session_place.session_id = raw.session_id;
            DELETE FROM usage_raw;
            """);
        for (int i = 0; i < Prune.Raw.Length; i++)
        {
            // In a run the ids less their place among those of the session are the same.
            Database.Execute(connection, $"""
                INSERT INTO usage_raw SELECT session, {i}, min(id), max(id) FROM (
                    SELECT session, id, id - row_number() OVER (PARTITION BY session ORDER BY id) AS run
                    FROM (SELECT {Session} AS session, row.id AS id FROM {Prune.Raw[i].Table} row WHERE {Uncounted.HasNot(Prune.Raw[i].Table, "row.id")}))
                GROUP BY session, run
                """);
        }
    }

    public void Dispose() => _add.Dispose();

    // Records of one session come one after the other.
    private void Add(Utf8Text text, TextRange id, Signal signal, long row, ref Run run)
    {
        bool isSame = run.First > 0 && run.Signal == signal && (id.Length <= 0 ? run.Id.Length <= 0 : run.Id.Length > 0 && text[id].SequenceEqual(text[run.Id]));
        if (isSame && run.Last + 1 == row)
        {
            run.Last = row;
            return;
        }

        Write(text, run);
        run = new Run { Id = id, Signal = signal, First = row, Last = row };
    }

    private void Write(Utf8Text text, in Run run)
    {
        if (run.First > 0)
        {
            _add.Begin().Bind(run.Id.Length <= 0 ? 0 : _sessions.Of(text, run.Id)).Bind((int)run.Signal).Bind(run.First).Bind(run.Last).Run();
        }
    }

    /// <summary>Rows of one raw table that stand one after the other and are of one session; none while <see cref="First"/> is 0.</summary>
    private struct Run
    {
        public TextRange Id;
        public Signal Signal;
        public long First;
        public long Last;
    }

    // Null for one that is not known.
    private const string Session = "iif(coalesce(row.session_id, '') = '', 0, (SELECT s.id FROM usage_session s WHERE s.session_id = row.session_id))";

    private static string AllSessions =>
        string.Join(" UNION ", Prune.Raw.Select(raw => $"SELECT session_id FROM {raw.Table} row WHERE session_id <> '' AND {Uncounted.HasNot(raw.Table, "row.id")}"));

    // A column of the run that a row is in, if it is in any: the last that does not begin behind it. The place among Prune.Raw is the number of its signal.
    private static string RunOf(int raw, string column) =>
        $"SELECT run.{column} FROM usage_raw run WHERE run.session = {Session} AND run.signal = {raw} AND run.first_id <= row.id ORDER BY run.first_id DESC LIMIT 1";
}
