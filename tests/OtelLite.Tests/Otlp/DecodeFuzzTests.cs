using System.Text.Json;
using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>Recorded bodies, cut and bent, in both encodings: decoding always ends, never throws, and a body that failed leaves nothing behind.</summary>
public sealed class DecodeFuzzTests
{
    // Of a long JSON body not every cut is tried, as their time grows with the square of its length: all in all they would take a minute.
    private const int JsonCutsMax = 300;

    // Structure, digits, escapes and bytes that are never UTF-8 break JSON more than random letters do; protobuf is broken by any.
    private static readonly byte[] Spiteful = [.. "{}[]\",:\\u0189eE+-.ntf \n"u8, 0x00, 0x01, 0x0A, 0x12, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xF0, 0xFF];

    private static readonly RecordedBody Reference = Recorded.Bodies("auto-mode").First(b => b.Signal == "logs");

    private static readonly string ReferenceDecoded = Decoded.Of(Reference).ToString();

    public static TheoryData<string> Recordings() => ["json", "versions", "cumulative", "auto-mode", "traces", "protobuf", "grpc"];

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task A_body_cut_short_is_refused(string kind) => await InTime(() =>
    {
        var random = new Random(7);
        foreach (RecordedBody body in Recorded.Bodies(kind).Where(b => !b.Gzip))
        {
            int end = body.Protobuf ? body.Bytes.Length : body.Bytes.AsSpan().TrimEnd("\r\n "u8).Length;
            bool all = body.Protobuf || end <= JsonCutsMax;
            for (int cut = all ? 1 : 0; cut < (all ? end : JsonCutsMax); cut++)
            {
                // The shortest cuts of all, and the rest anywhere.
                int length = all || cut < 20 ? cut : random.Next(end);
                Assert.False(body.TryDecode(body.Bytes.AsSpan(0, length), out TelemetryBatch batch, out string error), $"{body.Name} cut to {length}");
                Assert.Null(batch);
                Assert.NotEmpty(error);
            }
        }

        AssertNothingIsLeftBehind($"after all the cut bodies of {kind}");
    });

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public async Task A_body_with_bent_bytes_is_read_or_refused(int seed, bool protobuf) => await InTime(() =>
    {
        RecordedBody[] bodies = [.. (protobuf ? Recorded.AllProtobuf() : Recorded.AllPlain()).Where(b => b.Bytes.Length < 12_000)];
        RecordedBody everything = new("every-field", "metrics", System.Text.Encoding.UTF8.GetBytes(EveryField.Of("metrics")), false, false);
        bodies = [.. bodies, protobuf ? everything.Translated() : everything];
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < 1500; round++)
        {
            RecordedBody body = bodies[round % 4 == 0 ? bodies.Length - 1 : random.Next(bodies.Length)];
            byte[] bent = Bend(body.Bytes, random);
            if (!body.TryDecode(bent, out TelemetryBatch batch, out string error))
            {
                Assert.NotEmpty(error);
                AssertNothingIsLeftBehind($"seed {seed}, round {round}");
                refused++;
                continue;
            }

            AssertStorable(batch);
            batch.Return();
        }

        // Both ways must really have been gone.
        Assert.InRange(refused, 150, 1350);
    });

    [Fact]
    public async Task Bytes_that_are_nothing_are_refused_or_are_nothing() => await InTime(() =>
    {
        var random = new Random(11);
        byte[] bytes = new byte[256];
        for (int round = 0; round < 20_000; round++)
        {
            random.NextBytes(bytes);
            ReadOnlySpan<byte> some = bytes.AsSpan(0, random.Next(bytes.Length));
            foreach (Signal signal in Enum.GetValues<Signal>())
            {
                if (OtlpProtobuf.TryRead(some, signal, out TelemetryBatch batch, out _))
                {
                    AssertStorable(batch);
                    batch.Return();
                }
            }

            _ = OtlpProtobuf.SignalOf(some);
        }
    });

    // Changes, drops, doubles or moves a few places of a body.
    private static byte[] Bend(byte[] body, Random random)
    {
        List<byte> bent = [.. body];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(bent.Count);
            int length = Math.Min(random.Next(1, 40), bent.Count - at);
            switch (random.Next(5))
            {
                case 0: bent[at] = Spiteful[random.Next(Spiteful.Length)]; break;
                case 1: bent[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bent.RemoveRange(at, length); break;
                case 3: bent.InsertRange(at, bent.GetRange(at, length)); break;
                default: bent.Insert(at, Spiteful[random.Next(Spiteful.Length)]); break;
            }
        }

        return [.. bent];
    }

    // What was accepted goes into the file: every stored JSON must be JSON, every range inside the text.
    private static void AssertStorable(TelemetryBatch batch)
    {
        Decoded decoded = Decoded.Of(batch);
        foreach (string? json in (IEnumerable<string?>)[
            .. decoded.Points.SelectMany(p => (string?[])[p.Attributes, p.Shape, p.Exemplars]),
            .. decoded.Records.SelectMany(r => (string?[])[r.Attributes, r.Body, r.From.Resource]),
            .. decoded.Spans.SelectMany(s => (string?[])[s.Attributes, s.Events, s.Links])])
        {
            if (json is not null)
            {
                using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = Limits.JsonDepthMax });
            }
        }
    }

    private static void AssertNothingIsLeftBehind(string when) => Assert.Equal($"{when}\n{ReferenceDecoded}", $"{when}\n{Decoded.Of(Reference)}");

    // A decoder that does not end would otherwise hang the whole run.
    private static Task InTime(Action test) => Task.Run(test).WaitAsync(TimeSpan.FromMinutes(1));
}
