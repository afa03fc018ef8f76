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

    /// <summary>A string that has something to be escaped in it and is nothing to count by: <see cref="Attribute.Text"/> is its JSON, and it is kept in no other way.</summary>
    QuotedString,
}

/// <summary>OTLP's three signals: each has a path, a service and a kind of record of its own.</summary>
internal enum Signal
{
    Metrics = 0,
    Logs = 1,
    Traces = 2,
}

/// <summary>What the signals are called.</summary>
internal static class Signals
{
    /// <summary>As OTLP's paths and people name it.</summary>
    public static string NameOf(Signal signal) => signal switch
    {
        Signal.Metrics => "metrics",
        Signal.Logs => "logs",
        _ => "traces",
    };
}

/// <summary>One attribute of a record. <see cref="Name"/> is set for the names that counting knows.</summary>
internal struct Attribute
{
    public AttributeName Name;
    public ValueKind Kind;
    public TextRange Key;

    /// <summary>The string itself, unescaped; for <see cref="ValueKind.Json"/> and <see cref="ValueKind.QuotedString"/> the JSON.</summary>
    public TextRange Text;
    public long Int;

    /// <summary>In the bits of <see cref="Int"/>: a request may hold a million attributes.</summary>
    public double Double
    {
        readonly get => BitConverter.Int64BitsToDouble(Int);
        set => Int = BitConverter.DoubleToInt64Bits(value);
    }
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
    Histogram,
    ExponentialHistogram,
    Summary,
}

/// <summary>As numbered in opentelemetry-proto; other numbers are kept as they came.</summary>
internal enum AggregationTemporality
{
    Unspecified = 0,
    Delta = 1,
    Cumulative = 2,
}

/// <summary>What a metric says of all its points.</summary>
internal struct Metric
{
    public TextRange Name;
    public TextRange Unit;
    public MetricKind Kind;
    public AggregationTemporality Temporality;
    public bool IsMonotonic;
}

/// <summary>A point of any of the five kinds of metric. Of a distribution the number is its sum, and the rest is its shape.</summary>
internal struct DataPoint
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

    /// <summary>How many values a distribution holds.</summary>
    public ulong Count;

    /// <summary>Counts, buckets or quantiles of a distribution as JSON; none for a plain number.</summary>
    public TextRange Shape;

    /// <summary>A JSON array; none where there are none.</summary>
    public TextRange Exemplars;

    /// <summary>The series of a cumulative point, as the client sent it; 0 where nobody has asked yet.</summary>
    public UInt128 Series;

    /// <summary>What the point adds, whatever its temporality; set before the batch is written.</summary>
    public double Increase;

    public readonly double Value => IsInt ? AsInt : AsDouble;

    public readonly bool NoRecordedValue => (Flags & NoRecordedValueMask) != 0;

    public readonly bool IsDistribution => Kind >= MetricKind.Histogram;
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

    /// <summary>A record of which nothing is known yet; it is not in the batch before <see cref="TelemetryBatch.AddLogRecord"/>.</summary>
    public static LogRecord Of(int resource, int scope) => new()
    {
        Resource = resource,
        Scope = scope,
        SeverityText = TextRange.None,
        Body = TextRange.None,
        EventName = TextRange.None,
        TraceId = TextRange.None,
        SpanId = TextRange.None,
    };
}

internal struct Span
{
    public int Resource;
    public int Scope;

    /// <summary>Lower-case hex; all ids are.</summary>
    public TextRange TraceId;
    public TextRange SpanId;

    /// <summary>None for a root.</summary>
    public TextRange ParentSpanId;
    public TextRange TraceState;
    public TextRange Name;
    public SpanName Known;

    /// <summary>As numbered in opentelemetry-proto; other numbers are kept as they came.</summary>
    public int Kind;
    public ulong StartTimeUnixNano;
    public ulong EndTimeUnixNano;
    public AttributeSet Attributes;

    /// <summary>A JSON array; none where there are none.</summary>
    public TextRange Events;

    /// <inheritdoc cref="Events"/>
    public TextRange Links;
    public uint DroppedEventsCount;
    public uint DroppedLinksCount;

    /// <summary>0 unset, 1 ok, 2 error.</summary>
    public int StatusCode;
    public TextRange StatusMessage;
    public uint Flags;
    public TextRange SessionId;

    /// <summary>When it happened: at its end, where that is known, as an event of the same request does.</summary>
    public readonly ulong HappenedUnixNano => EndTimeUnixNano != 0 ? EndTimeUnixNano : StartTimeUnixNano;

    /// <summary>A span of which nothing is known yet; it is not in the batch before <see cref="TelemetryBatch.AddSpan"/>.</summary>
    public static Span Of(int resource, int scope) => new()
    {
        Resource = resource,
        Scope = scope,
        TraceId = TextRange.None,
        SpanId = TextRange.None,
        ParentSpanId = TextRange.None,
        TraceState = TextRange.None,
        Name = TextRange.None,
        Events = TextRange.None,
        Links = TextRange.None,
        StatusMessage = TextRange.None,
    };
}
