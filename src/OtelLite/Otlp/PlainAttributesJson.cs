using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using OtelLite.Telemetry;
using Attribute = OtelLite.Telemetry.Attribute;

namespace OtelLite.Otlp;

/// <summary>
/// Attributes as JavaScript and most libraries write them: no blanks, no escapes, <c>key</c> before <c>value</c>, a string, an integer or a boolean. Each is read in one go, where the general
/// reader takes nine tokens for it, which was a third of what decoding an export took. Whatever is written otherwise is left to that reader.
/// </summary>
internal static class PlainAttributesJson
{
    /// <summary>Reads those that stand behind the attribute that <paramref name="reader"/> has just come to the end of. It goes on behind the last of them, and what it tells of its place in the body is wrong from
    /// then on: nothing here may ask for that.</summary>
    /// <param name="alike">Told where each of them ends.</param>
    public static void Read(ref Utf8JsonReader reader, TelemetryBatch batch, AlikeAttributes alike)
    {
        int place = batch.Text.PlaceBehind(reader.ValueSpan);
        if (place < 0)
        {
            return;
        }

        alike.NoteEnd(place, ref reader);
        ReadOnlySpan<byte> rest = batch.Text.BodyFrom(place);
        int read = 0;
        while (TryRead(rest[read..], batch, out int length))
        {
            read += length;
            alike.NoteEnd(place + read, ref reader);
        }

        if (read > 0)
        {
            // Behind each of them it is as it was behind the one before: in the same array, at the end of an object.
            reader = new Utf8JsonReader(rest[read..], isFinalBlock: true, reader.CurrentState);
            alike.IsPlaceLost = true;
        }
    }

    private static bool TryRead(ReadOnlySpan<byte> json, TelemetryBatch batch, out int length)
    {
        var rest = new Rest(json);
        var attribute = new Attribute();
        if (!rest.Skip(",{\"key\":\""u8) || !rest.TakeString(out ReadOnlySpan<byte> key) || !rest.Skip(",\"value\":{\""u8) || !TryReadValue(ref rest, batch.Text, ref attribute) || !rest.Skip("}}"u8))
        {
            length = 0;
            return false;
        }

        attribute.Key = batch.Text.Refer(key);
        attribute.Name = ClaudeCode.Attributes.Find(key);
        batch.Attributes.Add() = attribute;
        length = json.Length - rest.Length;
        return true;
    }

    private static bool TryReadValue(scoped ref Rest rest, Utf8Text text, ref Attribute into)
    {
        if (rest.Skip("stringValue\":\""u8))
        {
            bool isString = rest.TakeString(out ReadOnlySpan<byte> value);
            into.Kind = ValueKind.String;
            into.Text = text.Refer(value);
            return isString;
        }

        if (rest.Skip("intValue\":"u8))
        {
            into.Kind = ValueKind.Int;
            return rest.Skip("\""u8) ? rest.TakeString(out ReadOnlySpan<byte> digits) && Utf8Parser.TryParse(digits, out into.Int, out int used) && used == digits.Length
                : rest.TakeInt(out into.Int);
        }

        if (rest.Skip("boolValue\":"u8))
        {
            into.Kind = ValueKind.Bool;
            into.Int = rest.Skip("true"u8) ? 1 : 0;
            return into.Int == 1 || rest.Skip("false"u8);
        }

        return false;
    }

    /// <summary>What is still to be read of the body.</summary>
    private ref struct Rest(ReadOnlySpan<byte> json)
    {
        private ReadOnlySpan<byte> _json = json;

        public readonly int Length => _json.Length;

        public bool Skip(scoped ReadOnlySpan<byte> expected)
        {
            bool isThere = _json.StartsWith(expected);
            _json = isThere ? _json[expected.Length..] : _json;
            return isThere;
        }

        /// <summary>A string to its closing quote; false when anything in it is escaped, or not JSON.</summary>
        public bool TakeString(out ReadOnlySpan<byte> content)
        {
            int end = _json.IndexOfAny(JsonString.Escaped);
            if (end < 0 || _json[end] != '"')
            {
                content = default;
                return false;
            }

            content = _json[..end];
            _json = _json[(end + 1)..];
            return true;
        }

        /// <summary>A number that JSON allows, without point or exponent: what stands behind it, which the caller looks at, would be one of these.</summary>
        public bool TakeInt(out long value)
        {
            int sign = _json.StartsWith("-"u8) ? 1 : 0;
            bool isJson = Utf8Parser.TryParse(_json, out value, out int used) && _json[0] != '+' && (_json[sign] != '0' || used == 1);
            _json = isJson ? _json[used..] : _json;
            return isJson;
        }
    }
}
