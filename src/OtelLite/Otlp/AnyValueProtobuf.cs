using System.Buffers.Text;
using OtelLite.Telemetry;
using Attribute = OtelLite.Telemetry.Attribute;

namespace OtelLite.Otlp;

/// <summary>Attributes and values of any depth: simple ones into the batch's columns, nested ones as plain JSON, as <see cref="AnyValueJson"/> writes it.</summary>
internal static class AnyValueProtobuf
{
    private const int Key = 1, Value = 2;
    private const int StringValue = 1, BoolValue = 2, IntValue = 3, DoubleValue = 4, ArrayValue = 5, KvlistValue = 6, BytesValue = 7;
    private const int Values = 1;

    /// <summary>A <c>KeyValue</c> as a new attribute of the batch. The caller closes the run.</summary>
    public static void ReadAttribute(ProtobufReader keyValue, TelemetryBatch batch)
    {
        var attribute = new Attribute { Key = TextRange.None };
        while (keyValue.Next())
        {
            switch (keyValue.Field)
            {
                case Key: attribute.Key = batch.Text.ReferChecked(keyValue.ReadBytes()); break;
                case Value: ReadValue(keyValue.ReadMessage(), batch.Text, ref attribute); break;
                default: keyValue.Skip(); break;
            }
        }

        if (attribute.Key.IsNone)
        {
            attribute.Key = batch.Text.Append(default(ReadOnlySpan<byte>));
        }

        attribute.Name = ClaudeCode.Attributes.Find(batch.Text[attribute.Key]);
        batch.Attributes.Add() = attribute;
    }

    // Of several members the last wins; a message without any is the empty value.
    private static void ReadValue(ProtobufReader value, Utf8Text text, ref Attribute into)
    {
        while (value.Next())
        {
            switch (value.Field)
            {
                case StringValue:
                    into.Text = text.ReferChecked(value.ReadBytes());
                    into.Kind = ValueKind.String;
                    break;
                case IntValue:
                    into.Int = (long)value.ReadVarint();
                    into.Kind = ValueKind.Int;
                    break;
                case DoubleValue:
                    into.Double = value.ReadDouble();
                    into.Kind = ValueKind.Double;
                    break;
                case BoolValue:
                    into.Int = value.ReadBool() ? 1 : 0;
                    into.Kind = ValueKind.Bool;
                    break;
                case ArrayValue or KvlistValue or BytesValue:
                    int start = text.Length;
                    AppendNested(ref value, text, 1);
                    into.Text = text.Since(start);
                    into.Kind = ValueKind.Json;
                    break;
                default:
                    value.Skip();
                    break;
            }
        }
    }

    /// <summary>Appends a value as plain JSON; the empty value is null.</summary>
    /// <param name="depth">How many values this one lies in.</param>
    public static void Append(ProtobufReader value, Utf8Text text, int depth = 0)
    {
        text.BeginNested();
        int start = text.Length;
        text.Append("null"u8);
        while (value.Next())
        {
            if (value.Field is < StringValue or > BytesValue)
            {
                value.Skip();
                continue;
            }

            text.Rewind(start);
            switch (value.Field)
            {
                case StringValue: AppendString(value.ReadBytes(), text); break;
                case BoolValue: text.AppendJson(value.ReadBool()); break;
                case IntValue: text.AppendJson((long)value.ReadVarint()); break;
                case DoubleValue: text.AppendJson(value.ReadDouble()); break;
                default: AppendNested(ref value, text, depth + 1); break;
            }
        }
    }

    /// <summary>A JSON string of a text that should be UTF-8.</summary>
    public static void AppendString(ReadOnlySpan<byte> utf8, Utf8Text text)
    {
        if (System.Text.Unicode.Utf8.IsValid(utf8))
        {
            text.AppendJsonString(utf8);
            return;
        }

        int start = text.Length;
        _ = text.AppendChecked(utf8);
        text.QuoteSince(start);
    }

    /// <summary>Appends the fields of this number, each a <c>KeyValue</c>, as one JSON object behind its name; nothing where there are none.</summary>
    /// <param name="message">A copy of the reader at the message's beginning.</param>
    /// <param name="nameAndBrace">The member's beginning, up to and with the object's brace.</param>
    public static void AppendAttributes(ProtobufReader message, int field, Utf8Text text, ReadOnlySpan<byte> nameAndBrace)
    {
        bool first = true;
        while (message.Next())
        {
            if (message.Field != field)
            {
                message.Skip();
                continue;
            }

            text.Append(first ? nameAndBrace : ","u8);
            first = false;
            AppendEntry(message.ReadMessage(), text, 0);
        }

        if (!first)
        {
            text.Append((byte)'}');
        }
    }

    // An array, a map or bytes: the reader stands on the field.
    private static void AppendNested(ref ProtobufReader value, Utf8Text text, int depth)
    {
        if (depth > Limits.AnyValueDepthMax)
        {
            throw new ProtobufException($"because more than {Limits.AnyValueDepthMax} values are nested");
        }

        switch (value.Field)
        {
            case ArrayValue: AppendArray(value.ReadMessage(), text, depth); break;
            case KvlistValue: AppendMap(value.ReadMessage(), text, depth); break;
            default: AppendBytes(value.ReadBytes(), text); break;
        }
    }

    private static void AppendArray(ProtobufReader array, Utf8Text text, int depth)
    {
        int open = text.Length;
        text.Append((byte)'[');
        while (array.Next())
        {
            if (array.Field != Values)
            {
                array.Skip();
                continue;
            }

            if (text.Length > open + 1)
            {
                text.Append((byte)',');
            }

            Append(array.ReadMessage(), text, depth);
        }

        text.Append((byte)']');
    }

    private static void AppendMap(ProtobufReader map, Utf8Text text, int depth)
    {
        int open = text.Length;
        text.Append((byte)'{');
        while (map.Next())
        {
            if (map.Field != Values)
            {
                map.Skip();
                continue;
            }

            if (text.Length > open + 1)
            {
                text.Append((byte)',');
            }

            AppendEntry(map.ReadMessage(), text, depth);
        }

        text.Append((byte)'}');
    }

    // The key has to be written first but may come last.
    private static void AppendEntry(ProtobufReader entry, Utf8Text text, int depth)
    {
        ReadOnlySpan<byte> key = default;
        ProtobufReader value = default;
        while (entry.Next())
        {
            switch (entry.Field)
            {
                case Key: key = entry.ReadBytes(); break;
                case Value: value = entry.ReadMessage(); break;
                default: entry.Skip(); break;
            }
        }

        AppendString(key, text);
        text.Append((byte)':');
        Append(value, text, depth);
    }

    /// <summary>Bytes as the string that ProtoJSON writes for them.</summary>
    public static void AppendBytes(ReadOnlySpan<byte> bytes, Utf8Text text)
    {
        text.Append((byte)'"');
        Base64.EncodeToUtf8(bytes, text.Reserve(Base64.GetMaxEncodedToUtf8Length(bytes.Length)), out _, out int written);
        text.Advance(written);
        text.Append((byte)'"');
    }
}
