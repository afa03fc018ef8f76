namespace OtelLite.Telemetry;

/// <summary>Which record of a batch takes most as it is written.</summary>
internal static class LongestRecord
{
    /// <summary>Bytes of the text of the record, resource or scope that has most.</summary>
    public static long BytesOf(TelemetryBatch batch)
    {
        long longest = 0;
        foreach (ref readonly Resource resource in batch.Resources.Rows)
        {
            longest = Math.Max(longest, resource.Attributes.Json.Length);
        }

        foreach (ref readonly InstrumentationScope scope in batch.Scopes.Rows)
        {
            longest = Math.Max(longest, scope.Attributes.Json.Length);
        }

        foreach (ref readonly DataPoint point in batch.DataPoints.Rows)
        {
            longest = Math.Max(longest, (long)point.Attributes.Json.Length + point.Shape.Length + point.Exemplars.Length);
        }

        foreach (ref readonly LogRecord record in batch.LogRecords.Rows)
        {
            longest = Math.Max(longest, (long)record.Attributes.Json.Length + record.Body.Length);
        }

        foreach (ref readonly Span span in batch.Spans.Rows)
        {
            longest = Math.Max(longest, (long)span.Attributes.Json.Length + span.Events.Length + span.Links.Length);
        }

        return longest;
    }
}
