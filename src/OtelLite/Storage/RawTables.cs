using System.Globalization;
using System.IO.Hashing;
using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>Writes what arrived, as it arrived: points, records, their resources and scopes, and the state of cumulative series.</summary>
internal sealed class RawTables : IDisposable
{
    private readonly Statement _body;
    private readonly Statement _timelessBody;
    private readonly Statement _hasTimeless;
    private readonly Statement _forgetBodies;
    private readonly Statement _metric;
    private readonly Statement _event;
    private readonly Statement _span;
    private readonly Statement _findSpan;
    private readonly Statement _addResource;
    private readonly Statement _findResource;
    private readonly Statement _addScope;
    private readonly Statement _findScope;
    private readonly Statement _findSeries;
    private readonly Statement _setSeries;

    private readonly IdCache _resources = new();
    private readonly IdCache _scopes = new();

    private const string ReceivedAt = "yyyy-MM-dd HH:mm:ss";

    // Bodies without a time, which are those of an older version, and hardly any others: null where that is to be asked.
    private bool? _mayBeTimeless;

    // Of the batch that is being written: when it arrived, as the rows have it. Made once a second: SQLite's datetime() for each was 4 % of what a data point's statement took.
    private readonly SystemMemory _receivedAt = new(ReceivedAt.Length);
    private long _receivedUnixSeconds = long.MinValue;

    // And its rows.
    private readonly XxHash128 _hash = new();
    private long[] _scopeIds = new long[4];

    public RawTables(SqliteConnection connection)
    {
        _body = new(connection, "INSERT OR IGNORE INTO otel_body (time_unix_nano, hash, received_unix_nano) VALUES (?, ?, ?)");
        _timelessBody = new(connection, "SELECT 1 FROM otel_body WHERE time_unix_nano = 0 AND hash = ?");
        _hasTimeless = new(connection, "SELECT 1 FROM otel_body WHERE time_unix_nano = 0 LIMIT 1");
        _forgetBodies = new(connection, "DELETE FROM otel_body WHERE received_unix_nano < ?");
        _metric = new(connection, """
            INSERT INTO otel_metrics (received_at, metric_name, value, unit, attributes, session_id, time_unix_nano, start_time_unix_nano,
                sent_value, kind, temporality, is_monotonic, flags, resource_id, scope_id, shape, exemplars, dropped_attributes_count)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """);
        _event = new(connection, """
            INSERT INTO otel_events (received_at, event_name, attributes, session_id, prompt_id, time_unix_nano, observed_time_unix_nano,
                severity_number, severity_text, body, trace_id, span_id, flags, dropped_attributes_count, resource_id, scope_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """);
        _span = new(connection, """
            INSERT INTO otel_spans (received_at, trace_id, span_id, parent_span_id, name, kind, status_code, status_message, start_time_unix_nano,
                end_time_unix_nano, attributes, events, links, session_id, trace_state, flags, dropped_attributes_count, dropped_events_count,
                dropped_links_count, resource_id, scope_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """);
        _findSpan = new(connection, "SELECT 1 FROM otel_spans WHERE trace_id = ? AND span_id = ?");
        _addResource = new(connection, """
            INSERT OR IGNORE INTO otel_resource (hash, attributes, dropped_attributes_count, schema_url) VALUES (?, ?, ?, ?)
            """);
        _findResource = new(connection, "SELECT id FROM otel_resource WHERE hash = ?");
        _addScope = new(connection, """
            INSERT OR IGNORE INTO otel_scope (hash, name, version, attributes, dropped_attributes_count, schema_url)
            VALUES (?, ?, ?, ?, ?, ?)
            """);
        _findScope = new(connection, "SELECT id FROM otel_scope WHERE hash = ?");
        _findSeries = new(connection, "SELECT time_unix_nano, value, count FROM otel_series WHERE key = ?");
        _setSeries = new(connection, "INSERT OR REPLACE INTO otel_series (key, time_unix_nano, value, count) VALUES (?, ?, ?, ?)");
    }

    /// <summary>False when the same body was stored before; then nothing is to be written.</summary>
    public bool TryAddBody(TelemetryBatch batch, long nowUnixNano)
    {
        _mayBeTimeless ??= _hasTimeless.Begin().Scalar() is not null;
        bool isKnown = _mayBeTimeless.Value && _timelessBody.Begin().BindHash(batch.BodyHash).Scalar() is not null;
        return !isKnown && _body.Begin().Bind(batch.FirstUnixNano).BindHash(batch.BodyHash).Bind(nowUnixNano).Run() == 1;
    }

    public void ForgetBodiesBefore(long unixNano)
    {
        _forgetBodies.Begin().Bind(unixNano).Run();
        _mayBeTimeless = null;
    }

