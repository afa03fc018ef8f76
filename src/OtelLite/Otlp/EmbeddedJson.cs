using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>Writes one event, link or exemplar as a JSON object; the reader stands on its own.</summary>
internal delegate void AppendEmbedded(ref Utf8JsonReader reader, Utf8Text text);

/// <summary>What belongs to a record and is no row of its own, such as a span's events: one JSON array in the batch's text.</summary>
internal static class EmbeddedJson
{
    /// <summary>A whole list; none when there are none.</summary>
    /// <param name="list">The list's name, for what is said about a bad one.</param>
    /// <param name="one">The same for one of it, with its article.</param>
    public static TextRange Read(ref Utf8JsonReader reader, TelemetryBatch batch, string list, string one, AppendEmbedded append)
    {
        if (!Json.StartArray(ref reader, list))
        {
            return TextRange.None;
        }

        int start = batch.Text.Length;
        while (Json.NextMessage(ref reader, one))
        {
            batch.BeginEmbedded(start);
            append(ref reader, batch.Text);
        }

        return batch.EndEmbedded(start);
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
