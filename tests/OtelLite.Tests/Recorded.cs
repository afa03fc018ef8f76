using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using OtelLite.Otlp;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests;

/// <summary>One recorded body, as it came over the wire. What came over gRPC is the message alone, and can be posted like any other.</summary>
internal sealed partial record RecordedBody(string Name, string Signal, byte[] Bytes, bool Gzip, bool Protobuf)
{
    public string Path => $"/v1/{Signal}";

    public string ContentType => Protobuf ? "application/x-protobuf" : "application/json";

    public Signal SignalOf => Signal switch
    {
        "metrics" => Telemetry.Signal.Metrics,
        "logs" => Telemetry.Signal.Logs,
        _ => Telemetry.Signal.Traces,
    };

    /// <summary>Through the decoder of its encoding, as the receiver does it; not for one that is compressed.</summary>
    public bool TryDecode(out TelemetryBatch batch, out string error) => TryDecode(Bytes, Bytes, out batch, out error);

    /// <summary>The same for other bytes, which claim to be what this body is.</summary>
    public bool TryDecode(ReadOnlySpan<byte> bytes, out TelemetryBatch batch, out string error)
    {
        byte[] body = bytes.ToArray();
        return TryDecode(body, body, out batch, out error);
    }

    private bool TryDecode(ReadOnlySpan<byte> bytes, ReadOnlyMemory<byte> memory, out TelemetryBatch batch, out string error) => Protobuf
        ? OtlpProtobuf.TryRead(bytes, SignalOf, out batch, out error, memory)
        : OtlpJson.TryRead(bytes, out batch, out error, memory);

    /// <summary>The same request in the other encoding.</summary>
    public RecordedBody Translated()
    {
        byte[] plain = Gzip ? Exports.Gunzip(Bytes) : Bytes;
        string message = OtlpSchema.RequestOf(Signal);
        byte[] other = Protobuf
            ? Encoding.UTF8.GetBytes(OtlpSchema.ToJson(message, plain).ToJsonString())
            : OtlpSchema.ToProtobuf(message, HalfPair().Replace(Encoding.UTF8.GetString(plain), @"\ufffd"));
        return new(Name, Signal, other, false, !Protobuf);
    }

    // Claude Code cuts text within an emoji; .NET's reader refuses the half that is left.
    [GeneratedRegex(@"(?<=(?<!\\)(?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")]
    private static partial Regex HalfPair();
}

/// <summary>The sums that a correct receiver must reach for one session of one recording.</summary>
internal sealed record ExpectedTotals(string Kind, string Capture, string SessionId, IReadOnlyDictionary<string, double> Sums)
{
    public double this[string column] => Sums.GetValueOrDefault(column);

    public override string ToString() => $"{Kind}/{Capture} {SessionId}";
}

/// <summary>What real Claude Code sent, copied into the repository with the sums that must come out.</summary>
internal static class Recorded
{
    public static string Repository { get; } =
        typeof(Recorded).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Repository").Value!;

    private static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "recorded");

    /// <summary>The bodies of a folder in the order they were sent, or of one capture of it ("s02").</summary>
    public static IReadOnlyList<RecordedBody> Bodies(string kind, string capture = "") =>
    [
        .. Directory.GetFiles(Path.Combine(Folder, kind), capture.Length > 0 ? capture + "-*" : "*")
            .Order(StringComparer.Ordinal)
            .Select(path => new RecordedBody(
                Path.GetFileName(path),
                ((string[])["metrics", "logs", "traces"]).Single(s => Path.GetFileName(path).Contains(s, StringComparison.Ordinal)),
                File.ReadAllBytes(path),
                path.EndsWith(".gz", StringComparison.Ordinal),
                path.Contains(".bin", StringComparison.Ordinal))),
    ];

    /// <summary>The tables of an older version, as it made them.</summary>
    public static string Schema(int version) => string.Concat(
        ((string[])["", "-sums"]).Select(part => Path.Combine(Repository, $"tests/OtelLite.Tests/Storage/schema-{version}{part}.sql")).Where(File.Exists).Select(File.ReadAllText));

    /// <summary>Every recorded body that is JSON and not compressed.</summary>
    public static IEnumerable<RecordedBody> AllPlain() =>
        ((string[])["json", "versions", "cumulative", "auto-mode", "traces"]).SelectMany(k => Bodies(k)).Where(b => !b.Gzip);

    /// <summary>Every recorded body in protobuf that is not compressed.</summary>
    public static IEnumerable<RecordedBody> AllProtobuf() => ((string[])["protobuf", "grpc"]).SelectMany(k => Bodies(k)).Where(b => !b.Gzip);

    public static IReadOnlyList<ExpectedTotals> Expected(params string[] kinds)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Folder, "expected-totals.tsv"));
        string[] header = lines[0].Split('\t');
        return
        [
            .. lines.Skip(1).Select(l => l.Split('\t')).Where(c => kinds.Contains(c[0])).Select(cells => new ExpectedTotals(
                cells[0], cells[1], cells[2],
                Enumerable.Range(3, cells.Length - 3).Where(i => cells[i].Length > 0)
                    .ToDictionary(i => header[i], i => double.Parse(cells[i], CultureInfo.InvariantCulture)))),
        ];
    }
}
