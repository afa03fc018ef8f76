using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>JSON and protobuf are two ways to write one request: every field of it is read from both. That recordings leave the same rows is B-01 of the conformance tests.</summary>
public sealed class EncodingsTests
{
    [Theory]
    [InlineData("metrics")]
    [InlineData("logs")]
    [InlineData("traces")]
    public void A_request_with_every_field_is_the_same_batch_in_either_encoding(string signal)
    {
        string json = EveryField.Of(signal);
        byte[] protobuf = OtlpSchema.ToProtobuf(OtlpSchema.RequestOf(signal), json);
        Signal of = signal == "metrics" ? Signal.Metrics : signal == "logs" ? Signal.Logs : Signal.Traces;
        Assert.Equal(of, OtlpProtobuf.SignalOf(protobuf));
        Assert.True(OtlpProtobuf.TryRead(protobuf, of, out TelemetryBatch batch, out string error), error);
        string fromProtobuf = Decoded.Of(batch).ToString();
        batch.Return();
        Assert.True(OtlpProtobuf.TryRead(protobuf, of, out batch, out error, protobuf), error);
        protobuf.AsSpan().Fill((byte)'?');
        Assert.Equal(fromProtobuf, Decoded.Of(batch).ToString());
        batch.Return();
        Assert.Equal(Decoded.Of(json).ToString(), fromProtobuf);
        Assert.Contains("rejected 0", fromProtobuf, StringComparison.Ordinal);
    }
}
