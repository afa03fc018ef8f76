using System.Buffers;
using System.IO.Hashing;
using System.Runtime.CompilerServices;

namespace OtelLite.Telemetry;

/// <summary>
/// One export as plain columns: what a decoder fills and the writer binds. Rented, filled, written, returned; in the steady
/// state nothing is allocated for a record.
/// </summary>
internal sealed class TelemetryBatch
{
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"u8);

    private static readonly Lock PoolLock = new();

    // Guarded by PoolLock. The last that came goes first: it is as large as is needed just now, and still in the processor's cache.
    private static readonly Stack<TelemetryBatch> Pool = new();

    private readonly DistinctKeys _distinct = new();

    private int _holders;

    // The attributes that were closed last, if all that were read were kept; and how many of those to be closed next are the same.
    private AttributeSet _last;
    private int _alike;

    private TelemetryBatch()
    {
    }

    public Utf8Text Text { get; } = new();

    /// <summary>The rows that its data points got where it is stored.</summary>
    public Column<long> PointRows { get; } = new();

    /// <summary>The same for its log records.</summary>
    public Column<long> EventRows { get; } = new();

    /// <summary>The same for its spans; 0 for one that was there already.</summary>
    public Column<long> SpanRows { get; } = new();

    /// <summary>The same for its resources.</summary>
    public Column<long> ResourceRows { get; } = new();

    public Column<Attribute> Attributes { get; } = new(Limits.AttributesPerRequestMax);

    public Column<Resource> Resources { get; } = new();

    public Column<InstrumentationScope> Scopes { get; } = new();

    public Column<DataPoint> DataPoints { get; } = new();

    public Column<LogRecord> LogRecords { get; } = new();

    public Column<Span> Spans { get; } = new();

    /// <summary>What the distribution that is being read holds.</summary>
    public DataPointShape Shape { get; } = new();

    /// <summary>Points that were read but are not valid; the sender is told in the partial success.</summary>
    public int RejectedDataPoints { get; private set; }

    /// <summary>Spans without valid ids.</summary>
    public int RejectedSpans { get; private set; }

    /// <summary>Points whose temporality the sender left out; they count as delta.</summary>
    public int UnspecifiedTemporality { get; private set; }

    /// <summary>Why the first rejected record was rejected, or else what is odd about one that was taken; null when nothing is.</summary>
    public string? Remark { get; private set; }

    /// <summary>A hash of the decoded body: the guard against a retry of what was already stored.</summary>
    public UInt128 BodyHash { get; set; }

    /// <summary>When the first of its records happened; 0 where that tells none. The same in a retry, which is looked for by it, as long as the same records are valid.</summary>
    public long FirstUnixNano => (long)(DataPoints.Count > 0 ? DataPoints[0].TimeUnixNano
        : LogRecords.Count > 0 ? LogRecords[0].HappenedUnixNano
        : Spans.Count > 0 ? Spans[0].HappenedUnixNano : 0);

    /// <summary>Called once when nobody has the batch any more; null for nothing.</summary>
    public Action? Returned { get; set; }

    /// <summary>Events, links and exemplars so far, which are no rows of their own.</summary>
    public int Embedded { get; private set; }

    public int Rejected => RejectedDataPoints + RejectedSpans;

    public int Records => DataPoints.Count + LogRecords.Count + Spans.Count;

    /// <summary>About what the batch holds in memory while it waits for the writer.</summary>
    public long Bytes => Text.Length + (128L * Records) + ((long)Unsafe.SizeOf<Attribute>() * Attributes.Count);

    private long KeptBytes =>
        (long)Text.KeptBytes + Attributes.KeptBytes + Resources.KeptBytes + Scopes.KeptBytes + DataPoints.KeptBytes + LogRecords.KeptBytes + Spans.KeptBytes
        + PointRows.KeptBytes + EventRows.KeptBytes + SpanRows.KeptBytes + ResourceRows.KeptBytes;

    public static TelemetryBatch Rent()
    {
        TelemetryBatch batch = Spare() ?? new TelemetryBatch();
        batch._holders = 1;
        return batch;
    }

    /// <summary>Lets go of those that nobody has.</summary>
    public static void ForgetSpare()
    {
        while (Spare() is { } spare)
        {
            spare.Text.Dispose();
        }
    }

    private static TelemetryBatch? Spare()
    {
        lock (PoolLock)
        {
            return Pool.TryPop(out TelemetryBatch? spare) ? spare : null;
        }
    }

    /// <summary>One more has it, and gives it back too.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>Gives the batch back. Whoever did may not touch it afterwards.</summary>
    public void Return()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
        {
            return;
        }

