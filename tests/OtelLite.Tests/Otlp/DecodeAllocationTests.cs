using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>Reading an export makes no garbage: once the pool is warm, nothing is allocated for a record, whichever encoding it came in.</summary>
public sealed class DecodeAllocationTests
{
    // Measured: 0 bytes for each of them, in Debug too. The slack is less than one string per body, let alone per record.
    private const long Budget = 128;

    public static TheoryData<string, bool> SignalsInBothEncodings()
    {
        var data = new TheoryData<string, bool>();
        foreach (string signal in (string[])["metrics", "logs", "traces"])
        {
            data.Add(signal, false);
            data.Add(signal, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(SignalsInBothEncodings))]
    public void Decoding_a_recorded_body_allocates_nothing(string signal, bool protobuf)
    {
        RecordedBody body = Recorded.Bodies("traces", "t01").Where(b => b.Signal == signal).MaxBy(b => b.Bytes.Length)!;
        AssertBudget(protobuf ? body.Translated() : body);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Decoding_distributions_allocates_nothing(bool protobuf)
    {
        var body = new RecordedBody("distributions", "metrics", System.Text.Encoding.UTF8.GetBytes(EveryField.Of("metrics")), false, false);
        AssertBudget(protobuf ? body.Translated() : body);
    }

    private static void AssertBudget(RecordedBody body)
    {
        // The least of many: the pool of batches is shared with tests that run at the same time, and may hand out a new one.
        long least = long.MaxValue;
        for (int i = 0; i < 200; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.True(body.TryDecode(out TelemetryBatch batch, out _));
            batch.Return();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(least <= Budget, $"{body.Bytes.Length} bytes of {body.Name} allocated {least} bytes, budget {Budget}");
    }
}
