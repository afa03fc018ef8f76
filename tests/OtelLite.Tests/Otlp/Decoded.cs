using System.Text;
using System.Text.Json;
using OtelLite.Otlp;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Otlp;

/// <summary>What the resource and scope around a record say.</summary>
internal sealed record DecodedEnvelope(
    string Resource, uint ResourceDropped, string? ResourceSchema, string? Scope, string? Version, string ScopeAttributes, uint ScopeDropped, string? ScopeSchema);

internal sealed record DecodedPoint(
    DecodedEnvelope From, string? Metric, string? Unit, MetricName Name, MetricKind Kind, int Temporality, bool IsMonotonic, ulong Start, ulong Time,
    object? Value, uint Flags, string Attributes, string? SessionId, ulong Count, string? Shape, string? Exemplars);

internal sealed record DecodedRecord(
    DecodedEnvelope From, ulong Time, ulong Observed, int Severity, string? SeverityText, string? Body, string? EventName, EventName Name,
    string Attributes, uint Dropped, string? SessionId, string? PromptId, string? TraceId, string? SpanId, uint Flags);

internal sealed record DecodedSpan(
    DecodedEnvelope From, string? TraceId, string? SpanId, string? Parent, string? TraceState, string? Name, SpanName Known, int Kind, ulong Start, ulong End,
    string Attributes, uint Dropped, string? Events, uint DroppedEvents, string? Links, uint DroppedLinks, int Status, string? Message, uint Flags, string? SessionId);

/// <summary>
/// A decoded body with every range resolved to its text, so that two of them can be compared and a test can say what it
/// expects. An absent text is null here, an empty one is empty.
/// </summary>
internal sealed record Decoded(IReadOnlyList<DecodedPoint> Points, IReadOnlyList<DecodedRecord> Records, IReadOnlyList<DecodedSpan> Spans, int Rejected, string? RejectedBecause)
{
    public static Decoded Of(string json) => Of(Encoding.UTF8.GetBytes(json));

    public static Decoded Of(ReadOnlySpan<byte> body)
    {
        Assert.True(OtlpJson.TryRead(body, out TelemetryBatch batch, out string error), error);
        Decoded decoded = Of(batch);
        batch.Return();

        // The server hands over where the body lies, and what is there afterwards is another's.
        byte[] array = [1, 2, .. body, 3];
        Assert.True(OtlpJson.TryRead(array.AsSpan(2, body.Length), out batch, out error, array.AsMemory(2, body.Length)), error);
        array.AsSpan().Fill((byte)'?');
        Assert.Equal(decoded.ToString(), Of(batch).ToString());
        batch.Return();
        return decoded;
    }

    public static Decoded Of(TelemetryBatch batch)
    {
        List<DecodedPoint> points = [];
        foreach (ref readonly DataPoint p in batch.DataPoints.Rows)
        {
            points.Add(new(
                EnvelopeOf(batch, p.Resource, p.Scope), Show(batch, p.Metric), Show(batch, p.Unit), p.Name, p.Kind, (int)p.Temporality, p.IsMonotonic,
                p.StartTimeUnixNano, p.TimeUnixNano, !p.HasValue ? null : p.IsInt ? (object)p.AsInt : p.AsDouble, p.Flags,
                Show(batch, p.Attributes.Json)!, Show(batch, p.SessionId), p.Count, Show(batch, p.Shape), Show(batch, p.Exemplars)));
        }

        List<DecodedRecord> records = [];
        foreach (ref readonly LogRecord r in batch.LogRecords.Rows)
        {
            records.Add(new(
                EnvelopeOf(batch, r.Resource, r.Scope), r.TimeUnixNano, r.ObservedTimeUnixNano, r.SeverityNumber, Show(batch, r.SeverityText),
                Show(batch, r.Body), Show(batch, r.EventName), r.Name, Show(batch, r.Attributes.Json)!, r.Attributes.DroppedCount,
                Show(batch, r.SessionId), Show(batch, r.PromptId), Show(batch, r.TraceId), Show(batch, r.SpanId), r.Flags));
        }

        List<DecodedSpan> spans = [];
        foreach (ref readonly Span s in batch.Spans.Rows)
        {
            spans.Add(new(
                EnvelopeOf(batch, s.Resource, s.Scope), Show(batch, s.TraceId), Show(batch, s.SpanId), Show(batch, s.ParentSpanId), Show(batch, s.TraceState),
                Show(batch, s.Name), s.Known, s.Kind, s.StartTimeUnixNano, s.EndTimeUnixNano, Show(batch, s.Attributes.Json)!, s.Attributes.DroppedCount,
                Show(batch, s.Events), s.DroppedEventsCount, Show(batch, s.Links), s.DroppedLinksCount, s.StatusCode, Show(batch, s.StatusMessage), s.Flags,
                Show(batch, s.SessionId)));
        }

        return new(points, records, spans, batch.Rejected, batch.Remark);
    }

    /// <summary>A body through the decoder of its encoding.</summary>
    public static Decoded Of(RecordedBody body)
    {
        Assert.True(body.TryDecode(out TelemetryBatch batch, out string error), error);
        Decoded decoded = Of(batch);
        batch.Return();
        return decoded;
    }

    /// <summary>The sentence that says why a body was refused.</summary>
    public static string ErrorOf(string json) => ErrorOf(Encoding.UTF8.GetBytes(json));

    public static string ErrorOf(ReadOnlySpan<byte> body)
    {
        Assert.False(OtlpJson.TryRead(body, out TelemetryBatch batch, out string error), "the body was accepted");
        Assert.Null(batch);

        // The same sentence, with the same place in it, where the server hands over where the body lies.
        byte[] array = [1, 2, .. body, 3];
        Assert.False(OtlpJson.TryRead(array.AsSpan(2, body.Length), out batch, out string placed, array.AsMemory(2, body.Length)), "the body was accepted");
        Assert.Null(batch);
        Assert.Equal(error, placed);
        return error;
    }

    /// <summary>The value of the one attribute <c>a</c> of a log record, as the JSON it is stored as.</summary>
    public static string ValueOf(string anyValue)
    {
        DecodedRecord record = Of(Export.Logs(Export.Record($"\"attributes\":[{Export.Attribute("a", anyValue)}]"))).Records.Single();
        using JsonDocument attributes = JsonDocument.Parse(record.Attributes, new JsonDocumentOptions { MaxDepth = Limits.JsonDepthMax });
        return attributes.RootElement.GetProperty("a").GetRawText();
    }

    /// <summary>All of it as text, a line per record: what tests compare.</summary>
    public override string ToString() => string.Join('\n', [.. Points, .. Records, .. Spans, $"rejected {Rejected} {RejectedBecause}"]);

    private static DecodedEnvelope EnvelopeOf(TelemetryBatch batch, int resource, int scope)
    {
        ref readonly Resource r = ref batch.Resources[resource];
        ref readonly InstrumentationScope s = ref batch.Scopes[scope];
        return new(
            Show(batch, r.Attributes.Json)!, r.Attributes.DroppedCount, Show(batch, r.SchemaUrl), Show(batch, s.Name), Show(batch, s.Version),
            Show(batch, s.Attributes.Json)!, s.Attributes.DroppedCount, Show(batch, s.SchemaUrl));
    }

    private static string? Show(TelemetryBatch batch, TextRange range) => range.IsNone ? null : Encoding.UTF8.GetString(batch.Text[range]);
}