        Text.ReadFrom(default);
        Text.Clear();
        Attributes.Clear();
        Resources.Clear();
        Scopes.Clear();
        DataPoints.Clear();
        LogRecords.Clear();
        Spans.Clear();
        PointRows.Clear();
        EventRows.Clear();
        SpanRows.Clear();
        ResourceRows.Clear();
        Shape.Clear();
        (_last, _alike) = (default, 0);
        RejectedDataPoints = 0;
        RejectedSpans = 0;
        Embedded = 0;
        UnspecifiedTemporality = 0;
        Remark = null;
        BodyHash = default;
        Action? returned = Returned;
        Returned = null;
        if (!IsKept())
        {
            Text.Dispose();
        }

        returned?.Invoke();
    }

    // Fewer of large ones, for of several hundred small ones each could grow to megabytes, one after the other.
    private bool IsKept()
    {
        int most = KeptBytes <= Limits.SmallBatchBytes ? Limits.PooledBatchesMax : Limits.PooledLargeBatchesMax;
        lock (PoolLock)
        {
            bool isKept = Pool.Count < most;
            if (isKept)
            {
                Pool.Push(this);
            }

            return isKept;
        }
    }

    public ReadOnlySpan<Attribute> AttributesOf(in AttributeSet set) => Attributes.Rows.Slice(set.First, set.Count);

    /// <summary>The string value of a known attribute, or none.</summary>
    public TextRange TextOf(in AttributeSet set, AttributeName name)
    {
        foreach (ref readonly Attribute attribute in AttributesOf(set))
        {
            if (attribute.Name == name)
            {
                return TextOf(attribute);
            }
        }

        return TextRange.None;
    }

    /// <summary>What an attribute says where it is a text, and is no longer than an id or name may be.</summary>
    public static TextRange TextOf(in Attribute attribute) =>
        attribute.Kind == ValueKind.String && attribute.Text.Length <= Limits.NameBytesMax ? attribute.Text : TextRange.None;

    /// <summary>Whether a known attribute is a text of any length that begins so.</summary>
    /// <param name="beginning">Nothing of it has to be escaped in JSON.</param>
    public bool Begins(in AttributeSet set, AttributeName name, ReadOnlySpan<byte> beginning)
    {
        foreach (ref readonly Attribute attribute in AttributesOf(set))
        {
            if (attribute.Name == name)
            {
                return attribute.Kind switch
                {
                    ValueKind.String => Text[attribute.Text].StartsWith(beginning),
                    ValueKind.QuotedString => Text[attribute.Text][1..].StartsWith(beginning),
                    _ => false,
                };
            }
        }

        return false;
    }

    /// <summary>An empty resource, to be filled while its records are read; the index of its row.</summary>
    public int AddResource()
    {
        ref Resource resource = ref Resources.Add();
        resource.SchemaUrl = TextRange.None;
        resource.Attributes = CloseAttributes(Attributes.Count, 0);
        return Resources.Count - 1;
    }

    /// <summary>An empty scope; the index of its row.</summary>
    public int AddScope()
    {
        ref InstrumentationScope scope = ref Scopes.Add();
        scope.Name = scope.Version = scope.SchemaUrl = TextRange.None;
        scope.Attributes = CloseAttributes(Attributes.Count, 0);
        return Scopes.Count - 1;
    }

    /// <summary>Begins one more event, link or exemplar of the JSON array that began at <paramref name="start"/>.</summary>
    /// <exception cref="BatchFullException">There are too many in this request.</exception>
    public void BeginEmbedded(int start)
    {
        if (++Embedded > Limits.EmbeddedPerRequestMax)
        {
            throw new BatchFullException($"one request may hold at most {Limits.EmbeddedPerRequestMax} events, links and exemplars; send smaller batches");
        }

        Text.Append(Text.Length == start ? (byte)'[' : (byte)',');
    }

    /// <summary>Ends the array that began at <paramref name="start"/>; none when nothing was begun in it.</summary>
    public TextRange EndEmbedded(int start)
    {
        if (Text.Length == start)
        {
            return TextRange.None;
        }

        Text.Append((byte)']');
        return Text.Since(start);
    }

    /// <summary>
    /// Takes a point whose attributes are closed, or rejects it: a point needs a time, and a value or the flag that says there is none; a
    /// distribution's other numbers are those in <see cref="Shape"/>.
    /// </summary>
    public void AddDataPoint(in DataPoint point)
    {
        bool hasShape = point.IsDistribution && !point.NoRecordedValue;
        string? wrong = point.TimeUnixNano == 0 ? "timeUnixNano is missing or 0"
            : point.TimeUnixNano > long.MaxValue ? "timeUnixNano is after the year 2262"
            : hasShape ? Shape.Wrong(point.Kind)
            : !point.HasValue && !point.NoRecordedValue ? "neither asDouble nor asInt is set"
            : null;
        if (wrong is not null)
        {
            RejectedDataPoints++;
            Reject($"data point: {wrong}");
            return;
        }

        ref DataPoint row = ref DataPoints.Add();
        row = point;
        row.StartTimeUnixNano = Known(point.StartTimeUnixNano);
        row.SessionId = TextOf(point.Attributes, AttributeName.SessionId);
        row.Shape = TextRange.None;
        if (point.Attributes.DroppedCount > 0)
        {
            // OTLP has no field for it in a point, so the sender can't know; and points that differ only there are now one series.
            Remark ??= $"a data point has more than {Limits.AttributesPerRecordMax} attributes: the first are stored, the rest is counted as dropped";
        }

        if (hasShape)
        {
            // What a summary says counts from its start, as its message has no field for another temporality.
            double? sum = point.Kind == MetricKind.Summary ? Shape.Sum ?? 0 : Shape.Sum;
            row.HasValue = sum is not null;
            row.AsDouble = sum ?? 0;
            row.Count = Shape.Count;
            row.Shape = Shape.Write(point.Kind, Text);
        }
    }

    /// <summary>Fills in what a metric says of all its points, which may come before it: those from <paramref name="first"/> on.</summary>
    public void CloseMetric(int first, int resource, int scope, in Metric metric)
    {
        if (Math.Max(metric.Name.Length, metric.Unit.Length) > Limits.NameBytesMax)
        {
            RejectedDataPoints += DataPoints.Count - first;
            Reject($"data point: the name or the unit of its metric has more than {Limits.NameBytesMax} bytes");
            DataPoints.Truncate(first);
            return;
        }

        MetricName known = ClaudeCode.Metrics.Find(Text[metric.Name]);
        AggregationTemporality temporality = metric.Kind == MetricKind.Summary ? AggregationTemporality.Cumulative : metric.Temporality;
        foreach (ref DataPoint point in DataPoints.Rows[first..])
        {
            point.Resource = resource;
            point.Scope = scope;
            point.Metric = metric.Name;
            point.Unit = metric.Unit;
            point.Name = known;
            point.Temporality = temporality;
            point.IsMonotonic = metric.IsMonotonic || point.IsDistribution;
            if (point.Kind is MetricKind.Sum or MetricKind.Histogram or MetricKind.ExponentialHistogram && temporality == AggregationTemporality.Unspecified)
            {
                UnspecifiedTemporality++;
                Remark ??= "aggregationTemporality is unspecified, which OTLP forbids: counted as delta";
            }
            else if (point.Kind == MetricKind.Sum && metric.IsMonotonic && temporality == AggregationTemporality.Delta && point.Value < 0)
            {
                Remark ??= "a monotonic delta sum is below 0: stored, and counted as it is";
            }
        }
    }

    /// <summary>Takes a span whose attributes are closed, or rejects it: without its two ids it belongs nowhere.</summary>
    public void AddSpan(in Span span)
    {
        if (span.TraceId.IsNone || span.SpanId.IsNone)
        {
            RejectedSpans++;
            Reject(span.TraceId.IsNone ? "span: traceId is not 16 bytes other than zero" : "span: spanId is not 8 bytes other than zero");
            return;
        }

        ref Span row = ref Spans.Add();
        row = span;
        row.StartTimeUnixNano = Known(span.StartTimeUnixNano);
        row.EndTimeUnixNano = Known(span.EndTimeUnixNano);
        row.SessionId = TextOf(span.Attributes, AttributeName.SessionId);
        row.Known = ClaudeCode.Spans.Find(Text[span.Name]);
    }

    // The first reason stands for all: an answer must not grow with what is wrong. It goes before a remark on what was taken.
    private void Reject(string because) => Remark = Rejected > 1 && Remark is not null ? Remark : because;

    /// <summary>Takes a log record whose attributes are closed. Its event name is the attribute that Claude Code sends, else
    /// OTLP's own field, else the body, each without the agent's prefix.</summary>
    public void AddLogRecord(in LogRecord record)
    {
        ref LogRecord row = ref LogRecords.Add();
        row = record;
        row.TimeUnixNano = Known(record.TimeUnixNano);
        row.ObservedTimeUnixNano = Known(record.ObservedTimeUnixNano);
        row.SessionId = TextOf(record.Attributes, AttributeName.SessionId);
        row.PromptId = TextOf(record.Attributes, AttributeName.PromptId);
        TextRange name = TextOf(record.Attributes, AttributeName.EventName);
        row.EventName = ShortName(!name.IsNone ? name : record.EventName, record.Body);
        row.Name = ClaudeCode.Events.Find(Text[row.EventName]);
    }

    // SQLite's integers are signed. A time that does not fit is no time at all, which OTLP writes as 0.
    private static ulong Known(ulong unixNano) => unixNano <= long.MaxValue ? unixNano : 0;

    private TextRange ShortName(TextRange eventName, TextRange body)
    {
        int prefix = ClaudeCode.EventPrefix.Length;
        if (eventName.Length > 0)
        {
            return Text[eventName].StartsWith(ClaudeCode.EventPrefix)
                ? new TextRange(eventName.Start + prefix, eventName.Length - prefix)
                : eventName;
        }

        // The body is JSON: its quotes are not part of the name. What is no name is a text of somebody's, which --redact may have to take out.
        return body.Length > prefix + 2 && body.Length <= Limits.EventNameBytesMax && Text[body][1..].StartsWith(ClaudeCode.EventPrefix)
            && Text[body][(1 + prefix)..^1].IndexOfAnyExcept(NameBytes) < 0
            ? new TextRange(body.Start + 1 + prefix, body.Length - 2 - prefix)
            : TextRange.None;
    }

    /// <summary>
    /// Closes a run of attributes: of a key that came twice the last value stays (protobuf's rule for repeated keys of a map),
    /// what is past the limit is counted as dropped, and the rest is written as one flat JSON object.
    /// </summary>
    public AttributeSet CloseAttributes(int first, uint dropped)
    {
        (int given, int alike) = (Attributes.Count - first, _alike);
        _alike = 0;
        dropped += _distinct.Keep(Attributes, Text, first);
        var set = new AttributeSet { First = first, Count = Attributes.Count - first, DroppedCount = dropped };
        if (alike > 0 && set.Count != given)
        {
            // One came again, which may have its value: they get texts of their own, as if just read.
            AttributeJson.Detach(this, set, _last);
            alike = 0;
        }

        AttributeJson.Write(this, ref set, isNew: true, alike, _last);
        _last = set.Count == given ? set : default;
        return set;
    }

    /// <summary>Begins the next run of attributes with the same as the run that was closed last.</summary>
    /// <param name="first">Which attribute that one began with, by which it is known.</param>
    /// <param name="count">How many of them, at most.</param>
    /// <returns>How many of them: none where another run was closed meanwhile, the open one has begun already, or what was made of them does not stand in one piece.</returns>
    public int TakeAlike(int first, int count)
    {
        if (_alike > 0 || _last.First != first)
        {
            return 0;
        }

        count = AttributeJson.InOnePiece(this, _last, Math.Min(count, _last.Count));
        _alike = count;
        for (int i = 0; i < count; i++)
        {
            Attributes.Add() = Attributes[first + i];
        }

        return count;
    }

    /// <summary>
    /// Puts the name of the token that brought the batch on each of its resources, by which figures then split. What a client itself says under that name goes:
    /// it would pass for another.
    /// </summary>
    /// <param name="name">Empty for a token without one.</param>
    /// <exception cref="BatchFullException">There is no room for it.</exception>
    public void SetTokenName(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < Resources.Count; i++)
        {
            AttributeSet own = Resources[i].Attributes;
            if (name.IsEmpty && !Has(own, AttributeName.TokenName))
            {
                continue;
            }

            // Ours comes first, so that no number of the client's crowds it out.
            int first = Attributes.Count;
            if (!name.IsEmpty)
            {
                TextRange key = Text.Append(ClaudeCode.Attributes.Spell(AttributeName.TokenName));
                Attributes.Add() = new Attribute { Name = AttributeName.TokenName, Key = key, Kind = ValueKind.String, Text = Text.Append(name) };
            }

            for (int at = own.First; at < own.First + own.Count; at++)
            {
                Attribute copy = Attributes[at];
                if (copy.Name != AttributeName.TokenName)
                {
                    Attributes.Add() = copy;
                }
            }

            Resources[i].Attributes = CloseAttributes(first, own.DroppedCount);
        }

        // The same bytes from two machines are two exports.
        BodyHash ^= name.IsEmpty ? default : XxHash128.HashToUInt128(name);
    }

    private bool Has(in AttributeSet set, AttributeName name)
    {
        foreach (ref readonly Attribute attribute in AttributesOf(set))
        {
            if (attribute.Name == name)
            {
                return true;
            }
        }

        return false;
    }
}