    /// <summary>Sets what each point adds, then writes every point and record of the batch, and into the batch which rows they and its resources got.</summary>
    /// <param name="receivedUnixSeconds">When it arrived; the column's own default would be the same, but counting must use the very same second.</param>
    public void Write(TelemetryBatch batch, long receivedUnixSeconds)
    {
        if (receivedUnixSeconds != _receivedUnixSeconds)
        {
            _ = DateTimeOffset.FromUnixTimeSeconds(receivedUnixSeconds).TryFormat(_receivedAt.Bytes, out _, ReceivedAt, CultureInfo.InvariantCulture);
            _receivedUnixSeconds = receivedUnixSeconds;
        }

        WriteResources(batch);
        WriteScopes(batch);
        batch.PointRows.Clear();
        foreach (ref DataPoint point in batch.DataPoints.Rows)
        {
            point.Increase = SeriesIncrease.NeedsState(point) ? IncreaseOf(batch, point) : SeriesIncrease.Stateless(point);
            batch.PointRows.Add() = Write(batch, point);
        }

        batch.EventRows.Clear();
        foreach (ref readonly LogRecord record in batch.LogRecords.Rows)
        {
            batch.EventRows.Add() = Write(batch, record);
        }

        batch.SpanRows.Clear();
        foreach (ref readonly Span span in batch.Spans.Rows)
        {
            batch.SpanRows.Add() = Write(batch, span);
        }
    }

