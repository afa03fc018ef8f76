using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>Spans; their events and links become JSON, always with the same members in the same order.</summary>
internal static class TracesJson
{
    /// <inheritdoc cref="ReadRecord"/>
    public static void ReadSpan(ref Utf8JsonReader reader, TelemetryBatch batch, int resource, int scope)
    {
        Span span = Span.Of(resource, scope);
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
            else if (!TryReadText(ref reader, name, batch, ref span) && !TryReadNumber(ref reader, name, ref span))
            {
                reader.Skip();
            }
        }

        span.Attributes = batch.CloseAttributes(first, dropped);
        batch.AddSpan(span);
    }

    private static bool TryReadText(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, TelemetryBatch batch, ref Span span)
    {
        Utf8Text text = batch.Text;
        if (name.SequenceEqual("traceId"u8))
        {
            span.TraceId = Json.ReadId(ref reader, text, Json.TraceIdDigits);
        }
        else if (name.SequenceEqual("spanId"u8))
        {
            span.SpanId = Json.ReadId(ref reader, text, Json.SpanIdDigits);
        }
        else if (name.SequenceEqual("parentSpanId"u8))
        {
            span.ParentSpanId = Json.ReadId(ref reader, text, Json.SpanIdDigits);
        }
        else if (name.SequenceEqual("name"u8))
        {
            span.Name = Json.ReadText(ref reader, text);
        }
        else if (name.SequenceEqual("traceState"u8))
        {
            span.TraceState = Json.ReadText(ref reader, text);
        }
        else if (name.SequenceEqual("events"u8))
        {
            span.Events = EmbeddedJson.Read(ref reader, batch, "events", "an event of a span", AppendEvent);
        }
        else if (name.SequenceEqual("links"u8))
        {
            span.Links = EmbeddedJson.Read(ref reader, batch, "links", "a link of a span", AppendLink);
        }
        else if (name.SequenceEqual("status"u8))
        {
            ReadStatus(ref reader, text, ref span);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static bool TryReadNumber(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, ref Span span)
    {
        if (name.SequenceEqual("startTimeUnixNano"u8))
        {
            span.StartTimeUnixNano = Json.ReadUInt64(ref reader);
        }
        else if (name.SequenceEqual("endTimeUnixNano"u8))
        {
            span.EndTimeUnixNano = Json.ReadUInt64(ref reader);
        }
        else if (name.SequenceEqual("kind"u8))
        {
            span.Kind = Json.ReadEnum(ref reader);
        }
        else if (name.SequenceEqual("flags"u8))
        {
            span.Flags = Json.ReadUInt32(ref reader);
        }
        else if (name.SequenceEqual("droppedEventsCount"u8))
        {
            span.DroppedEventsCount = Json.ReadUInt32(ref reader);
        }
        else if (name.SequenceEqual("droppedLinksCount"u8))
        {
            span.DroppedLinksCount = Json.ReadUInt32(ref reader);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static void ReadStatus(ref Utf8JsonReader reader, Utf8Text text, ref Span span)
    {
        if (!Json.StartMessage(ref reader, "status"))
        {
            return;
        }

        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("code"u8))
            {
                span.StatusCode = Json.ReadEnum(ref reader);
            }
            else if (name.SequenceEqual("message"u8))
            {
                span.StatusMessage = Json.ReadText(ref reader, text);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void AppendEvent(ref Utf8JsonReader reader, Utf8Text text)
    {
        ulong time = 0;
        uint dropped = 0;
        Utf8JsonReader eventName = default;
        Utf8JsonReader attributes = default;
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("timeUnixNano"u8))
            {
                time = Json.ReadUInt64(ref reader);
            }
            else if (name.SequenceEqual("droppedAttributesCount"u8))
            {
                dropped = Json.ReadUInt32(ref reader);
            }
            else
            {
                eventName = name.SequenceEqual("name"u8) ? reader : eventName;
                attributes = name.SequenceEqual("attributes"u8) ? reader : attributes;
                reader.Skip();
            }
        }

        text.Append("{\"timeUnixNano\":"u8);
        text.AppendJson(time);
        text.Append(",\"name\":"u8);
        AppendText(ref eventName, text);
        Close(ref attributes, text, dropped);
    }

    private static void AppendLink(ref Utf8JsonReader reader, Utf8Text text)
    {
        uint dropped = 0;
        uint flags = 0;
        Utf8JsonReader traceId = default;
        Utf8JsonReader spanId = default;
        Utf8JsonReader traceState = default;
        Utf8JsonReader attributes = default;
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("droppedAttributesCount"u8))
            {
                dropped = Json.ReadUInt32(ref reader);
            }
            else if (name.SequenceEqual("flags"u8))
            {
                flags = Json.ReadUInt32(ref reader);
            }
            else
            {
                traceId = name.SequenceEqual("traceId"u8) ? reader : traceId;
                spanId = name.SequenceEqual("spanId"u8) ? reader : spanId;
                traceState = name.SequenceEqual("traceState"u8) ? reader : traceState;
                attributes = name.SequenceEqual("attributes"u8) ? reader : attributes;
                reader.Skip();
            }
        }

        text.Append("{\"flags\":"u8);
        text.AppendJson((ulong)flags);
        EmbeddedJson.AppendId(ref traceId, text, ",\"traceId\":\""u8, Json.TraceIdDigits);
        EmbeddedJson.AppendId(ref spanId, text, ",\"spanId\":\""u8, Json.SpanIdDigits);
        text.Append(",\"traceState\":"u8);
        AppendText(ref traceState, text);
        Close(ref attributes, text, dropped);
    }

    private static void AppendText(ref Utf8JsonReader reader, Utf8Text text)
    {
        if (reader.TokenType is JsonTokenType.None or JsonTokenType.Null)
        {
            text.Append("\"\""u8);
        }
        else
        {
            AnyValueJson.AppendMember(ref reader, AnyValueMember.String, text);
        }
    }

    // What events and links have at their end.
    private static void Close(ref Utf8JsonReader attributes, Utf8Text text, uint dropped)
    {
        EmbeddedJson.AppendAttributes(ref attributes, text, ",\"attributes\":"u8);
        if (dropped > 0)
        {
            text.Append(",\"droppedAttributesCount\":"u8);
            text.AppendJson((ulong)dropped);
        }

        text.Append((byte)'}');
    }
}
