using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>A <c>Span</c>; its events and links become JSON as <see cref="TracesJson"/> writes it.</summary>
internal static class TracesProtobuf
{
    public const int TraceIdBytes = 16, SpanIdBytes = 8;

    private const int TraceId = 1, SpanId = 2, TraceState = 3, ParentSpanId = 4, Name = 5, Kind = 6, StartTimeUnixNano = 7, EndTimeUnixNano = 8,
        Attributes = 9, DroppedAttributesCount = 10, Events = 11, DroppedEventsCount = 12, Links = 13, DroppedLinksCount = 14, Status = 15, Flags = 16;

    public static void ReadSpan(ProtobufReader message, TelemetryBatch batch, int resource, int scope)
    {
        Span span = Span.Of(resource, scope);
        int first = batch.Attributes.Count;
        uint dropped = 0;
        bool hasEvents = false;
        bool hasLinks = false;
        ProtobufReader again = message;
        while (message.Next())
        {
            switch (message.Field)
            {
                case Attributes: AnyValueProtobuf.ReadAttribute(message.ReadMessage(), batch); break;
                case DroppedAttributesCount: dropped = message.ReadUInt32(); break;
                case Events: hasEvents = true; message.Skip(); break;
                case Links: hasLinks = true; message.Skip(); break;
                default: ReadField(ref message, batch.Text, ref span); break;
            }
        }

        // Each is one JSON array but its parts may stand apart: a second walk.
        span.Events = hasEvents ? ReadEvents(again, batch) : TextRange.None;
        span.Links = hasLinks ? ReadLinks(again, batch) : TextRange.None;
        span.Attributes = batch.CloseAttributes(first, dropped);
        batch.AddSpan(span);
    }

    /// <summary>An id as lower-case hex; none when it has another length or is all zero, which OTLP calls invalid.</summary>
    public static TextRange ReadId(ReadOnlySpan<byte> id, int bytes, Utf8Text text) => IsId(id, bytes) ? text.AppendHex(id) : TextRange.None;

    /// <summary>An id behind its name, or nothing where it is none.</summary>
    /// <param name="nameAndQuote">The member's beginning, up to and with the quote before the digits.</param>
    public static void AppendId(ReadOnlySpan<byte> id, int bytes, Utf8Text text, ReadOnlySpan<byte> nameAndQuote)
    {
        if (IsId(id, bytes))
        {
            text.Append(nameAndQuote);
            text.AppendHex(id);
            text.Append((byte)'"');
        }
    }

    private static bool IsId(ReadOnlySpan<byte> id, int bytes) => id.Length == bytes && id.ContainsAnyExcept((byte)0);

    private static void ReadField(ref ProtobufReader message, Utf8Text text, ref Span span)
    {
        switch (message.Field)
        {
            case TraceId: span.TraceId = ReadId(message.ReadBytes(), TraceIdBytes, text); break;
            case SpanId: span.SpanId = ReadId(message.ReadBytes(), SpanIdBytes, text); break;
            case ParentSpanId: span.ParentSpanId = ReadId(message.ReadBytes(), SpanIdBytes, text); break;
            case TraceState: span.TraceState = text.AppendChecked(message.ReadBytes()); break;
            case Name: span.Name = text.AppendChecked(message.ReadBytes()); break;
            case Kind: span.Kind = message.ReadInt32(); break;
            case StartTimeUnixNano: span.StartTimeUnixNano = message.ReadFixed64(); break;
            case EndTimeUnixNano: span.EndTimeUnixNano = message.ReadFixed64(); break;
            case DroppedEventsCount: span.DroppedEventsCount = message.ReadUInt32(); break;
            case DroppedLinksCount: span.DroppedLinksCount = message.ReadUInt32(); break;
            case Flags: span.Flags = message.ReadFixed32(); break;
            case Status: ReadStatus(message.ReadMessage(), text, ref span); break;
            default: message.Skip(); break;
        }
    }

    private static void ReadStatus(ProtobufReader status, Utf8Text text, ref Span span)
    {
        const int message = 2, code = 3;
        while (status.Next())
        {
            switch (status.Field)
            {
                case message: span.StatusMessage = text.AppendChecked(status.ReadBytes()); break;
                case code: span.StatusCode = status.ReadInt32(); break;
                default: status.Skip(); break;
            }
        }
    }

    private static TextRange ReadEvents(ProtobufReader span, TelemetryBatch batch)
    {
        Utf8Text text = batch.Text;
        const int timeUnixNano = 1, eventName = 2, attributes = 3, droppedAttributesCount = 4;
        int start = text.Length;
        while (span.Next())
        {
            if (span.Field != Events)
            {
                span.Skip();
                continue;
            }

            ulong time = 0;
            uint dropped = 0;
            ReadOnlySpan<byte> name = default;
            ProtobufReader message = span.ReadMessage();
            ProtobufReader again = message;
            while (message.Next())
            {
                switch (message.Field)
                {
                    case timeUnixNano: time = message.ReadFixed64(); break;
                    case eventName: name = message.ReadBytes(); break;
                    case droppedAttributesCount: dropped = message.ReadUInt32(); break;
                    default: message.Skip(); break;
                }
            }

            batch.BeginEmbedded(start);
            text.Append("{\"timeUnixNano\":"u8);
            text.AppendJson(time);
            text.Append(",\"name\":"u8);
            AnyValueProtobuf.AppendString(name, text);
            Close(again, attributes, text, dropped);
        }

        return batch.EndEmbedded(start);
    }

    private static TextRange ReadLinks(ProtobufReader span, TelemetryBatch batch)
    {
        Utf8Text text = batch.Text;
        const int linkTraceId = 1, linkSpanId = 2, linkTraceState = 3, attributes = 4, droppedAttributesCount = 5, linkFlags = 6;
        int start = text.Length;
        while (span.Next())
        {
            if (span.Field != Links)
            {
                span.Skip();
                continue;
            }

            uint dropped = 0;
            uint flags = 0;
            ReadOnlySpan<byte> traceId = default;
            ReadOnlySpan<byte> spanId = default;
            ReadOnlySpan<byte> traceState = default;
            ProtobufReader message = span.ReadMessage();
            ProtobufReader again = message;
            while (message.Next())
            {
                switch (message.Field)
                {
                    case linkTraceId: traceId = message.ReadBytes(); break;
                    case linkSpanId: spanId = message.ReadBytes(); break;
                    case linkTraceState: traceState = message.ReadBytes(); break;
                    case droppedAttributesCount: dropped = message.ReadUInt32(); break;
                    case linkFlags: flags = message.ReadFixed32(); break;
                    default: message.Skip(); break;
                }
            }

            batch.BeginEmbedded(start);
            text.Append("{\"flags\":"u8);
            text.AppendJson((ulong)flags);
            AppendId(traceId, TraceIdBytes, text, ",\"traceId\":\""u8);
            AppendId(spanId, SpanIdBytes, text, ",\"spanId\":\""u8);
            text.Append(",\"traceState\":"u8);
            AnyValueProtobuf.AppendString(traceState, text);
            Close(again, attributes, text, dropped);
        }

        return batch.EndEmbedded(start);
    }

    // What events and links have at their end.
    private static void Close(ProtobufReader again, int attributes, Utf8Text text, uint dropped)
    {
        AnyValueProtobuf.AppendAttributes(again, attributes, text, ",\"attributes\":{"u8);
        if (dropped > 0)
        {
            text.Append(",\"droppedAttributesCount\":"u8);
            text.AppendJson((ulong)dropped);
        }

        text.Append((byte)'}');
    }
}
