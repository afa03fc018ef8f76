using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Otlp;

/// <summary>
/// opentelemetry-proto as a table, and with it a translation of any of its messages from OTLP/JSON to protobuf and back. Shares nothing with the
/// program's own decoders, so that the two can be held against each other.
/// </summary>
internal static class OtlpSchema
{
    private enum Type
    {
        Text,
        Hex,
        Base64,
        Bool,
        Int32,
        UInt32,
        Int64,
        UInt64,
        SInt32,
        Fixed32,
        Fixed64,
        SFixed64,
        Double,
        Message,
    }

    // The message's name, or null for a number or text; whether it may come several times, and whether numbers then come packed.
    private sealed record Field(int Number, string Name, Type Type, string? Message = null, bool Repeated = false);

    // A line per message: its name, then its fields as number:name:type, a star for repeated.
    private static readonly Dictionary<string, Field[]> Messages = """
        MetricsRequest 1:resourceMetrics:ResourceMetrics*
        ResourceMetrics 1:resource:Resource 2:scopeMetrics:ScopeMetrics* 3:schemaUrl:text
        ScopeMetrics 1:scope:Scope 2:metrics:Metric* 3:schemaUrl:text
        Metric 1:name:text 2:description:text 3:unit:text 5:gauge:Gauge 7:sum:Sum 9:histogram:Histogram 10:exponentialHistogram:ExponentialHistogram 11:summary:Summary 12:metadata:KeyValue*
        Gauge 1:dataPoints:NumberDataPoint*
        Sum 1:dataPoints:NumberDataPoint* 2:aggregationTemporality:int32 3:isMonotonic:bool
        Histogram 1:dataPoints:HistogramDataPoint* 2:aggregationTemporality:int32
        ExponentialHistogram 1:dataPoints:ExponentialHistogramDataPoint* 2:aggregationTemporality:int32
        Summary 1:dataPoints:SummaryDataPoint*
        NumberDataPoint 7:attributes:KeyValue* 2:startTimeUnixNano:fixed64 3:timeUnixNano:fixed64 4:asDouble:double 6:asInt:sfixed64 5:exemplars:Exemplar* 8:flags:uint32
        HistogramDataPoint 9:attributes:KeyValue* 2:startTimeUnixNano:fixed64 3:timeUnixNano:fixed64 4:count:fixed64 5:sum:double 6:bucketCounts:fixed64* 7:explicitBounds:double* 8:exemplars:Exemplar* 10:flags:uint32 11:min:double 12:max:double
        ExponentialHistogramDataPoint 1:attributes:KeyValue* 2:startTimeUnixNano:fixed64 3:timeUnixNano:fixed64 4:count:fixed64 5:sum:double 6:scale:sint32 7:zeroCount:fixed64 8:positive:Buckets 9:negative:Buckets 10:flags:uint32 11:exemplars:Exemplar* 12:min:double 13:max:double 14:zeroThreshold:double
        Buckets 1:offset:sint32 2:bucketCounts:uint64*
        SummaryDataPoint 7:attributes:KeyValue* 2:startTimeUnixNano:fixed64 3:timeUnixNano:fixed64 4:count:fixed64 5:sum:double 6:quantileValues:ValueAtQuantile* 8:flags:uint32
        ValueAtQuantile 1:quantile:double 2:value:double
        Exemplar 7:filteredAttributes:KeyValue* 2:timeUnixNano:fixed64 3:asDouble:double 6:asInt:sfixed64 4:spanId:hex 5:traceId:hex
        LogsRequest 1:resourceLogs:ResourceLogs*
        ResourceLogs 1:resource:Resource 2:scopeLogs:ScopeLogs* 3:schemaUrl:text
        ScopeLogs 1:scope:Scope 2:logRecords:LogRecord* 3:schemaUrl:text
        LogRecord 1:timeUnixNano:fixed64 2:severityNumber:int32 3:severityText:text 5:body:AnyValue 6:attributes:KeyValue* 7:droppedAttributesCount:uint32 8:flags:fixed32 9:traceId:hex 10:spanId:hex 11:observedTimeUnixNano:fixed64 12:eventName:text
        TracesRequest 1:resourceSpans:ResourceSpans*
        ResourceSpans 1:resource:Resource 2:scopeSpans:ScopeSpans* 3:schemaUrl:text
        ScopeSpans 1:scope:Scope 2:spans:Span* 3:schemaUrl:text
        Span 1:traceId:hex 2:spanId:hex 3:traceState:text 4:parentSpanId:hex 5:name:text 6:kind:int32 7:startTimeUnixNano:fixed64 8:endTimeUnixNano:fixed64 9:attributes:KeyValue* 10:droppedAttributesCount:uint32 11:events:Event* 12:droppedEventsCount:uint32 13:links:Link* 14:droppedLinksCount:uint32 15:status:SpanStatus 16:flags:fixed32
        Event 1:timeUnixNano:fixed64 2:name:text 3:attributes:KeyValue* 4:droppedAttributesCount:uint32
        Link 1:traceId:hex 2:spanId:hex 3:traceState:text 4:attributes:KeyValue* 5:droppedAttributesCount:uint32 6:flags:fixed32
        SpanStatus 2:message:text 3:code:int32
        Resource 1:attributes:KeyValue* 2:droppedAttributesCount:uint32
        Scope 1:name:text 2:version:text 3:attributes:KeyValue* 4:droppedAttributesCount:uint32
        KeyValue 1:key:text 2:value:AnyValue
        AnyValue 1:stringValue:text 2:boolValue:bool 3:intValue:int64 4:doubleValue:double 5:arrayValue:ArrayValue 6:kvlistValue:KeyValueList 7:bytesValue:base64
        ArrayValue 1:values:AnyValue*
        KeyValueList 1:values:KeyValue*
        MetricsResponse 1:partialSuccess:MetricsPartial
        MetricsPartial 1:rejectedDataPoints:int64 2:errorMessage:text
        LogsResponse 1:partialSuccess:LogsPartial
        LogsPartial 1:rejectedLogRecords:int64 2:errorMessage:text
        TracesResponse 1:partialSuccess:TracesPartial
        TracesPartial 1:rejectedSpans:int64 2:errorMessage:text
        Status 1:code:int32 2:message:text 3:details:Any*
        Any 1:typeUrl:text 2:value:base64
        """.Split('\n').Select(line => line.Trim().Split(' ')).ToDictionary(words => words[0], words => words.Skip(1).Select(Parse).ToArray());

