using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>What every signal's envelope has: the resource and the instrumentation scope.</summary>
internal static class ResourceJson
{
    /// <summary>A member of a signal's resource envelope that all signals share; an unknown one is skipped.</summary>
    public static void ReadMember(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, TelemetryBatch batch, int resource)
    {
        if (name.SequenceEqual("resource"u8))
        {
            ReadResource(ref reader, batch, resource);
        }
        else if (name.SequenceEqual("schemaUrl"u8))
        {
            batch.Resources[resource].SchemaUrl = Json.ReadText(ref reader, batch.Text);
        }
        else
        {
            reader.Skip();
        }
    }

    /// <summary>The same for a scope's envelope.</summary>
    public static void ReadScopeMember(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name, TelemetryBatch batch, int scope)
    {
        if (name.SequenceEqual("scope"u8))
        {
            ReadScope(ref reader, batch, scope);
        }
        else if (name.SequenceEqual("schemaUrl"u8))
        {
            batch.Scopes[scope].SchemaUrl = Json.ReadText(ref reader, batch.Text);
        }
        else
        {
            reader.Skip();
        }
    }

    // A Resource message into the row that the envelope has already made for it.
    private static void ReadResource(ref Utf8JsonReader reader, TelemetryBatch batch, int resource)
    {
        if (!Json.StartMessage(ref reader, "resource"))
        {
            return;
        }

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
            else
            {
                reader.Skip();
            }
        }

        batch.Resources[resource].Attributes = batch.CloseAttributes(first, dropped);
    }

    private static void ReadScope(ref Utf8JsonReader reader, TelemetryBatch batch, int scope)
    {
        if (!Json.StartMessage(ref reader, "scope"))
        {
            return;
        }

        int first = batch.Attributes.Count;
        uint dropped = 0;
        ref InstrumentationScope row = ref batch.Scopes[scope];
        while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("name"u8))
            {
                row.Name = Json.ReadText(ref reader, batch.Text);
            }
            else if (name.SequenceEqual("version"u8))
            {
                row.Version = Json.ReadText(ref reader, batch.Text);
            }
            else if (name.SequenceEqual("attributes"u8))
            {
                AttributesJson.Read(ref reader, batch);
            }
            else if (name.SequenceEqual("droppedAttributesCount"u8))
            {
                dropped = Json.ReadUInt32(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        row.Attributes = batch.CloseAttributes(first, dropped);
    }
}
