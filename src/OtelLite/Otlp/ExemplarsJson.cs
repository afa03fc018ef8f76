using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary><c>exemplars</c> as JSON, with the members always in the same order.</summary>
internal static class ExemplarsJson
{
    /// <summary>None when there are none.</summary>
    public static TextRange Read(ref Utf8JsonReader reader, TelemetryBatch batch) => EmbeddedJson.Read(ref reader, batch, "exemplars", "an exemplar", AppendExemplar);

    private static void AppendExemplar(ref Utf8JsonReader reader, Utf8Text text)
    {
        ulong time = 0;
        long integer = 0;
        double? real = null;
        bool isInt = false;
        Utf8JsonReader traceId = default;
        Utf8JsonReader spanId = default;
        Utf8JsonReader attributes = default;
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("timeUnixNano"u8))
            {
                time = Json.ReadUInt64(ref reader);
            }
            else if (name.SequenceEqual("asInt"u8) && reader.TokenType != JsonTokenType.Null)
            {
                (integer, isInt) = (Json.ReadInt64(ref reader), true);
            }
            else if (name.SequenceEqual("asDouble"u8) && reader.TokenType != JsonTokenType.Null)
            {
                (real, isInt) = (Json.ReadDouble(ref reader), false);
            }
            else if (name.SequenceEqual("traceId"u8))
            {
                traceId = reader;
                reader.Skip();
            }
            else if (name.SequenceEqual("spanId"u8))
            {
                spanId = reader;
                reader.Skip();
            }
            else
            {
                attributes = name.SequenceEqual("filteredAttributes"u8) ? reader : attributes;
                reader.Skip();
            }
        }

        text.Append("{\"timeUnixNano\":"u8);
        text.AppendJson(time);
        text.Append(",\"value\":"u8);
        AppendNumber(text, isInt, integer, real);
        EmbeddedJson.AppendId(ref traceId, text, ",\"traceId\":\""u8, Json.TraceIdDigits);
        EmbeddedJson.AppendId(ref spanId, text, ",\"spanId\":\""u8, Json.SpanIdDigits);
        EmbeddedJson.AppendAttributes(ref attributes, text, ",\"filteredAttributes\":"u8);
        text.Append((byte)'}');
    }

    /// <summary>An exemplar's value; null where it has none.</summary>
    public static void AppendNumber(Utf8Text text, bool isInt, long integer, double? real)
    {
        if (isInt)
        {
            text.AppendJson(integer);
        }
        else if (real is { } given)
        {
            text.AppendJson(given);
        }
        else
        {
            text.Append("null"u8);
        }
    }
}
