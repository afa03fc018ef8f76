using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>
/// ProtoJSON's leniency on top of <see cref="Utf8JsonReader"/>: numbers as numbers or strings, null as "not set", escapes
/// that .NET refuses. Every method leaves the reader on the last token of the value it read.
/// </summary>
internal static class Json
{
    // Longer than any name we look for; a longer one is unknown whatever it says.
    private const int NameBytesMax = 64;

    public const int TraceIdDigits = 32, SpanIdDigits = 16;

    public static void ExpectObject(ref Utf8JsonReader reader, string what)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException($"{what} must be an object, not {Name(reader.TokenType)}");
        }
    }

    /// <summary>On to the next member of the object the reader is in; the reader then stands on its value. False at the object's end.</summary>
    public static bool NextMember(ref Utf8JsonReader reader, out ReadOnlySpan<byte> name)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            name = default;
            return false;
        }

        name = reader.ValueIsEscaped ? UnescapedName(reader.ValueSpan) : reader.ValueSpan;
        reader.Read();
        return true;
    }

    /// <summary>Starts on a repeated field's value: false when it is null, that is, not set.</summary>
    public static bool StartArray(ref Utf8JsonReader reader, string what)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return false;
        }

        return reader.TokenType == JsonTokenType.StartArray
            ? true
            : throw new JsonException($"{what} must be an array, not {Name(reader.TokenType)}");
    }

    /// <summary>On to the next message of a repeated field; nulls between are skipped. False at the array's end.</summary>
    public static bool NextMessage(ref Utf8JsonReader reader, string what)
    {
        do
        {
            reader.Read();
        }
        while (reader.TokenType == JsonTokenType.Null);

        if (reader.TokenType == JsonTokenType.EndArray)
        {
            return false;
        }

        ExpectObject(ref reader, what);
        return true;
    }

    /// <summary>Starts on a message field's value: false when it is null.</summary>
    public static bool StartMessage(ref Utf8JsonReader reader, string what)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return false;
        }

        ExpectObject(ref reader, what);
        return true;
    }

    /// <summary>A string, unescaped into the batch's text; none when null.</summary>
    public static TextRange ReadText(ref Utf8JsonReader reader, Utf8Text text)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return TextRange.None;
            case JsonTokenType.String when !reader.ValueIsEscaped:
                return text.IsToCheck ? text.AppendChecked(reader.ValueSpan) : text.Append(reader.ValueSpan);
            case JsonTokenType.String:
                TextRange plain = text.AppendUnescaped(reader.ValueSpan);
                return text.IsToCheck ? text.CheckSince(plain.Start) : plain;
            default:
                throw new JsonException($"a string was expected, not {Name(reader.TokenType)}");
        }
    }

    /// <summary>The same, where it need last no longer than the body is read: not copied, where it stands there as it is.</summary>
    public static TextRange ReferText(ref Utf8JsonReader reader, Utf8Text text) =>
        reader is not { TokenType: JsonTokenType.String, ValueIsEscaped: false } ? ReadText(ref reader, text)
        : text.IsToCheck ? text.ReferChecked(reader.ValueSpan)
        : text.Refer(reader.ValueSpan);

    /// <summary>
    /// An id, hex in either case, as lower-case hex. None when it is invalid or all zero: for a log record that means "not associated" (logs data
    /// model), and the record is kept.
    /// </summary>
    public static TextRange ReadId(ref Utf8JsonReader reader, Utf8Text text, int digits)
    {
        int start = text.Length;
        TextRange given = ReadText(ref reader, text);
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

    public static bool ReadBool(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False or JsonTokenType.Null => false,
        JsonTokenType.String when reader.ValueSpan.SequenceEqual("true"u8) => true,
        JsonTokenType.String when reader.ValueSpan.SequenceEqual("false"u8) => false,
        _ => throw new JsonException($"a boolean was expected, not {Name(reader.TokenType)}"),
    };

    /// <summary>A 64-bit integer as number or string (ProtoJSON allows both, and the forms 1e2 and 1.0); null is 0.</summary>
    public static long ReadInt64(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Null ? 0
        : TryInt64(NumberText(ref reader), out long value) ? value
        : throw new JsonException("a value is not a 64-bit integer");

    public static ulong ReadUInt64(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return 0;
        }

        ReadOnlySpan<byte> text = NumberText(ref reader);
        if (Utf8Parser.TryParse(text, out ulong value, out int used) && used == text.Length)
        {
            return value;
        }

        return TryInt64(text, out long signed) && signed >= 0
            ? (ulong)signed
            : throw new JsonException("a value is not an unsigned 64-bit integer");
    }

    public static uint ReadUInt32(ref Utf8JsonReader reader)
    {
        ulong value = ReadUInt64(ref reader);
        return value <= uint.MaxValue ? (uint)value : throw new JsonException($"{value} does not fit 32 bits");
    }

    public static int ReadInt32(ref Utf8JsonReader reader)
    {
        long value = ReadInt64(ref reader);
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw new JsonException($"{value} does not fit 32 bits");
    }

    /// <summary>An enum's number. Known names are not accepted: senders must not use them (OTLP, "JSON Protobuf Encoding").</summary>
    public static int ReadEnum(ref Utf8JsonReader reader) => ReadInt32(ref reader);

    /// <summary>A double as number, numeric string, "NaN", "Infinity" or "-Infinity".</summary>
    public static double ReadDouble(ref Utf8JsonReader reader) =>
        TryDouble(NumberText(ref reader), out double value) ? value : throw new JsonException("a value is not a number");

    public static bool TryInt64(ReadOnlySpan<byte> text, out long value)
    {
        if (Utf8Parser.TryParse(text, out value, out int used) && used == text.Length)
        {
            return true;
        }

        // 1e2 and 1.0 are integers to ProtoJSON; decimal holds all 64 bits exactly.
        if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal exact)
            && exact == decimal.Truncate(exact) && exact is >= long.MinValue and <= long.MaxValue)
        {
            value = (long)exact;
            return true;
        }

        value = 0;
        return false;
    }

    public static bool TryDouble(ReadOnlySpan<byte> text, out double value)
    {
        // A number too large for a double comes out as infinite, which ProtoJSON has names for: it is out of range.
        if (Utf8Parser.TryParse(text, out value, out int used) && used == text.Length && double.IsFinite(value))
        {
            return true;
        }

        value = text.SequenceEqual("NaN"u8) ? double.NaN
            : text.SequenceEqual("Infinity"u8) ? double.PositiveInfinity
            : text.SequenceEqual("-Infinity"u8) ? double.NegativeInfinity
            : 0;
        return value != 0;
    }

    /// <summary>The digits of a number, or of a string that should hold one.</summary>
    public static ReadOnlySpan<byte> NumberText(ref Utf8JsonReader reader) =>
        reader.TokenType is JsonTokenType.Number or JsonTokenType.String
            ? reader.ValueSpan
            : throw new JsonException($"a number was expected, not {Name(reader.TokenType)}");

    private static ReadOnlySpan<byte> UnescapedName(ReadOnlySpan<byte> escaped)
    {
        if (escaped.Length > NameBytesMax * 6)
        {
            return default;
        }

        // Nobody escapes a name that we know; such a body may cost an array.
        byte[] name = new byte[escaped.Length];
        return name.AsSpan(0, JsonString.Unescape(escaped, name));
    }

    private static string Name(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        _ => "null",
    };
}
