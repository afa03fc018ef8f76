using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary><c>exemplars</c> as one JSON array in the batch's text, with the members always in the same order.</summary>
internal static class ExemplarsJson
{
    /// <summary>None when there are none.</summary>
    public static TextRange Read(ref Utf8JsonReader reader, TelemetryBatch batch)
    {
        if (!Json.StartArray(ref reader, "exemplars"))
        {
            return TextRange.None;
        }

        Utf8Text text = batch.Text;
        int start = text.Length;
        while (Json.NextMessage(ref reader, "an exemplar"))
        {
            batch.BeginEmbedded(start);
            AppendExemplar(ref reader, text);
        }

        return Close(text, start);
    }

    /// <summary>Ends an array that was begun at <paramref name="start"/> with its first element; none when there was no element.</summary>
    public static TextRange Close(Utf8Text text, int start)
    {
        if (text.Length == start)
        {
            return TextRange.None;
        }

        text.Append((byte)']');
        return text.Since(start);
    }

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
        AppendId(ref traceId, text, ",\"traceId\":\""u8, Json.TraceIdDigits);
        AppendId(ref spanId, text, ",\"spanId\":\""u8, Json.SpanIdDigits);
        AppendAttributes(ref attributes, text, ",\"filteredAttributes\":"u8);
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

    /// <summary>An id behind its name, or nothing where it is none.</summary>
    /// <param name="nameAndQuote">The member's beginning, up to and with the quote before the digits.</param>
    public static void AppendId(ref Utf8JsonReader reader, Utf8Text text, ReadOnlySpan<byte> nameAndQuote, int digits)
    {
        int start = text.Length;
        text.Append(nameAndQuote);
        if (reader.TokenType == JsonTokenType.None || Json.ReadId(ref reader, text, digits).IsNone)
        {
            text.Rewind(start);
            return;
        }

        text.Append((byte)'"');
    }

    /// <summary>Attributes as one JSON object behind their name, or nothing where there are none.</summary>
    public static void AppendAttributes(ref Utf8JsonReader reader, Utf8Text text, ReadOnlySpan<byte> name)
    {
        int start = text.Length;
        text.Append(name);
        int open = text.Length;
        text.Append((byte)'{');
        if (reader.TokenType != JsonTokenType.None)
        {
            bool first = true;
            AnyValueJson.AppendEntries(ref reader, text, ref first);
        }

        if (text.Length == open + 1)
        {
            text.Rewind(start);
            return;
        }

        text.Append((byte)'}');
    }
}
