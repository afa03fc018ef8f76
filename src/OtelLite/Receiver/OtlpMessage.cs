using System.Globalization;
using System.Text;
using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Receiver;

/// <summary>What was made of an accepted export, as OTLP's partial success tells it.</summary>
/// <param name="Signal">Of which signal the answer is: that of the path, or of the body where the path has none.</param>
/// <param name="Remark">Why records were rejected, or with none rejected a warning; null when there is nothing to say.</param>
internal readonly record struct ExportResult(
    Signal Signal, int DataPoints, int LogRecords, int Spans, int RejectedDataPoints, int RejectedSpans, string? Remark)
{
    public int Rejected => RejectedDataPoints + RejectedSpans;

    /// <summary>How many records of a signal were taken; JSON may bring one signal on another's path, or several at once.</summary>
    public int Of(Signal signal) => signal switch
    {
        Signal.Metrics => DataPoints,
        Signal.Logs => LogRecords,
        _ => Spans,
    };
}

/// <summary>The few messages that are answered, in both encodings: so few and small that they are written by hand.</summary>
internal static class OtlpMessage
{
    // The answer is JSON and never HTML: what is to be copied from it, such as a quoted variable, shall stand in it as it is.
    private static readonly JsonWriterOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // All was well: nearly every answer.
    private static readonly byte[] FullSuccess = [.. "{}"u8];

    private const string BadRequestType = "type.googleapis.com/google.rpc.BadRequest";
    private const string RetryInfoType = "type.googleapis.com/google.rpc.RetryInfo";

    /// <summary><c>Export…ServiceResponse</c>: empty when all went well, and <c>partial_success</c> is then not set (OTLP, "Full Success").</summary>
    public static byte[] ResponseAsJson(in ExportResult result)
    {
        if (result.Remark is null)
        {
            return FullSuccess;
        }

        string rejectedField = result.Signal switch
        {
            Signal.Metrics => "rejectedDataPoints",
            Signal.Logs => "rejectedLogRecords",
            _ => "rejectedSpans",
        };
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Plain))
        {
            json.WriteStartObject();
            json.WriteStartObject("partialSuccess"u8);
            if (result.Rejected > 0)
            {
                // A 64-bit number is a string in ProtoJSON.
                json.WriteString(rejectedField, result.Rejected.ToString(CultureInfo.InvariantCulture));
            }

            json.WriteString("errorMessage"u8, result.Remark);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <inheritdoc cref="ResponseAsJson"/>
    public static byte[] ResponseAsProtobuf(in ExportResult result)
    {
        // message Export…ServiceResponse { Export…PartialSuccess partial_success = 1; }
        // message Export…PartialSuccess { int64 rejected_… = 1; string error_message = 2; }
        if (result.Remark is null)
        {
            return [];
        }

        using var partial = new MemoryStream();
        if (result.Rejected > 0)
        {
            WriteNumber(partial, 1, (ulong)result.Rejected);
        }

        WriteBytes(partial, 2, Encoding.UTF8.GetBytes(result.Remark));
        return Message((1, partial.ToArray()));
    }

    /// <summary><c>google.rpc.Status</c>, with the details that OTLP recommends for bad data and for a retry.</summary>
    public static byte[] StatusAsJson(OtlpRefusal refusal)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Plain))
        {
            json.WriteStartObject();
            json.WriteNumber("code"u8, refusal.Code);
            json.WriteString("message"u8, refusal.Message);
            if (DetailTypeOf(refusal) is { } type)
            {
                json.WriteStartArray("details"u8);
                json.WriteStartObject();
                json.WriteString("@type"u8, type);
                if (type == RetryInfoType)
                {
                    json.WriteString("retryDelay"u8, $"{Limits.RetryAfterSeconds}s");
                }
                else
                {
                    json.WriteStartArray("fieldViolations"u8);
                    json.WriteStartObject();
                    json.WriteString("field"u8, "body"u8);
                    json.WriteString("description"u8, refusal.Message);
                    json.WriteEndObject();
                    json.WriteEndArray();
                }

                json.WriteEndObject();
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <inheritdoc cref="StatusAsJson"/>
    public static byte[] StatusAsProtobuf(OtlpRefusal refusal)
    {
        // message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
        byte[] message = Encoding.UTF8.GetBytes(refusal.Message);
        using var bytes = new MemoryStream();
        WriteNumber(bytes, 1, (ulong)refusal.Code);
        WriteBytes(bytes, 2, message);
        if (DetailTypeOf(refusal) is { } type)
        {
            // RetryInfo { Duration retry_delay = 1 { int64 seconds = 1; } }; BadRequest { FieldViolation field_violations = 1 { string field = 1; string description = 2; } }
            using var inner = new MemoryStream();
            if (type == RetryInfoType)
            {
                WriteNumber(inner, 1, Limits.RetryAfterSeconds);
            }
            else
            {
                WriteBytes(inner, 1, "body"u8.ToArray());
                WriteBytes(inner, 2, message);
            }

            // message Any { string type_url = 1; bytes value = 2; }
            WriteBytes(bytes, 3, Message((1, Encoding.UTF8.GetBytes(type)), (2, Message((1, inner.ToArray())))));
        }

        return bytes.ToArray();
    }

    private static string? DetailTypeOf(OtlpRefusal refusal) => refusal.Code switch
    {
        OtlpRefusal.InvalidArgument => BadRequestType,
        OtlpRefusal.UnavailableCode => RetryInfoType,
        _ => null,
    };

    private static byte[] Message(params ReadOnlySpan<(int Field, byte[] Value)> fields)
    {
        using var bytes = new MemoryStream();
        foreach ((int field, byte[] value) in fields)
        {
            WriteBytes(bytes, field, value);
        }

        return bytes.ToArray();
    }

    private static void WriteNumber(MemoryStream to, int field, ulong value)
    {
        to.WriteByte((byte)(field << 3));
        WriteVarint(to, value);
    }

    private static void WriteBytes(MemoryStream to, int field, ReadOnlySpan<byte> value)
    {
        to.WriteByte((byte)(field << 3 | 2));
        WriteVarint(to, (ulong)value.Length);
        to.Write(value);
    }

    private static void WriteVarint(MemoryStream to, ulong value)
    {
        while (value > 0x7F)
        {
            to.WriteByte((byte)(value & 0x7F | 0x80));
            value >>= 7;
        }

        to.WriteByte((byte)value);
    }
}
