using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>What was removed, or would be.</summary>
/// <param name="Bytes">Removed: what the file is smaller. Would be: what the texts of the rows take.</param>
internal sealed record PrunedRows(long Metrics, long Events, long Spans, long Bytes);

/// <summary>
/// Removes the raw rows of what happened before a moment. All that they added stays counted: the moment is written down first, and from then on a recount
/// leaves alone what lies before it. In small steps, each a transaction of its own, so that a running server gets its turn; who stops it in between leaves
/// a file that is right.
/// </summary>
internal static class Prune
{
    // A recount goes by the same moments: a row that it still counts must stay.
    private static readonly (string Table, string Count, string Happened, string Bytes)[] Raw =
    [
        ("otel_metrics", "metrics", Happened.Point, Octets("attributes", "metric_name", "unit", "session_id", "shape", "exemplars")),
        ("otel_events", "events", Happened.Event, Octets("attributes", "event_name", "session_id", "prompt_id", "body", "trace_id", "span_id")),
        ("otel_spans", "spans", Happened.Span, Octets("attributes", "name", "session_id", "events", "links", "trace_id", "span_id", "parent_span_id", "trace_state")),
    ];

    /// <summary>How much a removal would remove. Reads all raw rows.</summary>
    public static PrunedRows Look(SqliteConnection connection, long beforeUnixNano)
    {
        long[] rows = new long[Raw.Length];
        long bytes = 0;
        for (int i = 0; i < Raw.Length; i++)
        {
            using var look = new Statement(connection, $"SELECT count(*), coalesce(sum({Raw[i].Bytes}), 0) FROM {Raw[i].Table} WHERE {Raw[i].Happened} < ?");
            look.Begin().Bind(beforeUnixNano).Step();
            rows[i] = look.Int64(0);
            bytes += look.Int64(1);
        }

        return new PrunedRows(rows[0], rows[1], rows[2], bytes);
    }

    /// <inheritdoc cref="Run(SqliteConnection, long)"/>
    /// <exception cref="StorageException">The folder or file can't be used.</exception>
    public static PrunedRows Run(string dataDir, Durability durability, long beforeUnixNano)
    {
        using SqliteConnection connection = Database.OpenWriter(dataDir, durability);
        return Run(connection, beforeUnixNano);
    }

    /// <summary>Removes, and gives the room back to the disk.</summary>
    /// <exception cref="SqliteException">The file can't be written, or another program holds it; what is removed until then is removed.</exception>
    public static PrunedRows Run(SqliteConnection connection, long beforeUnixNano)
    {
        long size = Size(connection);
        using (var remember = new Statement(connection, "UPDATE otel_removed SET before_unix_nano = max(before_unix_nano, ?)"))
        {
            remember.Begin().Bind(beforeUnixNano).Run();
        }

        long[] removed = [.. Raw.Select(r => Remove(connection, r.Table, r.Count, r.Happened, beforeUnixNano))];
        GiveBack(connection);
        return new PrunedRows(removed[0], removed[1], removed[2], Math.Max(0, size - Size(connection)));
    }

    // Step by step along the ids, which are in the order of arrival. Only a step that removes something takes the lock.
    private static long Remove(SqliteConnection connection, string table, string count, string happened, long before)
    {
        using var look = new Statement(connection, $"""
            SELECT max(id), coalesce(sum(happened < ?), 0) FROM (SELECT id, {happened} AS happened FROM {table} WHERE id > ? ORDER BY id LIMIT {Limits.PruneRowsPerStep})
            """);
        using var remove = new Statement(connection, $"DELETE FROM {table} WHERE id > ? AND id <= ? AND {happened} < ?");
        using var counted = new Statement(connection, $"UPDATE otel_removed SET {count} = {count} + ?");
        int Step(long after, long last)
        {
            using SqliteTransaction step = connection.BeginTransaction();
            int rows = remove.Begin().Bind(after).Bind(last).Bind(before).Run();
            counted.Begin().Bind(rows).Run();
            step.Commit();
            return rows;
        }

        long removed = 0;
        for (long after = 0; ;)
        {
            look.Begin().Bind(before).Bind(after).Step();
            if (look.IsNull(0))
            {
                return removed;
            }

            (long last, long rows) = (look.Int64(0), look.Int64(1));
            look.Reset();
            if (rows > 0)
            {
                removed += InTurn(() => Step(after, last));
            }

            after = last;
        }
    }

    // The last pages move into the free ones, some at a time, and the file ends before them. A file that was made without this keeps its free pages for
    // rows to come.
    private static void GiveBack(SqliteConnection connection)
    {
        using var vacuum = new Statement(connection, $"PRAGMA incremental_vacuum({Limits.PrunePagesPerStep})");
        long free = Pragma(connection, "freelist_count");
        while (free > 0)
        {
            InTurn(() => vacuum.Begin().Run());
            long left = Pragma(connection, "freelist_count");
            if (left >= free)
            {
                break;
            }

            free = left;
        }

        // Only as far as nobody has to wait for it.
        Database.Execute(connection, "PRAGMA wal_checkpoint(PASSIVE)");
    }

    // Who waits for the lock looks for it now and then: as long as it was held it is free.
    private static int InTurn(Func<int> step)
    {
        var watch = Stopwatch.StartNew();
        int rows = step();
        Thread.Sleep(watch.Elapsed);
        return rows;
    }

    private static long Size(SqliteConnection connection) => Pragma(connection, "page_count") * Pragma(connection, "page_size");

    private static long Pragma(SqliteConnection connection, string name)
    {
        using var statement = new Statement(connection, $"PRAGMA {name}");
        return statement.Begin().Scalar()!.Value;
    }

    private static string Octets(params string[] columns) => string.Join(" + ", columns.Select(c => $"coalesce(octet_length({c}), 0)"));
}
