using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary><c>resourceLogs</c> into log records. A record whose name is known is an event of Claude Code's.</summary>
internal static class LogsJson
{
    public static void ReadResourceLogs(ref Utf8JsonReader reader, TelemetryBatch batch)
    {
        if (!Json.StartArray(ref reader, "resourceLogs"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "a member of resourceLogs"))
        {
            int resource = batch.AddResource();
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("resource"u8))
                {
                    ResourceJson.ReadResource(ref reader, batch, resource);
                }
                else if (name.SequenceEqual("scopeLogs"u8))
                {
                    ReadScopeLogs(ref reader, batch, resource);
                }
                else if (name.SequenceEqual("schemaUrl"u8))
                {
                    batch.Resources[resource].SchemaUrl = Json.ReadText(ref reader, batch.Text);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private static void ReadScopeLogs(ref Utf8JsonReader reader, TelemetryBatch batch, int resource)
    {
        if (!Json.StartArray(ref reader, "scopeLogs"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "a member of scopeLogs"))
        {
            int scope = batch.AddScope();
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("scope"u8))
                {
                    ResourceJson.ReadScope(ref reader, batch, scope);
                }
                else if (name.SequenceEqual("logRecords"u8))
                {
                    ReadLogRecords(ref reader, batch, resource, scope);
                }
                else if (name.SequenceEqual("schemaUrl"u8))
                {
                    batch.Scopes[scope].SchemaUrl = Json.ReadText(ref reader, batch.Text);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private static void ReadLogRecords(ref Utf8JsonReader reader, TelemetryBatch batch, int resource, int scope)
    {
        if (!Json.StartArray(ref reader, "logRecords"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "a log record"))
        {
            var record = new LogRecord
            {
                Resource = resource,
                Scope = scope,
                SeverityText = TextRange.None,
                Body = TextRange.None,
                EventName = TextRange.None,
                TraceId = TextRange.None,
                SpanId = TextRange.None,
            };
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
            record.TraceId = ReadId(ref reader, text, 32);
        }
        else if (name.SequenceEqual("spanId"u8))
        {
            record.SpanId = ReadId(ref reader, text, 16);
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

    // Hex in either case. An invalid or all-zero id means "not associated" (logs data model), and the record is kept.
    private static TextRange ReadId(ref Utf8JsonReader reader, Utf8Text text, int digits)
    {
        int start = text.Length;
        TextRange given = Json.ReadText(ref reader, text);
        bool zero = true;
        if (given.Length == digits)
        {
            Span<byte> id = text.Writable(given);
            for (int i = 0; i < id.Length; i++)
            {
                if (!char.IsAsciiHexDigit((char)id[i]))
                {
                    zero = true;
                    break;
                }

                id[i] |= 0x20; // The digits stay as they are, letters become lower case.
                zero &= id[i] == '0';
            }
        }

        if (zero)
        {
            text.Rewind(start);
            return TextRange.None;
        }

        return given;
    }
}
