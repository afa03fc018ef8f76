using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>
/// Which raw rows are of a session: usage_raw, which is written when rows are counted, with the rows of all that is counted together, and taken from when they are removed. It stands for an index
/// of each raw table by its session, of which every transaction wrote a page for each session that is at work: 267 of 1,001 pages of the log under a load of events.
/// </summary>
internal sealed class SessionRows : IDisposable
{
    private readonly Statement _add;
    private readonly SessionTable _sessions;

    public SessionRows(SqliteConnection connection, SessionTable sessions)
    {
        _add = new(connection, "INSERT OR IGNORE INTO usage_raw (session, signal, id) VALUES (?, ?, ?)");
        _sessions = sessions;
    }

    /// <summary>Adds the rows of a batch that is stored and counted.</summary>
    public void Add(TelemetryBatch batch)
    {
        TextRange last = TextRange.None;
        long session = 0;
        for (int i = 0; i < batch.DataPoints.Count; i++)
        {
            Add(batch.Text, batch.DataPoints[i].SessionId, Signal.Metrics, batch.PointRows[i], ref last, ref session);
        }

        for (int i = 0; i < batch.LogRecords.Count; i++)
        {
            Add(batch.Text, batch.LogRecords[i].SessionId, Signal.Logs, batch.EventRows[i], ref last, ref session);
        }

        for (int i = 0; i < batch.Spans.Count; i++)
        {
            if (batch.SpanRows[i] != 0)
            {
                Add(batch.Text, batch.Spans[i].SessionId, Signal.Traces, batch.SpanRows[i], ref last, ref session);
            }
        }
    }

    /// <summary>Adds what a server that was killed has stored and not counted.</summary>
    public static void AddUncounted(SqliteConnection connection)
    {
        for (int i = 0; i < Prune.Raw.Length; i++)
        {
            string table = Prune.Raw[i].Table;
            Database.Execute(connection, $"INSERT OR IGNORE INTO usage_raw (session, signal, id) {RowsOf(i)} WHERE {Uncounted.IsNear(table, "row.id")} AND NOT {Uncounted.HasNot(table, "row.id")}");
        }
    }

    /// <summary>A statement that takes out rows of a raw table which are about to be removed.</summary>
    /// <param name="raw">Which of <see cref="Prune.Raw"/>.</param>
    /// <param name="condition">Of the rows, which are called row.</param>
    public static string TakeOut(int raw, string condition) => $"DELETE FROM usage_raw WHERE (session, signal, id) IN ({RowsOf(raw)} WHERE {condition})";

    /// <summary>Whether it has all raw rows that are counted, and no others, and each is of a session that is known. Reads all of them once.</summary>
    public static bool IsAsMade(SqliteConnection connection)
    {
        string found = string.Join(" UNION ALL ", Prune.Raw.Select((raw, i) => $"""
            SELECT count(*) AS counted, count(kept.id) AS kept FROM {raw.Table} row LEFT JOIN usage_raw kept ON kept.session = {Session} AND kept.signal = {i} AND kept.id = row.id
            WHERE {Uncounted.HasNot(raw.Table, "row.id")}
            """));
        using var ask = new Statement(connection, $"SELECT sum(counted) = sum(kept) AND sum(kept) = (SELECT count(*) FROM usage_raw) FROM ({found})");
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
            Database.Execute(connection, $"INSERT INTO usage_raw (session, signal, id) {RowsOf(i)} WHERE {Uncounted.HasNot(Prune.Raw[i].Table, "row.id")} ORDER BY 1, 3");
        }
    }

    public void Dispose() => _add.Dispose();

    // Records of one session come one after the other.
    private void Add(Utf8Text text, TextRange id, Signal signal, long row, ref TextRange last, ref long session)
    {
        if (id.Length <= 0)
        {
            session = 0;
        }
        else if (last.Length <= 0 || !text[id].SequenceEqual(text[last]))
        {
            session = _sessions.Of(text, id);
        }

        last = id;
        _add.Begin().Bind(session).Bind((int)signal).Bind(row).Run();
    }

    // Null for one that is not known.
    private const string Session = "iif(coalesce(row.session_id, '') = '', 0, (SELECT s.id FROM usage_session s WHERE s.session_id = row.session_id))";

    private static string AllSessions =>
        string.Join(" UNION ", Prune.Raw.Select(raw => $"SELECT session_id FROM {raw.Table} row WHERE session_id <> '' AND {Uncounted.HasNot(raw.Table, "row.id")}"));

    // The place among Prune.Raw is the number of its signal.
    private static string RowsOf(int raw) => $"SELECT {Session}, {raw}, row.id FROM {Prune.Raw[raw].Table} row";
}
