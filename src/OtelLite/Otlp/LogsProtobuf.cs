using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>A <c>LogRecord</c>. One whose name is known is an event of Claude Code's.</summary>
internal static class LogsProtobuf
{
    private const int TimeUnixNano = 1, SeverityNumber = 2, SeverityText = 3, Body = 5, Attributes = 6, DroppedAttributesCount = 7, Flags = 8,
        TraceId = 9, SpanId = 10, ObservedTimeUnixNano = 11, EventName = 12;

    public static void ReadLogRecord(ProtobufReader message, TelemetryBatch batch, int resource, int scope)
    {
        LogRecord record = LogRecord.Of(resource, scope);
        Utf8Text text = batch.Text;
        int first = batch.Attributes.Count;
        uint dropped = 0;
        while (message.Next())
        {
            switch (message.Field)
            {
                case TimeUnixNano: record.TimeUnixNano = message.ReadFixed64(); break;
                case ObservedTimeUnixNano: record.ObservedTimeUnixNano = message.ReadFixed64(); break;
                case SeverityNumber: record.SeverityNumber = message.ReadInt32(); break;
                case SeverityText: record.SeverityText = text.AppendChecked(message.ReadBytes()); break;
                case Attributes: AnyValueProtobuf.ReadAttribute(message.ReadMessage(), batch); break;
                case DroppedAttributesCount: dropped = message.ReadUInt32(); break;
                case Flags: record.Flags = message.ReadFixed32(); break;
                case TraceId: record.TraceId = TracesProtobuf.ReadId(message.ReadBytes(), TracesProtobuf.TraceIdBytes, text); break;
                case SpanId: record.SpanId = TracesProtobuf.ReadId(message.ReadBytes(), TracesProtobuf.SpanIdBytes, text); break;
                case EventName: record.EventName = text.AppendChecked(message.ReadBytes()); break;
                case Body:
                    int start = text.Length;
                    AnyValueProtobuf.Append(message.ReadMessage(), text);
                    record.Body = text.Since(start);
                    break;
                default: message.Skip(); break;
            }
        }

        record.Attributes = batch.CloseAttributes(first, dropped);
        batch.AddLogRecord(record);
    }
}