    /// <summary>The name of the request message of a signal ("metrics", "logs", "traces").</summary>
    public static string RequestOf(string signal) => signal switch
    {
        "metrics" => "MetricsRequest",
        "logs" => "LogsRequest",
        _ => "TracesRequest",
    };

    /// <summary>A message in OTLP/JSON as protobuf. Fields of the value's own order; those that the schema lacks are left out.</summary>
    public static byte[] ToProtobuf(string message, JsonNode json)
    {
        using var bytes = new MemoryStream();
        foreach ((string name, JsonNode? value) in json.AsObject())
        {
            if (value is null || Messages[message].FirstOrDefault(f => f.Name == name) is not { } field)
            {
                continue;
            }

            if (!field.Repeated)
            {
                WriteField(bytes, field, value);
            }
            else if (field.Type == Type.Message)
            {
                foreach (JsonNode? each in value.AsArray())
                {
                    WriteField(bytes, field, each!);
                }
            }
            else if (value.AsArray().Count > 0)
            {
                using var packed = new MemoryStream();
                foreach (JsonNode? each in value.AsArray())
                {
                    WriteScalar(packed, field.Type, each!);
                }

                WriteBytes(bytes, field.Number, packed.ToArray());
            }
        }

        return bytes.ToArray();
    }

    /// <inheritdoc cref="ToProtobuf(string, JsonNode)"/>
    public static byte[] ToProtobuf(string message, string json) => ToProtobuf(message, JsonNode.Parse(json)!);

    /// <summary>A protobuf message as OTLP/JSON; unknown fields are errors, as the recordings have none.</summary>
    public static JsonObject ToJson(string message, ReadOnlySpan<byte> protobuf)
    {
        var json = new JsonObject();
        while (!protobuf.IsEmpty)
        {
            int number = (int)(Varint(ref protobuf) is var tag ? tag >> 3 : 0);
            Field field = Messages[message].Single(f => f.Number == number);
            ReadOnlySpan<byte> value = (tag & 7) switch
            {
                1 => Take(ref protobuf, 8),
                2 => Take(ref protobuf, (int)Varint(ref protobuf)),
                5 => Take(ref protobuf, 4),
                0 => TakeVarint(ref protobuf),
                _ => throw new InvalidDataException($"wire type {tag & 7}"),
            };
            if (!field.Repeated)
            {
                json[field.Name] = Value(field, ref value);
                continue;
            }

            if (json[field.Name] is not JsonArray list)
            {
                json[field.Name] = list = [];
            }

            do
            {
                list.Add(Value(field, ref value));
            }
            while (field.Type != Type.Message && !value.IsEmpty);
        }

        return json;
    }

    /// <summary>A field's key as it stands on the wire.</summary>
    public static byte[] Tag(int field, int wireType) => VarintOf((ulong)(field << 3 | wireType));

    /// <summary>A field whose value is bytes: a text, a message, a packed run.</summary>
    public static byte[] LengthDelimited(int field, params ReadOnlySpan<byte> value) => [.. Tag(field, 2), .. VarintOf((ulong)value.Length), .. value];

