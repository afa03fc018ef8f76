using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using OtelLite.Otlp;
using OtelLite.Storage;
using OtelLite.Telemetry;
using OtelLite.Usage;

namespace OtelLite.Bench;

/// <summary>
/// What counting adds: a recorded session's bodies, each time as another session, in one transaction that is rolled back, so that each time finds the same file. Reading the facts off
/// them is without the file; raw is their rows alone.
/// </summary>
[MemoryDiagnoser]
public class CountBench
{
    private readonly string _dataDir = Directory.CreateTempSubdirectory("otellite-bench-").FullName;
    private readonly List<TelemetryBatch> _batches = [];
    private readonly UsageFacts _facts = new();
    private SqliteConnection _connection = null!;
    private RawTables _raw = null!;
    private UsageTables _usage = null!;

    [GlobalSetup]
    public void Open()
    {
        _connection = Database.OpenWriter(_dataDir, Durability.Normal);
        (_raw, _usage) = (new RawTables(_connection), new UsageTables(_connection));
        foreach ((_, _, string json) in RecordedBodies.All.Where(b => b.Capture == "s20"))
        {
            if (!OtlpJson.TryRead(RecordedBodies.Utf8(json), out TelemetryBatch batch, out string error))
            {
                throw new InvalidOperationException(error);
            }

            _batches.Add(batch);
        }
    }

    [Benchmark]
    public int Facts()
    {
        int requests = 0;
        foreach (TelemetryBatch batch in _batches)
        {
            int text = batch.Text.Length;
            UsageReader.Read(batch, _facts, 0);
            batch.Text.Rewind(text);
            requests += _facts.Requests.Count;
        }

        return requests;
    }

    [Benchmark(Baseline = true)]
    public void Raw() => Write(isCounted: false);

    [Benchmark]
    public void RawAndCounted() => Write(isCounted: true);

    [GlobalCleanup]
    public void Close()
    {
        _raw.Dispose();
        _usage.Dispose();
        _connection.Dispose();
        Directory.Delete(_dataDir, recursive: true);
    }

    private void Write(bool isCounted)
    {
        using SqliteTransaction transaction = _connection.BeginTransaction();
        foreach (TelemetryBatch batch in _batches)
        {
            int text = batch.Text.Length;
            _raw.Write(batch, 0);
            if (isCounted)
            {
                _usage.AddStored(batch, batch.EventRows.Rows, batch.ResourceRows.Rows, 0);
            }

            batch.Text.Rewind(text);
        }

        if (isCounted)
        {
            _usage.Write();
        }

        transaction.Rollback();
        _raw.Forget();
        _usage.Forget();
    }
}
