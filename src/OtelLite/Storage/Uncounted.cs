using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>
/// What is stored and not counted yet, while much arrives: the batches as they came in, and in the file, for a server that is killed meanwhile, which rows they are. Counted
/// together they change each sum once. Owned by the writer's thread.
/// </summary>
internal sealed class Uncounted : IDisposable
{
    private readonly Statement _lastMetric;
    private readonly Statement _lastEvent;
    private readonly Statement _lastSpan;
    private readonly Statement _add;
    private readonly Statement _clear;
    private readonly List<Stored> _batches = [];

    // How many of them are committed, and by how many rows of otel_uncounted.
    private int _committed;
    private int _rows;
    private bool _isNoted;
    private long _owner = Random.Shared.NextInt64();
    private long _records;
    private long _bytes;
    private long _sinceTicks;

    public Uncounted(SqliteConnection connection)
    {
        (_lastMetric, _lastEvent, _lastSpan) = (Last("otel_metrics"), Last("otel_events"), Last("otel_spans"));
        _add = new(connection, "INSERT INTO otel_uncounted (owner, first_metric, last_metric, first_event, last_event, first_span, last_span) VALUES (?, ?, ?, ?, ?, ?, ?)");
        _clear = new(connection, "DELETE FROM otel_uncounted WHERE owner = ?");

        Statement Last(string table) => new(connection, $"SELECT coalesce(max(id), 0) FROM {table}");
    }

    // Its bytes as they were then: counting adds to a batch's text.
    private readonly record struct Stored(TelemetryBatch Batch, long Bytes, int TextLength, long NowUnixNano);

    /// <summary>The last row of each raw table.</summary>
    internal readonly record struct LastRows(long Metric, long Event, long Span);

    public bool IsEmpty => _batches.Count == 0;

