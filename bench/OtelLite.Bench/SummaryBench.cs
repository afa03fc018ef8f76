using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using OtelLite.Otlp;
using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Telemetry;

namespace OtelLite.Bench;

/// <summary>What the page asks after each commit, over a day and over a month of heavy use; against counting the requests alone.</summary>
public class SummaryBench
{
    private const int Days = 30;
    private const int SessionsPerDay = 40;

    private readonly string _dataDir = Directory.CreateTempSubdirectory("otellite-bench-").FullName;
    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;
    private SqliteConnection _reader = null!;

    [GlobalSetup]
    public async Task Fill()
    {
        using (var writer = new BatchWriter(Database.OpenWriter(_dataDir, Durability.Normal), new IngestQueue(), _ => { }, Console.Error.WriteLine))
        {
            (string Capture, string Path, string Json)[] session = [.. RecordedBodies.All.Where(b => b.Capture == "s20")];
            long last = session.Max(b => RecordedBodies.LastUnixNano(b.Json));
            for (int i = 0; i < Days * SessionsPerDay; i++)
            {
                long shift = UnixNano.From(_now.AddDays(-i / (double)SessionsPerDay)) - last;
                foreach ((_, _, string json) in session)
                {
                    OtlpJson.TryRead(RecordedBodies.Utf8(RecordedBodies.Copy(json, shift, $"{i:x6}")), out TelemetryBatch batch, out _);
                    await writer.Write(batch);
                    batch.Return();
                }
            }
        }

        _reader = Database.OpenReader(_dataDir);
    }

    [Benchmark(Baseline = true)]
    public object? CountRequests()
    {
        using SqliteCommand command = _reader.CreateCommand();
        command.CommandText = "SELECT count(*), sum(cost_nano_usd) FROM usage_request";
        return command.ExecuteScalar();
    }

    [Benchmark]
    public object SummaryOfADay() => SummaryQuery.Read(_reader, new Scope { FromUnixNano = UnixNano.From(_now.AddDays(-1)) }, _now);

    [Benchmark]
    public object SummaryOfAMonth() => SummaryQuery.Read(_reader, new Scope(), _now);

    [GlobalCleanup]
    public void Close()
    {
        _reader.Dispose();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_dataDir, recursive: true);
    }
}
