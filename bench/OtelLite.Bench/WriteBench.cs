using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using OtelLite.Otlp;
using OtelLite.Storage;
using OtelLite.Telemetry;

namespace OtelLite.Bench;

/// <summary>
/// Sixty-four exports to disk through the one writer, each acknowledged after its commit; against the bare fsyncs they would cost if each had
/// a transaction of its own that inserts one row.
/// </summary>
public class WriteBench
{
    private const int Exports = 64;

    private readonly string _dataDir = Directory.CreateTempSubdirectory("otellite-bench-").FullName;
    private readonly string _json = RecordedBodies.All.Where(b => b.Path == "/v1/metrics").MaxBy(b => b.Json.Length).Json;
    private BatchWriter _writer = null!;
    private SqliteConnection _bare = null!;
    private int _copy;

    [GlobalSetup]
    public void Open()
    {
        _writer = new BatchWriter(Database.OpenWriter(_dataDir, Durability.Full), new IngestQueue(), _ => { }, Console.Error.WriteLine);
        _bare = new SqliteConnection($"Data Source={Path.Combine(_dataDir, "bare.db")};Pooling=False");
        _bare.Open();
        Database.Execute(_bare, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bare (value TEXT)");
    }

    [Benchmark(Baseline = true)]
    public void OneTransactionEach()
    {
        for (int i = 0; i < Exports; i++)
        {
            Database.Execute(_bare, "INSERT INTO bare VALUES ('a row')");
        }
    }

    [Benchmark]
    public async Task ThroughTheWriter()
    {
        var writes = new Task<WriteResult>[Exports];
        for (int i = 0; i < Exports; i++)
        {
            string json = RecordedBodies.Copy(_json, 0, $"{_copy++:x6}");
            if (!OtlpJson.TryRead(RecordedBodies.Utf8(json), out TelemetryBatch batch, out string error))
            {
                throw new InvalidOperationException(error);
            }

            writes[i] = Write(batch);
        }

        if ((await Task.WhenAll(writes)).Any(r => r.Outcome != WriteOutcome.Committed))
        {
            throw new InvalidOperationException("a write was refused");
        }
    }

    [GlobalCleanup]
    public void Close()
    {
        _writer.Dispose();
        _bare.Dispose();
        Directory.Delete(_dataDir, recursive: true);
    }

    private async Task<WriteResult> Write(TelemetryBatch batch)
    {
        WriteResult result = await _writer.Write(batch);
        batch.Return();
        return result;
    }
}
