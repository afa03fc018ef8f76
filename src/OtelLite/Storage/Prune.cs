using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>What was removed, or would be.</summary>
/// <param name="Bytes">Removed: what the file is smaller. Would be: what the texts of the rows take.</param>
internal sealed record PrunedRows(long Metrics, long Events, long Spans, long Bytes);

/// <summary>
/// Removes the raw rows of what happened before a moment. All that they added stays counted: the moment is written down first, and from then on a recount
/// leaves alone what lies before it. In small steps (<see cref="Removal"/>), so that a running server gets its turn; who stops it in between leaves a file
/// that is right.
/// </summary>
internal static class Prune
{
    /// <summary>The tables of raw rows. A recount goes by the same moments: a row that it still counts must stay.</summary>
    public static readonly (string Table, string Count, string Happened, string Bytes)[] Raw =
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
        using var removal = new Removal(connection, beforeUnixNano);
        var watch = Stopwatch.StartNew();
        while (removal.Step())
        {
            // Who waits for the lock looks for it now and then: as long as it was held it is free.
            if (removal.HeldLock)
            {
                Thread.Sleep(watch.Elapsed);
            }

            watch.Restart();
        }

        return removal.Removed;
    }

    private static string Octets(params string[] columns) => string.Join(" + ", columns.Select(c => $"coalesce(octet_length({c}), 0)"));
}
