namespace OtelLite.Telemetry;

/// <summary>The kind of an attribute's value, as OTLP's <c>AnyValue</c> names them.</summary>
internal enum ValueKind : byte
{
    Empty,
    String,
    Bool,
    Int,
    Double,

    /// <summary>An array, a map or bytes: <see cref="Attribute.Text"/> is its JSON.</summary>
    Json,
}

/// <summary>One attribute of a record. <see cref="Name"/> is set for the names that counting knows.</summary>
internal struct Attribute
{
    public AttributeName Name;
    public ValueKind Kind;
    public TextRange Key;

    /// <summary>The string itself, unescaped; for <see cref="ValueKind.Json"/> the JSON.</summary>
    public TextRange Text;
    public long Int;
    public double Double;
}

/// <summary>A record's attributes: a run of <see cref="TelemetryBatch.Attributes"/>, and the same as one flat JSON object.</summary>
internal struct AttributeSet
{
    public int First;
    public int Count;
    public TextRange Json;
    public uint DroppedCount;
}

internal struct Resource
{
    public AttributeSet Attributes;
    public TextRange SchemaUrl;
}

internal struct InstrumentationScope
{
    public TextRange Name;
    public TextRange Version;
    public AttributeSet Attributes;
    public TextRange SchemaUrl;
}

/// <summary>What a metric's numbers mean (the OTLP <c>Metric.data</c> that holds them).</summary>
internal enum MetricKind : byte
{
    None,
    Gauge,
    Sum,
}

/// <summary>As numbered in opentelemetry-proto; other numbers are kept as they came.</summary>
internal enum AggregationTemporality
{
    Unspecified = 0,
    Delta = 1,
    Cumulative = 2,
}

internal struct NumberDataPoint
{
    /// <summary>OTLP's <c>DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK</c>.</summary>
    public const uint NoRecordedValueMask = 1;

    public int Resource;
    public int Scope;
    public TextRange Metric;
    public TextRange Unit;
    public MetricName Name;
    public MetricKind Kind;
    public AggregationTemporality Temporality;
    public bool IsMonotonic;
    public ulong StartTimeUnixNano;
    public ulong TimeUnixNano;
    public bool HasValue;
    public bool IsInt;
    public long AsInt;
    public double AsDouble;
    public uint Flags;
    public AttributeSet Attributes;
    public TextRange SessionId;

    /// <summary>What the point adds, whatever its temporality; set before the batch is written.</summary>
    public double Increase;

    public readonly double Value => IsInt ? AsInt : AsDouble;

    public readonly bool NoRecordedValue => (Flags & NoRecordedValueMask) != 0;
}

internal struct LogRecord
{
    public int Resource;
    public int Scope;
    public ulong TimeUnixNano;
    public ulong ObservedTimeUnixNano;
    public int SeverityNumber;
    public TextRange SeverityText;

    /// <summary>The body as JSON.</summary>
    public TextRange Body;

    /// <summary>The short event name (<c>api_request</c>); none for a log record that is no event.</summary>
    public TextRange EventName;
    public EventName Name;
    public AttributeSet Attributes;
    public TextRange SessionId;
    public TextRange PromptId;

    /// <summary>Lower-case hex.</summary>
    public TextRange TraceId;

    /// <summary>Lower-case hex.</summary>
    public TextRange SpanId;
    public uint Flags;

    /// <summary>When it happened: some senders leave <c>time_unix_nano</c> 0 and set only the observed time (logs data model, "Timestamp").</summary>
    public readonly ulong HappenedUnixNano => TimeUnixNano != 0 ? TimeUnixNano : ObservedTimeUnixNano;
}