    /// <summary>After a rollback: what was remembered may not be in the file.</summary>
    public void Forget()
    {
        _mayBeTimeless = null;
        _resources.Clear();
        _scopes.Clear();
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_body, _timelessBody, _hasTimeless, _forgetBodies, _metric, _event, _span, _findSpan, _addResource, _findResource,
            _addScope, _findScope, _findSeries, _setSeries])
        {
            statement.Dispose();
        }

        _receivedAt.Dispose();
    }

    private long Write(TelemetryBatch batch, in DataPoint point)
    {
        Utf8Text text = batch.Text;
        _metric.Begin().BindInPlace(_receivedAt.Bytes);
        _metric.Bind(text, point.Metric);
        // A gauge that has no value now has none, and not 0, as a distribution without its sum; a sum without one adds nothing.
        bool isNone = point.Kind != MetricKind.Sum && (point.NoRecordedValue || !point.HasValue);
        _ = isNone ? _metric.BindNull() : _metric.Bind(point.Increase);
        _metric.Bind(text, point.Unit);
        _metric.Bind(text, point.Attributes.Json);
        _metric.Bind(text, point.SessionId);
        _metric.Bind((long)point.TimeUnixNano).Bind((long)point.StartTimeUnixNano);
        // SQLite would make null of NaN, and null is a point without a value.
        _ = !point.HasValue ? _metric.BindNull() : point.IsInt ? _metric.Bind(point.AsInt)
            : double.IsNaN(point.AsDouble) ? _metric.Bind("NaN"u8) : _metric.Bind(point.AsDouble);
        _metric.BindInPlace(NameOf(point.Kind))
            .Bind((int)point.Temporality).Bind(point.IsMonotonic ? 1 : 0).Bind((long)point.Flags)
            .Bind(batch.ResourceRows[point.Resource]).Bind(_scopeIds[point.Scope]);
        _metric.Bind(text, point.Shape);
        _metric.Bind(text, point.Exemplars);
        return _metric.Bind((long)point.Attributes.DroppedCount).Insert();
    }

    private static ReadOnlySpan<byte> NameOf(MetricKind kind) => kind switch
    {
        MetricKind.Gauge => "gauge"u8,
        MetricKind.Sum => "sum"u8,
        MetricKind.Histogram => "histogram"u8,
        MetricKind.ExponentialHistogram => "exponential_histogram"u8,
        _ => "summary"u8,
    };

    // 0 where it is there already.
    private long Write(TelemetryBatch batch, in Span span)
    {
        Utf8Text text = batch.Text;
        // Asked first: an insertion that runs into the same ids would use up a number, and the numbers tell how many rows there are.
        if (_findSpan.Begin().Bind(text[span.TraceId]).Bind(text[span.SpanId]).Scalar() is not null)
        {
            return 0;
        }

        _span.Begin().BindInPlace(_receivedAt.Bytes);
        _span.Bind(text, span.TraceId);
        _span.Bind(text, span.SpanId);
        _span.Bind(text, span.ParentSpanId);
        _span.Bind(text, span.Name);
        _span.Bind(span.Kind).Bind(span.StatusCode);
        _span.Bind(text, span.StatusMessage);
        _span.Bind((long)span.StartTimeUnixNano).Bind((long)span.EndTimeUnixNano);
        _span.Bind(text, span.Attributes.Json);
        _span.Bind(text, span.Events);
        _span.Bind(text, span.Links);
        _span.Bind(text, span.SessionId);
        _span.Bind(text, span.TraceState);
        return _span.Bind((long)span.Flags).Bind((long)span.Attributes.DroppedCount).Bind((long)span.DroppedEventsCount).Bind((long)span.DroppedLinksCount)
            .Bind(batch.ResourceRows[span.Resource]).Bind(_scopeIds[span.Scope])
            .Insert();
    }

    private long Write(TelemetryBatch batch, in LogRecord record)
    {
        Utf8Text text = batch.Text;
        _event.Begin().BindInPlace(_receivedAt.Bytes);
        _event.Bind(text, record.EventName);
        _event.Bind(text, record.Attributes.Json);
        _event.Bind(text, record.SessionId);
        _event.Bind(text, record.PromptId);
        _event.Bind((long)record.TimeUnixNano).Bind((long)record.ObservedTimeUnixNano).Bind(record.SeverityNumber);
        _event.Bind(text, record.SeverityText);
        _event.Bind(text, record.Body);
        _event.Bind(text, record.TraceId);
        _event.Bind(text, record.SpanId);
        return _event.Bind((long)record.Flags).Bind((long)record.Attributes.DroppedCount)
            .Bind(batch.ResourceRows[record.Resource]).Bind(_scopeIds[record.Scope])
            .Insert();
    }

    private double IncreaseOf(TelemetryBatch batch, in DataPoint point)
    {
        UInt128 key = point.Series != 0 ? point.Series : Timeseries.Key(batch, point);
        SeriesState? before = _findSeries.Begin().BindHash(key).Step() ? new(_findSeries.Int64(0), _findSeries.Double(1), _findSeries.Int64(2)) : null;
        _findSeries.Reset();
        double increase = SeriesIncrease.Cumulative(point, before, out SeriesState after);
        if (after != before)
        {
            _setSeries.Begin().BindHash(key).Bind(after.TimeUnixNano).Bind(after.Value).Bind(after.Count).Run();
        }

        return increase;
    }

    private void WriteResources(TelemetryBatch batch)
    {
        batch.ResourceRows.Clear();
        for (int i = 0; i < batch.Resources.Count; i++)
        {
            ref readonly Resource resource = ref batch.Resources[i];
            XxHash128 hash = _hash;
            hash.Reset();
            Append(hash, batch.Text, resource.Attributes.Json);
            Append(hash, batch.Text, resource.SchemaUrl);
            UInt128 key = hash.GetCurrentHashAsUInt128();
            if (!_resources.TryGet(key, out long id))
            {
                _addResource.Begin().BindHash(key).Bind(batch.Text[resource.Attributes.Json]).Bind((long)resource.Attributes.DroppedCount);
                _addResource.Bind(batch.Text, resource.SchemaUrl);
                _addResource.Run();
                id = _resources.Add(key, _findResource.Begin().BindHash(key).Scalar()!.Value);
            }

            batch.ResourceRows.Add() = id;
        }
    }

    private void WriteScopes(TelemetryBatch batch)
    {
        GrowTo(ref _scopeIds, batch.Scopes.Count);
        for (int i = 0; i < batch.Scopes.Count; i++)
        {
            ref readonly InstrumentationScope scope = ref batch.Scopes[i];
            XxHash128 hash = _hash;
            hash.Reset();
            Append(hash, batch.Text, scope.Name);
            Append(hash, batch.Text, scope.Version);
            Append(hash, batch.Text, scope.Attributes.Json);
            Append(hash, batch.Text, scope.SchemaUrl);
            UInt128 key = hash.GetCurrentHashAsUInt128();
            if (!_scopes.TryGet(key, out _scopeIds[i]))
            {
                _addScope.Begin().BindHash(key);
                _addScope.Bind(batch.Text, scope.Name);
                _addScope.Bind(batch.Text, scope.Version);
                _addScope.Bind(batch.Text[scope.Attributes.Json]).Bind((long)scope.Attributes.DroppedCount);
                _addScope.Bind(batch.Text, scope.SchemaUrl);
                _addScope.Run();
                _scopeIds[i] = _scopes.Add(key, _findScope.Begin().BindHash(key).Scalar()!.Value);
            }
        }
    }

    private static void Append(XxHash128 hash, Utf8Text text, TextRange range)
    {
        // Protobuf leaves out what is empty, so an absent text is the same as an empty one. The separator keeps neighbours apart.
        hash.Append(range.Length <= 0 ? [1] : [0]);
        hash.Append(text[range]);
    }

    private static void GrowTo(ref long[] ids, int count)
    {
        if (ids.Length < count)
        {
            Array.Resize(ref ids, Math.Max(count, ids.Length * 2));
        }
    }
}
