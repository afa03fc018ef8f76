using System.Runtime.CompilerServices;
using OtelLite.Access;
using OtelLite.Otlp;
using OtelLite.Privacy;
using OtelLite.Telemetry;

namespace OtelLite.Receiver;

/// <summary>How an export was written, as it is remembered and told.</summary>
internal enum ExportEncoding
{
    Json,
    Protobuf,
    Grpc,
}

/// <summary>What becomes of an export that may come in.</summary>
/// <param name="Write">Stores a batch; the answer comes when it is on disk.</param>
/// <param name="Log">Remembers what came of it.</param>
/// <param name="Redaction">What is taken out before; null: nothing.</param>
internal sealed record Intake(int BodyBytesMax, WriteBatch Write, IngestLog Log, Redaction? Redaction = null);

/// <summary>An export with its body read: decoding and storing are the same whichever protocol brought it.</summary>
internal static class Export
{
    /// <summary>
    /// Decodes a body and waits until the writer says that the batch is on disk. Decoding runs on the request's own thread, so many clients decode
    /// side by side. The object that keeps its state while it waits is one of a few that .NET keeps: a new one would live for as long as the wait, and so into an older generation.
    /// </summary>
    /// <param name="caller">Who brought it.</param>
    /// <param name="signal">Null: what the body itself says.</param>
    /// <param name="body">Is disposed of before the wait.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<(ExportResult Result, OtlpRefusal? Refusal)> Take(
        HttpContext context, Caller caller, RequestBody body, ExportEncoding encoding, Signal? signal, Intake intake)
    {
        bool isDecoded;
        TelemetryBatch batch;
        string error;
        using (body)
        {
            isDecoded = TryDecode(body, encoding, ref signal, out batch, out error);
            if (isDecoded)
            {
                batch.Returned = body.TakeTurn();
            }
        }

        if (!isDecoded || !TryMark(batch, caller, intake.Redaction, out error))
        {
            return (default, OtlpRefusal.BadData(error));
        }

        // Asked now: a call's deadline may pass while the batch waits for the disk, and its context is then another call's.
        string path = context.Request.Path;
        string client = batch.Remark is null ? "" : OtlpReceiver.ClientOf(context);
        var result = new ExportResult(
            signal ?? SignalOf(batch), batch.DataPoints.Count, batch.LogRecords.Count, batch.Spans.Count, batch.RejectedDataPoints, batch.RejectedSpans, batch.Remark);
        int unspecified = batch.UnspecifiedTemporality;
        WriteResult written;
        try
        {
            written = await intake.Write(batch, body.Waited).ConfigureAwait(false);
        }
        finally
        {
            batch.Return();
        }

        switch (written.Outcome)
        {
            case WriteOutcome.Committed:
                intake.Log.Accept(path, client, encoding, result, unspecified, written.IsRepeat);
                return (result, null);
            case WriteOutcome.Failed:
                return (default, OtlpRefusal.Failed(written.Reason!));
            default:
                return (default, OtlpRefusal.Unavailable(written.Reason!));
        }
    }

    // Spans can't live across an await: hence a method of its own. Nor may they live when the body is disposed of, for they keep its memory.
    private static bool TryDecode(RequestBody body, ExportEncoding encoding, ref Signal? signal, out TelemetryBatch batch, out string error)
    {
        if (encoding == ExportEncoding.Json)
        {
            return OtlpJson.TryRead(body.Bytes.Span, out batch, out error, body.Bytes);
        }

        signal ??= OtlpProtobuf.SignalOf(body.Bytes.Span);
        return OtlpProtobuf.TryRead(body.Bytes.Span, signal.Value, out batch, out error, body.Bytes);
    }

    // Redacted first: what is kept of the client is that, and who it is comes from us.
    private static bool TryMark(TelemetryBatch batch, Caller caller, Redaction? redaction, out string error)
    {
        try
        {
            RefuseLong(batch);
            // Two senders whose difference is dropped stay two, and a token's new name or a new rule makes no new one.
            Timeseries.Note(batch);
            redaction?.Apply(batch);
            batch.SetTokenName(caller.NameUtf8);
            error = "";
            return true;
        }
        catch (BatchFullException e)
        {
            error = e.Message;
            batch.Return();
            return false;
        }
        catch
        {
            // Memory that is not there: the turn of a large one must go on.
            batch.Return();
            throw;
        }
    }

    // Usual ones are not looked at.
    private static void RefuseLong(TelemetryBatch batch)
    {
        if (batch.Text.Length > Limits.ResourceBytesMax && LongestRecord.Wrong(batch) is { } wrong)
        {
            throw new BatchFullException(wrong);
        }
    }

    private static Signal SignalOf(TelemetryBatch batch) =>
        batch.Spans.Count > 0 || batch.RejectedSpans > 0 ? Signal.Traces
        : batch.LogRecords.Count > 0 ? Signal.Logs
        : Signal.Metrics;
}