    /// <summary>How long until they are to be counted; zero when they are now.</summary>
    public TimeSpan Wait => IsEmpty ? Timeout.InfiniteTimeSpan
        : _records >= Limits.UncountedRecordsMax || _bytes >= Limits.UncountedBytesMax ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Max(0, (Limits.CountWithin - Stopwatch.GetElapsedTime(_sinceTicks)).Ticks));

    /// <summary>A condition that a raw row is not among them.</summary>
    /// <param name="table">One of <see cref="Prune.Raw"/>.</param>
    /// <param name="id">The row's id, with the name of its table: otel_uncounted has an id too.</param>
    public static string HasNot(string table, string id)
    {
        string one = OneOf(table);
        return $"NOT EXISTS (SELECT 1 FROM otel_uncounted WHERE {id} BETWEEN first_{one} AND last_{one})";
    }

    /// <summary>A condition that the rows which are among them fulfil, and no other that is far from them: ids are looked for, where the one above looks at every row of a table.</summary>
    /// <inheritdoc cref="HasNot"/>
    public static string IsNear(string table, string id)
    {
        string one = OneOf(table);
        return $"{id} BETWEEN (SELECT min(first_{one}) FROM otel_uncounted) AND (SELECT max(last_{one}) FROM otel_uncounted)";
    }

    public LastRows Read() => new(_lastMetric.Begin().Scalar()!.Value, _lastEvent.Begin().Scalar()!.Value, _lastSpan.Begin().Scalar()!.Value);

    /// <summary>A batch that the open transaction has stored.</summary>
    public void Add(TelemetryBatch batch, long nowUnixNano)
    {
        if (IsEmpty)
        {
            _sinceTicks = Stopwatch.GetTimestamp();
        }

        batch.Hold();
        var stored = new Stored(batch, batch.Bytes, batch.Text.Length, nowUnixNano);
        _batches.Add(stored);
        _records += Weight(batch);
        _bytes += stored.Bytes;
    }

    /// <summary>Says in the file which rows the open transaction has stored.</summary>
    /// <param name="before">The last rows before it.</param>
    public void Note(LastRows before)
    {
        LastRows last = Read();
        _add.Begin().Bind(_owner).Bind(before.Metric + 1).Bind(last.Metric).Bind(before.Event + 1).Bind(last.Event).Bind(before.Span + 1).Bind(last.Span).Run();
        _isNoted = true;
    }

    /// <summary>Hands all of them over, to be counted in the open transaction.</summary>
    public void Count(CountBatch count)
    {
        if (_committed > 0 && _clear.Begin().Bind(_owner).Run() != _rows)
        {
            // Another server on the same file, which no lock keeps apart, was started meanwhile and has counted them.
            Forget(0, _committed);
            (_committed, _rows) = (0, 0);
        }

        foreach (Stored stored in _batches)
        {
            count(stored.Batch, stored.Batch.EventRows.Rows, stored.Batch.ResourceRows.Rows, stored.NowUnixNano);
        }
    }

    /// <summary>After the commit.</summary>
    /// <param name="isCounted">They were counted in it.</param>
    public void Commit(bool isCounted)
    {
        if (isCounted)
        {
            Forget(0, _batches.Count);
            _rows = 0;
        }

        _rows += _isNoted ? 1 : 0;
        _isNoted = false;
        _committed = _batches.Count;
    }

    /// <summary>After a rollback: what the transaction stored is not there.</summary>
    public void Rollback()
    {
        foreach (Stored stored in _batches)
        {
            // What counting has added to it, which is tried again for as long as the disk is bad.
            stored.Batch.Text.Rewind(stored.TextLength);
        }

        Forget(_committed, _batches.Count - _committed);
        _isNoted = false;
    }

    /// <summary>Lets go of those that can't be counted, which is a defect of this program: in the file they stay what they are, for a start that can.</summary>
    public void Abandon()
    {
        Forget(0, _batches.Count);
        (_committed, _rows) = (0, 0);
        _owner = Random.Shared.NextInt64();
    }

    /// <summary>Counts what a server that was killed has left. Only for who has the folder for itself: another's would be counted by both.</summary>
    /// <exception cref="SqliteException">The file can't be written.</exception>
    public static void CountLeft(SqliteConnection connection)
    {
        if (!Has(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'otel_uncounted'") || !Has(connection, "SELECT 1 FROM otel_uncounted LIMIT 1"))
        {
            return;
        }

        using var usage = new UsageTables(connection);
        using var stored = new StoredBatches(connection);
        using SqliteTransaction transaction = connection.BeginTransaction();
        stored.EachUncounted(usage.Write);
        SessionRows.AddUncounted(connection);
        Database.Execute(connection, "DELETE FROM otel_uncounted");
        transaction.Commit();
    }

    /// <summary>Waits until a running server has counted what was stored when this was asked, for at most <see cref="Limits.UncountedWait"/>.</summary>
    public static void WaitFor(SqliteConnection reader)
    {
        using var last = new Statement(reader, "SELECT max(id) FROM otel_uncounted");
        if (last.Begin().Scalar() is not (> 0 and long asked))
        {
            return;
        }

        using var first = new Statement(reader, "SELECT 1 FROM otel_uncounted WHERE id <= ? LIMIT 1");
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Limits.UncountedWait && first.Begin().Bind(asked).Scalar() is not null;)
        {
            Thread.Sleep(5);
        }
    }

    public void Dispose()
    {
        Forget(0, _batches.Count);
        foreach (Statement statement in (Statement[])[_lastMetric, _lastEvent, _lastSpan, _add, _clear])
        {
            statement.Dispose();
        }
    }

    // At least 1, so that no more batches wait than are kept for the next requests.
    private static long Weight(TelemetryBatch batch) => batch.Records - batch.DataPoints.Count + ((batch.DataPoints.Count + Limits.PointsOfRecord - 1) / Limits.PointsOfRecord);

    // otel_metrics has first_metric and last_metric.
    private static string OneOf(string table) => table["otel_".Length..^1];

    private static bool Has(SqliteConnection connection, string sql)
    {
        using var any = new Statement(connection, sql);
        return any.Begin().Scalar() is not null;
    }

    private void Forget(int from, int count)
    {
        foreach (Stored stored in CollectionsMarshal.AsSpan(_batches).Slice(from, count))
        {
            _records -= Weight(stored.Batch);
            _bytes -= stored.Bytes;
            stored.Batch.Return();
        }

        _batches.RemoveRange(from, count);
    }
}
