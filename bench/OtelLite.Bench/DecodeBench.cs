using System.Text.Json;
using BenchmarkDotNet.Attributes;
using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Bench;

/// <summary>Bytes to columns, against the least that anyone could do with the same bytes: let .NET parse them and look at nothing.</summary>
[MemoryDiagnoser]
public class DecodeBench
{
    private byte[] _body = [];

    [Params("/v1/metrics", "/v1/logs")]
    public string Path { get; set; } = "";

    [GlobalSetup]
    public void ReadLargest() =>
        _body = RecordedBodies.Utf8(RecordedBodies.All.Where(b => b.Path == Path).MaxBy(b => b.Json.Length).Json);

    [Benchmark(Baseline = true)]
    public void JsonDocumentParse() => JsonDocument.Parse(_body).Dispose();

    [Benchmark]
    public void Decode()
    {
        if (!OtlpJson.TryRead(_body, out TelemetryBatch batch, out string error))
        {
            throw new InvalidOperationException(error);
        }

        batch.Return();
    }
}