    public static byte[] VarintOf(ulong value)
    {
        List<byte> bytes = [];
        for (; value > 0x7F; value >>= 7)
        {
            bytes.Add((byte)(value & 0x7F | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static Field Parse(string text)
    {
        string[] parts = text.TrimEnd('*').Split(':');
        return Enum.TryParse(parts[2], ignoreCase: true, out Type type) && char.IsLower(parts[2][0])
            ? new(int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], type, null, text.EndsWith('*'))
            : new(int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], Type.Message, parts[2], text.EndsWith('*'));
    }

    private static void WriteField(MemoryStream to, Field field, JsonNode value)
    {
        switch (field.Type)
        {
            case Type.Message: WriteBytes(to, field.Number, ToProtobuf(field.Message!, value)); break;
            case Type.Text: WriteBytes(to, field.Number, Encoding.UTF8.GetBytes((string)value!)); break;
            case Type.Hex: WriteBytes(to, field.Number, Convert.FromHexString((string)value!)); break;
            case Type.Base64: WriteBytes(to, field.Number, Convert.FromBase64String((string)value!)); break;
            default:
                to.Write(Tag(field.Number, field.Type is Type.Fixed32 ? 5 : field.Type is Type.Fixed64 or Type.SFixed64 or Type.Double ? 1 : 0));
                WriteScalar(to, field.Type, value);
                break;
        }
    }

    private static void WriteBytes(MemoryStream to, int number, byte[] value) => to.Write(LengthDelimited(number, value));

    private static void WriteScalar(MemoryStream to, Type type, JsonNode value)
    {
        string text = value.ToString();
        Span<byte> eight = stackalloc byte[8];
        switch (type)
        {
            case Type.Bool: to.WriteByte((byte)((bool)value ? 1 : 0)); break;
            case Type.Int32 or Type.Int64: to.Write(VarintOf((ulong)Whole(text))); break;
            case Type.UInt32 or Type.UInt64: to.Write(VarintOf(ulong.Parse(text, CultureInfo.InvariantCulture))); break;
            case Type.SInt32: to.Write(VarintOf((uint)((Whole(text) << 1) ^ (Whole(text) >> 63)))); break;
            case Type.Fixed32:
                BinaryPrimitives.WriteUInt32LittleEndian(eight, uint.Parse(text, CultureInfo.InvariantCulture));
                to.Write(eight[..4]);
                break;
            case Type.Fixed64:
                BinaryPrimitives.WriteUInt64LittleEndian(eight, ulong.Parse(text, CultureInfo.InvariantCulture));
                to.Write(eight);
                break;
            case Type.SFixed64:
                BinaryPrimitives.WriteInt64LittleEndian(eight, Whole(text));
                to.Write(eight);
                break;
            default:
                BinaryPrimitives.WriteDoubleLittleEndian(eight, double.Parse(text, CultureInfo.InvariantCulture));
                to.Write(eight);
                break;
        }
    }

    private static long Whole(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static JsonNode Value(Field field, ref ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> all = value;
        switch (field.Type)
        {
            case Type.Message: return ToJson(field.Message!, all);
            case Type.Text: return Encoding.UTF8.GetString(all);
            case Type.Hex: return Convert.ToHexStringLower(all);
            case Type.Base64: return Convert.ToBase64String(all);
            case Type.Bool: return Varint(ref value) != 0;
            case Type.Int32: return (int)Varint(ref value);
            case Type.UInt32: return (uint)Varint(ref value);
            case Type.Int64: return ((long)Varint(ref value)).ToString(CultureInfo.InvariantCulture);
            case Type.UInt64: return Varint(ref value).ToString(CultureInfo.InvariantCulture);
            case Type.SInt32: return (int)(Varint(ref value) is var z ? (long)(z >> 1) ^ -(long)(z & 1) : 0);
            case Type.Fixed32: return BinaryPrimitives.ReadUInt32LittleEndian(Take(ref value, 4));
            case Type.Fixed64: return BinaryPrimitives.ReadUInt64LittleEndian(Take(ref value, 8)).ToString(CultureInfo.InvariantCulture);
            case Type.SFixed64: return BinaryPrimitives.ReadInt64LittleEndian(Take(ref value, 8)).ToString(CultureInfo.InvariantCulture);
            default:
                double number = BinaryPrimitives.ReadDoubleLittleEndian(Take(ref value, 8));
                return double.IsFinite(number) ? number : number.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        ReadOnlySpan<byte> taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }

    private static ReadOnlySpan<byte> TakeVarint(ref ReadOnlySpan<byte> bytes)
    {
        int length = 1;
        while (bytes[length - 1] > 0x7F)
        {
            length++;
        }

        return Take(ref bytes, length);
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
