using System.Text.Json;
using OtelLite.Telemetry;
using Attribute = OtelLite.Telemetry.Attribute;

namespace OtelLite.Otlp;

/// <summary>The attributes of a resource, scope, point or record: simple values into the batch's columns, nested ones as JSON.</summary>
internal static class AttributesJson
{
    /// <summary>Reads a repeated <c>KeyValue</c> as a new run of the batch's attributes. The caller closes the run.</summary>
    public static void Read(ref Utf8JsonReader reader, TelemetryBatch batch)
    {
        if (!Json.StartArray(ref reader, "attributes"))
        {
            return;
        }

        AlikeAttributes alike = AlikeAttributes.OfThisThread;
        alike.Take(ref reader, batch);
        while (Json.NextMessage(ref reader, "an attribute"))
        {
            var attribute = new Attribute { Key = TextRange.None };
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual("key"u8))
                {
                    attribute.Key = Json.ReferText(ref reader, batch.Text);
                }
                else if (name.SequenceEqual("value"u8))
                {
                    ReadValue(ref reader, batch.Text, ref attribute);
                }
                else
                {
                    reader.Skip();
                }
            }

            if (attribute.Key.IsNone)
            {
                attribute.Key = batch.Text.Append(default(ReadOnlySpan<byte>));
            }

            attribute.Name = ClaudeCode.Attributes.Find(batch.Text[attribute.Key]);
            batch.Attributes.Add() = attribute;
            PlainAttributesJson.Read(ref reader, batch, alike);
        }
    }

    // Of several members the last wins; an object without any is the empty value.
    private static void ReadValue(ref Utf8JsonReader reader, Utf8Text text, ref Attribute into)
    {
        into.Kind = ValueKind.Empty;
        if (!Json.StartMessage(ref reader, "an attribute's value"))
        {
            return;
        }

        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            switch (AnyValueJson.MemberOf(ref reader, name))
            {
                case AnyValueMember.String:
                    into.Text = Json.ReferText(ref reader, text);
                    into.Kind = ValueKind.String;
                    break;
                case AnyValueMember.Int:
                    into.Kind = ValueKind.Int;
                    if (!AnyValueJson.ReadInt(ref reader, out into.Int, out double real))
                    {
                        into.Kind = ValueKind.Double;
                        into.Double = real;
                    }

                    break;
                case AnyValueMember.Double:
                    into.Double = Json.ReadDouble(ref reader);
                    into.Kind = ValueKind.Double;
                    break;
                case AnyValueMember.Bool:
                    into.Int = Json.ReadBool(ref reader) ? 1 : 0;
                    into.Kind = ValueKind.Bool;
                    break;
                case AnyValueMember.Other:
                    reader.Skip();
                    break;
                case AnyValueMember.None:
                    break;
                case AnyValueMember nested:
                    int start = text.Length;
                    AnyValueJson.AppendMember(ref reader, nested, text);
                    into.Text = text.Since(start);
                    into.Kind = ValueKind.Json;
                    break;
            }
        }
    }
}
