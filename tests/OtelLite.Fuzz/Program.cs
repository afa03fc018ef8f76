using OtelLite.Otlp;
using OtelLite.Telemetry;
using SharpFuzz;

// A body from AFL through one of the decoders, for longer than a test run may take: run.sh beside this file. Whatever comes out of a decoder but
// an answer is a crash to AFL, and so is a batch that claims text it does not have.
switch (args)
{
    case ["json"]:
        Fuzzer.OutOfProcess.Run(stream => Try(stream, body => OtlpJson.TryRead(body, out TelemetryBatch batch, out _, body) ? batch : null));
        return 0;
    case ["metrics" or "logs" or "traces"]:
        Signal signal = Enum.Parse<Signal>(args[0], ignoreCase: true);
        Fuzzer.OutOfProcess.Run(stream => Try(stream, body => OtlpProtobuf.TryRead(body, signal, out TelemetryBatch batch, out _, body) ? batch : null));
        return 0;
    default:
        Console.Error.WriteLine("usage: otellite-fuzz json|metrics|logs|traces");
        return 2;
}

static void Try(Stream stream, Decode decode)
{
    using var body = new MemoryStream();
    stream.CopyTo(body);
    if (decode(body.ToArray()) is not { } batch)
    {
        return;
    }

    foreach (ref readonly DataPoint point in batch.DataPoints.Rows)
    {
        _ = batch.Text[point.Metric].Length + batch.Text[point.Attributes.Json].Length + batch.Text[point.Shape].Length + batch.Text[point.Exemplars].Length;
    }

    foreach (ref readonly LogRecord record in batch.LogRecords.Rows)
    {
        _ = batch.Text[record.Body].Length + batch.Text[record.EventName].Length + batch.Text[record.Attributes.Json].Length;
    }

    foreach (ref readonly Span span in batch.Spans.Rows)
    {
        _ = batch.Text[span.Name].Length + batch.Text[span.Events].Length + batch.Text[span.Links].Length + batch.Text[span.Attributes.Json].Length;
    }

    batch.Return();
}

internal delegate TelemetryBatch? Decode(byte[] body);
