using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>Log records. A record whose name is known is an event of Claude Code's.</summary>
internal static class LogsJson
{
    /// <inheritdoc cref="ReadRecord"/>
    public static void ReadLogRecord(ref Utf8JsonReader reader, TelemetryBatch batch, int resource, int scope)
    {
        LogRecord record = LogRecord.Of(resource, scope);
        int first = batch.Attributes.Count;
        uint dropped = 0;
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("attributes"u8))
            {
                AttributesJson.Read(ref reader, batch);
            }
            else if (name.SequenceEqual("droppedAttributesCount"u8))
            {
                dropped = Json.ReadUInt32(ref reader);
            }
            else
            {
                ReadMember(ref reader, name, batch.Text, ref record);
            }
        }

        record.Attributes = batch.CloseAttributes(first, dropped);
        batch.AddLogRecord(record);
    }

    private static void ReadMember(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, Utf8Text text, ref LogRecord record)
    {
        if (name.SequenceEqual("timeUnixNano"u8))
        {
            record.TimeUnixNano = Json.ReadUInt64(ref reader);
        }
        else if (name.SequenceEqual("observedTimeUnixNano"u8))
        {
            record.ObservedTimeUnixNano = Json.ReadUInt64(ref reader);
        }
        else if (name.SequenceEqual("body"u8) && reader.TokenType != JsonTokenType.Null)
        {
            int start = text.Length;
            AnyValueJson.Append(ref reader, text);
            record.Body = text.Since(start);
        }
        else if (name.SequenceEqual("eventName"u8))
        {
            record.EventName = Json.ReadText(ref reader, text);
        }
        else if (name.SequenceEqual("severityNumber"u8))
        {
            record.SeverityNumber = Json.ReadEnum(ref reader);
        }
        else if (name.SequenceEqual("severityText"u8))
        {
            record.SeverityText = Json.ReadText(ref reader, text);
        }
        else if (name.SequenceEqual("traceId"u8))
        {
            record.TraceId = Json.ReadId(ref reader, text, Json.TraceIdDigits);
        }
        else if (name.SequenceEqual("spanId"u8))
        {
            record.SpanId = Json.ReadId(ref reader, text, Json.SpanIdDigits);
        }
        else if (name.SequenceEqual("flags"u8))
        {
            record.Flags = Json.ReadUInt32(ref reader);
        }
        else
        {
            reader.Skip();
        }
    }
}
