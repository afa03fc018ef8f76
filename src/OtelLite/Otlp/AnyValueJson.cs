using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>The members of OTLP's <c>AnyValue</c>. <see cref="None"/> is one that is null, that is, not set.</summary>
internal enum AnyValueMember
{
    Other,
    None,
    String,
    Bool,
    Int,
    Double,
    Array,
    Map,
    Bytes,
}

/// <summary>An <c>AnyValue</c> of any depth, rewritten from OTLP's JSON (<c>{"intValue":"1"}</c>) to plain JSON (<c>1</c>).</summary>
internal static class AnyValueJson
{
    /// <summary>Which member the reader stands on the value of. JavaScript writes NaN and infinity as null.</summary>
    public static AnyValueMember MemberOf(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name) =>
        reader.TokenType == JsonTokenType.Null ? AnyValueMember.None
        : name.SequenceEqual("stringValue"u8) ? AnyValueMember.String
        : name.SequenceEqual("intValue"u8) ? AnyValueMember.Int
        : name.SequenceEqual("boolValue"u8) ? AnyValueMember.Bool
        : name.SequenceEqual("doubleValue"u8) ? AnyValueMember.Double
        : name.SequenceEqual("arrayValue"u8) ? AnyValueMember.Array
        : name.SequenceEqual("kvlistValue"u8) ? AnyValueMember.Map
        : name.SequenceEqual("bytesValue"u8) ? AnyValueMember.Bytes
        : AnyValueMember.Other;

    /// <summary>
    /// True for a 64-bit integer. JavaScript sends whole numbers of any size as intValue (<c>1e+21</c>): such a one is kept as
    /// a double, false, rather than losing the batch.
    /// </summary>
    public static bool ReadInt(ref Utf8JsonReader reader, out long integer, out double real)
    {
        ReadOnlySpan<byte> number = Json.NumberText(ref reader);
        real = 0;
        if (Json.TryInt64(number, out integer))
        {
            return true;
        }

        if (Json.TryDouble(number, out real) && double.IsInteger(real))
        {
            return false;
        }

        integer = Json.ReadInt64(ref reader);
        return true;
    }

