using System.IO.Hashing;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>
/// Bytes of an OTLP export request in protobuf in, a batch out; the same batch that <see cref="OtlpJson"/> makes of the same request. Knows no
/// HTTP and no SQL; throws nothing for a bad body.
/// </summary>
internal static class OtlpProtobuf
{
    // Export{Metrics,Logs,Trace}ServiceRequest has one field, and so have the three envelopes inside it.
    private const int ResourceEnvelopes = 1;
    private const int Resource = 1, ScopeEnvelopes = 2, SchemaUrl = 3;
    private const int Scope = 1, Records = 2;

    /// <summary>
    /// Reads a whole body. False when it is no such request; then nothing of it is kept and <paramref name="error"/> says in a sentence what is
    /// wrong and where. The caller returns the batch.
    /// </summary>
    /// <param name="memory">Where the body lies, if it stays there as it is until it is read: then less of it is copied.</param>
    public static bool TryRead(ReadOnlySpan<byte> body, Signal signal, out TelemetryBatch batch, out string error, ReadOnlyMemory<byte> memory = default)
    {
        batch = TelemetryBatch.Rent();
        batch.Text.ReadFrom(memory);
        error = "";
        try
        {
            var request = new ProtobufReader(body);
            while (request.Next())
            {
                if (request.Field == ResourceEnvelopes)
                {
                    ReadResourceEnvelope(request.ReadMessage(), batch, signal);
                }
                else
                {
                    request.Skip();
                }
            }

            batch.Text.ReadFrom(default);
            batch.BodyHash = XxHash128.HashToUInt128(body);
            return true;
        }
        catch (BatchFullException e)
        {
            error = e.Message;
        }
        catch (ProtobufException e)
        {
            error = $"the body is not a valid OTLP {Signals.NameOf(signal)} request in protobuf {e.Message}";
        }
        catch
        {
            batch.Return();
            throw;
        }

        batch.Return();
        batch = null!;
        return false;
    }

    /// <summary>
    /// Which signal a request holds, told by the first record in it: the three requests look alike down to there. For one that was sent to no
    /// signal's path; any will do for one without a record.
    /// </summary>
    public static Signal SignalOf(ReadOnlySpan<byte> body)
    {
        try
        {
            var message = new ProtobufReader(body);
            foreach (int field in (ReadOnlySpan<int>)[ResourceEnvelopes, ScopeEnvelopes, Records])
            {
                bool found = false;
                while (!found && message.Next())
                {
                    found = message.Field == field && message.Type == WireType.Bytes;
                    message = found ? message.ReadMessage() : Skipped(message);
                }
            }

            return SignalOfRecord(message);
        }
        catch (ProtobufException)
        {
            return Signal.Metrics;
        }
    }

    // Only a span has a fixed64 in 7 or 8 (its start and end). A log record has them in 1 and 11 (its times), numbers in 2 and 7 and a
    // fixed32 in 8. A metric has texts and messages alone.
    private static Signal SignalOfRecord(ProtobufReader record)
    {
        while (record.Next())
        {
            switch ((record.Field, record.Type))
            {
                case (7 or 8, WireType.Fixed64):
                    return Signal.Traces;
                case (1 or 11, WireType.Fixed64):
                case (2 or 7, WireType.Varint):
                case (8, WireType.Fixed32):
                    return Signal.Logs;
                default:
                    record.Skip();
                    break;
            }
        }

        return Signal.Metrics;
    }

    private static ProtobufReader Skipped(ProtobufReader reader)
    {
        reader.Skip();
        return reader;
    }

    private static void ReadResourceEnvelope(ProtobufReader envelope, TelemetryBatch batch, Signal signal)
    {
        int resource = batch.AddResource();
        ReadResource(envelope, batch, resource);
        while (envelope.Next())
        {
            switch (envelope.Field)
            {
                case ScopeEnvelopes:
                    ReadScopeEnvelope(envelope.ReadMessage(), batch, signal, resource);
                    break;
                case SchemaUrl:
                    batch.Resources[resource].SchemaUrl = batch.Text.AppendChecked(envelope.ReadBytes());
                    break;
                default:
                    envelope.Skip();
                    break;
            }
        }
    }

    // The reader is a copy of the envelope's: the resource may stand anywhere in it and in several parts, which are one (protobuf, "Last One Wins").
    private static void ReadResource(ProtobufReader envelope, TelemetryBatch batch, int resource)
    {
        const int attributes = 1, droppedAttributesCount = 2;
        int first = batch.Attributes.Count;
        uint dropped = 0;
        while (envelope.Next())
        {
            if (envelope.Field != Resource)
            {
                envelope.Skip();
                continue;
            }

            ProtobufReader message = envelope.ReadMessage();
            while (message.Next())
            {
                switch (message.Field)
                {
                    case attributes: AnyValueProtobuf.ReadAttribute(message.ReadMessage(), batch); break;
                    case droppedAttributesCount: dropped = message.ReadUInt32(); break;
                    default: message.Skip(); break;
                }
            }
        }

        batch.Resources[resource].Attributes = batch.CloseAttributes(first, dropped);
    }

    private static void ReadScopeEnvelope(ProtobufReader envelope, TelemetryBatch batch, Signal signal, int resource)
    {
        int scope = batch.AddScope();
        ReadScope(envelope, batch, scope);
        while (envelope.Next())
        {
            switch (envelope.Field)
            {
                case Records when signal == Signal.Metrics:
                    MetricsProtobuf.ReadMetric(envelope.ReadMessage(), batch, resource, scope);
                    break;
                case Records when signal == Signal.Logs:
                    LogsProtobuf.ReadLogRecord(envelope.ReadMessage(), batch, resource, scope);
                    break;
                case Records:
                    TracesProtobuf.ReadSpan(envelope.ReadMessage(), batch, resource, scope);
                    break;
                case SchemaUrl:
                    batch.Scopes[scope].SchemaUrl = batch.Text.AppendChecked(envelope.ReadBytes());
                    break;
                default:
                    envelope.Skip();
                    break;
            }
        }
    }

    private static void ReadScope(ProtobufReader envelope, TelemetryBatch batch, int scope)
    {
        const int name = 1, version = 2, attributes = 3, droppedAttributesCount = 4;
        int first = batch.Attributes.Count;
        uint dropped = 0;
        ref InstrumentationScope row = ref batch.Scopes[scope];
        while (envelope.Next())
        {
            if (envelope.Field != Scope)
            {
                envelope.Skip();
                continue;
            }

            ProtobufReader message = envelope.ReadMessage();
            while (message.Next())
            {
                switch (message.Field)
                {
                    case name: row.Name = batch.Text.AppendChecked(message.ReadBytes()); break;
                    case version: row.Version = batch.Text.AppendChecked(message.ReadBytes()); break;
                    case attributes: AnyValueProtobuf.ReadAttribute(message.ReadMessage(), batch); break;
                    case droppedAttributesCount: dropped = message.ReadUInt32(); break;
                    default: message.Skip(); break;
                }
            }
        }

        row.Attributes = batch.CloseAttributes(first, dropped);
    }
}
