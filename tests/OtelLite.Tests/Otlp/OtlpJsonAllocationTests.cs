using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>Reading an export makes next to no garbage: what is allocated does not grow with the records.</summary>
public sealed class OtlpJsonAllocationTests
{
    // Measured: 0 bytes for 30 KB of logs and for 9 KB of metrics, in Debug too. The slack is less than one string per record.
    private const long Budget = 128;

    [Theory]
    [InlineData("metrics")]
    [InlineData("logs")]
    public void Decoding_a_recorded_body_allocates_next_to_nothing(string signal)
    {
        byte[] body = Recorded.Bodies("json", "s20").Where(b => b.Signal == signal).MaxBy(b => b.Bytes.Length)!.Bytes;

        // The least of many: the pool of batches is shared with tests that run at the same time, and may hand out a new one.
        long least = long.MaxValue;
        for (int i = 0; i < 200; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            bool read = OtlpJson.TryRead(body, out TelemetryBatch batch, out _);
            batch.Return();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.True(read);
        }

        Assert.True(least <= Budget, $"{body.Length} bytes of {signal} allocated {least} bytes, budget {Budget}");
    }
}