    /// <summary>Appends a value as plain JSON; the empty value is null. Of several members the last wins.</summary>
    public static void Append(ref Utf8JsonReader reader, Utf8Text text)
    {
        text.BeginNested();
        int start = text.Length;
        text.Append("null"u8);
        if (!Json.StartMessage(ref reader, "a value"))
        {
            return;
        }

        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            AnyValueMember member = MemberOf(ref reader, name);
            if (member is AnyValueMember.Other)
            {
                reader.Skip();
            }
            else if (member is not AnyValueMember.None)
            {
                text.Rewind(start);
                AppendMember(ref reader, member, text);
            }
        }
    }

    /// <summary>Appends the value that the reader stands on, read as this member.</summary>
    public static void AppendMember(ref Utf8JsonReader reader, AnyValueMember member, Utf8Text text)
    {
        switch (member)
        {
            case AnyValueMember.String:
                AppendString(ref reader, text);
                break;
            case AnyValueMember.Int when ReadInt(ref reader, out long integer, out _):
                text.AppendJson(integer);
                break;
            case AnyValueMember.Int:
                text.AppendJson(Json.ReadDouble(ref reader));
                break;
            case AnyValueMember.Double:
                text.AppendJson(Json.ReadDouble(ref reader));
                break;
            case AnyValueMember.Bool:
                text.AppendJson(Json.ReadBool(ref reader));
                break;
            case AnyValueMember.Array:
                AppendArray(ref reader, text);
                break;
            case AnyValueMember.Map:
                AppendMap(ref reader, text);
                break;
            default:
                AppendBytes(ref reader, text);
                break;
        }
    }

    private static void AppendString(ref Utf8JsonReader reader, Utf8Text text)
    {
        if (reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && !text.IsToCheck)
        {
            text.AppendJsonString(reader.ValueSpan);
            return;
        }

        // Escapes are undone first, so that one text has one form.
        int start = text.Length;
        _ = Json.ReadText(ref reader, text);
        text.QuoteSince(start);
    }

    private static void AppendArray(ref Utf8JsonReader reader, Utf8Text text)
    {
        text.Append((byte)'[');
        bool first = true;
        Json.ExpectObject(ref reader, "arrayValue");
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (!name.SequenceEqual("values"u8))
            {
                reader.Skip();
                continue;
            }

            if (!Json.StartArray(ref reader, "arrayValue.values"))
            {
                continue;
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                AppendComma(text, ref first);
                Append(ref reader, text);
            }
        }

        text.Append((byte)']');
    }

    private static void AppendMap(ref Utf8JsonReader reader, Utf8Text text)
    {
        text.Append((byte)'{');
        bool first = true;
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            // Not what the schema says, but what opentelemetry-proto's own example of an event has.
            AppendEntries(ref reader, text, ref first);
            text.Append((byte)'}');
            return;
        }

        Json.ExpectObject(ref reader, "kvlistValue");
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (!name.SequenceEqual("values"u8))
            {
                reader.Skip();
                continue;
            }

            AppendEntries(ref reader, text, ref first);
        }

        text.Append((byte)'}');
    }

    /// <summary>Appends a repeated <c>KeyValue</c> as the members of a JSON object, in the order in which they came.</summary>
    public static void AppendEntries(ref Utf8JsonReader reader, Utf8Text text, ref bool first)
    {
        if (!Json.StartArray(ref reader, "a map's entries"))
        {
            return;
        }

        while (Json.NextMessage(ref reader, "an entry of a map"))
        {
            AppendComma(text, ref first);
            AppendEntry(ref reader, text);
        }
    }

    // The key has to stand first but may come last: it then changes places with the value where they stand. To read the value once more instead
    // would cost its length at every level of a nested map.
    private static void AppendEntry(ref Utf8JsonReader reader, Utf8Text text)
    {
        int start = text.Length;
        int behindKey = -1;
        bool hasValue = false;
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("key"u8) && reader.TokenType == JsonTokenType.String && !(behindKey >= 0 && hasValue))
            {
                int middle = hasValue ? text.Length : start;
                text.Rewind(middle);
                AppendString(ref reader, text);
                text.Append((byte)':');
                behindKey = start + text.Length - middle;
                text.Rotate(start, middle);
            }
            else if (name.SequenceEqual("value"u8))
            {
                text.Rewind(behindKey >= 0 ? behindKey : start);
                Append(ref reader, text);
                hasValue = true;
            }
            else
            {
                reader.Skip();
            }
        }

        if (behindKey < 0)
        {
            int middle = text.Length;
            text.Append("\"\":"u8);
            text.Rotate(start, middle);
        }

        if (!hasValue)
        {
            text.Append("null"u8);
        }
    }

    /// <summary>
    /// Base64, standard or URL-safe, padded or not (ProtoJSON), kept in the standard form; .NET's reader refuses two of the four. OpenTelemetry's
    /// JavaScript exporter sends what JSON.stringify makes of a Uint8Array: <c>{"0":1,"1":255}</c>.
    /// </summary>
    private static void AppendBytes(ref Utf8JsonReader reader, Utf8Text text)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            AppendNumberedBytes(ref reader, text);
            return;
        }

        int start = text.Length;
        TextRange given = Json.ReadText(ref reader, text);
        Span<byte> base64 = text.Writable(given).TrimEnd((byte)'=');
        base64.Replace((byte)'+', (byte)'-');
        base64.Replace((byte)'/', (byte)'_');
        Memory<byte> bytes = Pooled.Rent(base64.Length);
        try
        {
            if (Base64Url.DecodeFromUtf8(base64, bytes.Span, out int used, out int length) != OperationStatus.Done || used != base64.Length)
            {
                throw new JsonException("bytesValue is not base64");
            }

            text.Rewind(start);
            AnyValueProtobuf.AppendBytes(bytes.Span[..length], text);
        }
        finally
        {
            Pooled.Return(bytes);
        }
    }

    private static void AppendNumberedBytes(ref Utf8JsonReader reader, Utf8Text text)
    {
        // The bytes are gathered where the text will be, and moved out of its way: base64 is longer.
        int start = text.Length;
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            bool isNext = Json.TryInt64(name, out long index) && index == text.Length - start;
            uint value = Json.ReadUInt32(ref reader);
            if (!isNext || value > byte.MaxValue)
            {
                throw new JsonException("bytesValue is neither base64 nor the numbers of bytes in their order");
            }

            text.Append((byte)value);
        }

        int length = text.Length - start;
        Memory<byte> bytes = Pooled.Rent(length);
        try
        {
            text[text.Since(start)].CopyTo(bytes.Span);
            text.Rewind(start);
            AnyValueProtobuf.AppendBytes(bytes.Span[..length], text);
        }
        finally
        {
            Pooled.Return(bytes);
        }
    }

    private static void AppendComma(Utf8Text text, ref bool first)
    {
        if (!first)
        {
            text.Append((byte)',');
        }

        first = false;
    }
}
