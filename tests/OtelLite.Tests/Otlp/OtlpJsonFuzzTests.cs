using System.Text.Json;
using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>Recorded bodies, cut and bent: decoding always ends, never throws, and a body that failed leaves nothing behind.</summary>
public sealed class OtlpJsonFuzzTests
{
    // Structure, digits, escapes and bytes that are never UTF-8 break more than random letters do.
    private static readonly byte[] Spiteful = [.. "{}[]\",:\\u0189eE+-.ntf \n"u8, 0x00, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xF0, 0xFF];

    private static readonly byte[] Reference = Recorded.Bodies("auto-mode").First(b => b.Signal == "logs").Bytes;

    private static readonly string ReferenceDecoded = Decoded.Of(Reference).ToString();

    [Fact]
    public async Task A_body_cut_anywhere_is_refused() => await InTime(() =>
    {
        byte[] body = Recorded.Bodies("json", "s01").First(b => b.Signal == "metrics").Bytes;
        int end = body.AsSpan().TrimEnd("\r\n "u8).Length;
        for (int length = 0; length < end; length++)
        {
            Assert.NotEmpty(Decoded.ErrorOf(body.AsSpan(0, length)));
        }

        AssertNothingIsLeftBehind("after all the cut bodies");
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_body_with_bent_bytes_is_read_or_refused(int seed) => await InTime(() =>
    {
        byte[][] bodies = [.. Recorded.AllPlain().Where(b => b.Bytes.Length < 12_000).Select(b => b.Bytes)];
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < 1500; round++)
        {
            byte[] bent = Bend(bodies[random.Next(bodies.Length)], random);
            if (!OtlpJson.TryRead(bent, out TelemetryBatch batch, out string error))
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
            .. decoded.Points.Select(p => p.Attributes), .. decoded.Records.Select(r => r.Attributes), .. decoded.Records.Select(r => r.Body),
            .. decoded.Records.Select(r => r.From.Resource)])
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
