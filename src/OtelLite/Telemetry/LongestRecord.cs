namespace OtelLite.Telemetry;

/// <summary>Whether a record of a batch is longer than what is shown of one, and asked of one, can take.</summary>
internal static class LongestRecord
{
    /// <summary>A sentence about one that is too long; null where none is.</summary>
    public static string? Wrong(TelemetryBatch batch)
    {
        long shared = 0, longest = 0;
        foreach (ref readonly Resource resource in batch.Resources.Rows)
        {
            shared = Math.Max(shared, (long)resource.Attributes.Json.Length + resource.SchemaUrl.Length);
        }

        foreach (ref readonly InstrumentationScope scope in batch.Scopes.Rows)
        {
            shared = Math.Max(shared, (long)scope.Attributes.Json.Length + scope.Name.Length + scope.Version.Length + scope.SchemaUrl.Length);
        }

        foreach (ref readonly DataPoint point in batch.DataPoints.Rows)
        {
            longest = Math.Max(longest, (long)point.Attributes.Json.Length + point.Shape.Length + point.Exemplars.Length);
        }

        foreach (ref readonly LogRecord record in batch.LogRecords.Rows)
        {
            longest = Math.Max(longest, (long)record.Attributes.Json.Length + record.Body.Length + record.SeverityText.Length + record.EventName.Length);
        }

        foreach (ref readonly Span span in batch.Spans.Rows)
        {
            longest = Math.Max(
                longest, (long)span.Attributes.Json.Length + span.Events.Length + span.Links.Length + span.Name.Length + span.TraceState.Length + span.StatusMessage.Length);
        }

        return shared > Limits.ResourceBytesMax ? $"a resource or scope takes {shared} bytes as it is stored, and may take {Limits.ResourceBytesMax}; send less of it"
            : longest > Limits.RecordBytesMax ? $"a data point, log record or span takes {longest} bytes as it is stored, and may take {Limits.RecordBytesMax}; send less of it"
            : null;
    }
}
