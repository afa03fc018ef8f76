using System.Text.Json;
using BenchmarkDotNet.Attributes;
using OtelLite.Otlp;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;

namespace OtelLite.Bench;

/// <summary>
/// Bytes to columns, for each signal in each encoding, against the least that anyone could do with the same request in JSON: let .NET parse it
/// and look at nothing.
/// </summary>
[MemoryDiagnoser]
public class DecodeBench
{
    private byte[] _json = [];
    private byte[] _protobuf = [];
    private Signal _signal;

    [Params("metrics", "logs", "traces")]
    public string Signal { get; set; } = "";

    [GlobalSetup]
    public void ReadLargest()
    {
        _json = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "recorded"), $"t01-{Signal}-*.json").Select(File.ReadAllBytes).MaxBy(b => b.Length)!;
        _protobuf = OtlpSchema.ToProtobuf(OtlpSchema.RequestOf(Signal), System.Text.Encoding.UTF8.GetString(_json));
        _signal = Enum.Parse<Signal>(Signal, ignoreCase: true);
    }

    [Benchmark(Baseline = true)]
    public void JsonDocumentParse() => JsonDocument.Parse(_json).Dispose();

    // As the server does, which knows where the body lies.
    [Benchmark]
    public void DecodeJson() => Return(OtlpJson.TryRead(_json, out TelemetryBatch batch, out string error, _json), batch, error);

    [Benchmark]
    public void DecodeProtobuf() => Return(OtlpProtobuf.TryRead(_protobuf, _signal, out TelemetryBatch batch, out string error, _protobuf), batch, error);

    private static void Return(bool read, TelemetryBatch batch, string error)
    {
        if (!read)
        {
            throw new InvalidOperationException(error);
        }

        batch.Return();
    }
}
