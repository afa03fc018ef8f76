using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using Attribute = OtelLite.Telemetry.Attribute;

namespace OtelLite.Storage;

/// <summary>Counts one batch; its event ids are the rows of its log records, its resource ids those of its resources, its time the second in which
/// they arrived.</summary>
internal delegate void CountBatch(TelemetryBatch batch, ReadOnlySpan<long> eventIds, ReadOnlySpan<long> resourceIds, long receivedUnixNano);

/// <summary>
/// Reads raw rows back into batches, as far as counting looks at them: what was decoded once is not decoded again. SQLite takes the attributes
/// apart, row by row.
/// </summary>
internal sealed class StoredBatches : IDisposable
{
    // Enough to share the work at the end of a batch, few enough to stay small.
    private const int RowsMax = 1000;

    private readonly Statement _events;
    private readonly Statement _points;
    private readonly Statement _spans;
    private readonly SqliteConnection _connection;

    // A row whose text the disk has changed counts without its attributes, and does not stop all the others from being counted.
    private const string EachAttribute = "json_each(iif(json_valid(attributes), attributes, '{}')) each";

    private const string Events = """
        SELECT event.id, unixepoch(received_at), resource_id, each.key, each.type, each.atom, session_id, prompt_id, event_name, time_unix_nano,
               observed_time_unix_nano
        """;

    private const string Points = """
        SELECT point.id, unixepoch(received_at), resource_id, each.key, each.type, each.atom, session_id, metric_name, point.value, time_unix_nano
        """;

    private const string Spans = """
        SELECT span.id, unixepoch(received_at), resource_id, each.key, each.type, each.atom, session_id, name, start_time_unix_nano, end_time_unix_nano
        """;

    private readonly Statement _resource;
    private readonly Statement _resourceAttributes;
    private readonly Dictionary<long, int> _resources = [];
    private readonly List<long> _resourceIds = [];

    public StoredBatches(SqliteConnection connection)
    {
        _connection = connection;
        _events = new(connection, $"{Events} {OfSession(Signal.Logs, "otel_events event", "event.id")} AND {Happened.Event} >= ?2 AND (event_name IS ?3) = ?4 ORDER BY usage_raw.first_id, event.id");
        _points = new(connection, $"{Points} {OfSession(Signal.Metrics, "otel_metrics point", "point.id")} AND {Happened.Point} >= ?2 ORDER BY usage_raw.first_id, point.id");
        _spans = new(connection, $"{Spans} {OfSession(Signal.Traces, "otel_spans span", "span.id")} AND {Happened.Span} >= ?2 ORDER BY usage_raw.first_id, span.id");
        _resource = new(connection, "SELECT attributes FROM otel_resource WHERE id = ?");
        _resourceAttributes = new(connection, $"SELECT each.key, each.type, each.atom FROM otel_resource, {EachAttribute} WHERE otel_resource.id = ?");
    }

    /// <summary>
    /// Hands over all that is stored of a session that happened from a moment on, in the order in which it came, and behind it what its transcripts tell: of
    /// which request they do, the whole of its export knows best. The number of rows.
    /// </summary>
    /// <param name="session">Null: of what has no session id.</param>
    public long Each(string? session, long fromUnixNano, CountBatch count) =>
        Each(EventsOf(session, fromUnixNano, ofTranscripts: false), AddEvent, count)
        + Each(_points.Begin().Bind(session).Bind(fromUnixNano), AddPoint, count)
        + Each(_spans.Begin().Bind(session).Bind(fromUnixNano), AddSpan, count)
        + EachOfTranscripts(session, fromUnixNano, count);

    /// <summary>The same for what transcripts tell of a session, alone.</summary>
    /// <inheritdoc cref="Each(string?, long, CountBatch)"/>
    public long EachOfTranscripts(string? session, long fromUnixNano, CountBatch count) => Each(EventsOf(session, fromUnixNano, ofTranscripts: true), AddEvent, count);

    /// <summary>The same for all that is stored and not counted yet.</summary>
    public void EachUncounted(CountBatch count)
    {
        foreach ((string rows, string table, string row, Func<Statement, TelemetryBatch, bool> add) in ((string, string, string, Func<Statement, TelemetryBatch, bool>)[])
            [(Events, "otel_events", "event", AddEvent), (Points, "otel_metrics", "point", AddPoint), (Spans, "otel_spans", "span", AddSpan)])
        {
            string id = $"{row}.id";
            using var uncounted = new Statement(
                _connection, $"{rows} FROM {table} {row} LEFT JOIN {EachAttribute} WHERE {Uncounted.IsNear(table, id)} AND NOT {Uncounted.HasNot(table, id)} ORDER BY {id}");
            Each(uncounted.Begin(), add, count);
        }
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_events, _points, _spans, _resource, _resourceAttributes])
        {
            statement.Dispose();
        }
    }

    // Of one that has no row there is nothing; null is what has no session id. What is not counted yet does not stand among a session's rows. They stand there in the order of their ids: by these
    // alone SQLite would sort all that the session has, in memory.
    private static string OfSession(Signal signal, string table, string id) => $"""
        FROM usage_raw CROSS JOIN {table} ON {id} BETWEEN usage_raw.first_id AND usage_raw.last_id LEFT JOIN {EachAttribute}
        WHERE usage_raw.session = iif(?1 IS NULL, 0, (SELECT id FROM usage_session WHERE session_id = ?1)) AND usage_raw.signal = {(int)signal}
        """;

    private Statement EventsOf(string? session, long fromUnixNano, bool ofTranscripts) =>
        _events.Begin().Bind(session).Bind(fromUnixNano).Bind(ClaudeCode.Events.Spell(EventName.TranscriptRequest)).Bind(ofTranscripts ? 1 : 0);

    private long Each(Statement rows, Func<Statement, TelemetryBatch, bool> add, CountBatch count)
    {
        long total = 0;
        TelemetryBatch batch = TelemetryBatch.Rent();
        List<long> ids = [];
        long received = 0;
        try
        {
            bool more = rows.Step();
            while (more)
            {
                long arrived = rows.Int64(1) * 1_000_000_000;
                if (ids.Count == RowsMax || (ids.Count > 0 && arrived != received))
                {
                    Flush(ref batch, ids, received, count);
                }

                received = arrived;
                ids.Add(rows.Int64(0));
                total++;
                more = add(rows, batch);
            }

            if (ids.Count > 0)
            {
                Flush(ref batch, ids, received, count);
            }

            return total;
        }
        finally
        {
            batch.Return();
        }
    }

    private void Flush(ref TelemetryBatch batch, List<long> ids, long received, CountBatch count)
    {
        count(batch, CollectionsMarshal.AsSpan(ids), CollectionsMarshal.AsSpan(_resourceIds), received);
        batch.Return();
        batch = TelemetryBatch.Rent();
        ids.Clear();
        _resources.Clear();
        _resourceIds.Clear();
    }

    private bool AddEvent(Statement row, TelemetryBatch batch)
    {
        TextRange name = Text(row, batch.Text, 8);
        var record = new LogRecord
        {
            Resource = Resource(row.Int64(2), batch),
            SessionId = Text(row, batch.Text, 6),
            PromptId = Text(row, batch.Text, 7),
            EventName = name,
            Name = ClaudeCode.Events.Find(batch.Text[name]),
            TimeUnixNano = (ulong)row.Int64(9),
            ObservedTimeUnixNano = (ulong)row.Int64(10),
        };
        bool more = ReadAttributes(row, batch, out record.Attributes);
        batch.LogRecords.Add() = record;
        return more;
    }

    private bool AddPoint(Statement row, TelemetryBatch batch)
    {
        var point = new DataPoint
        {
            Resource = Resource(row.Int64(2), batch),
            SessionId = Text(row, batch.Text, 6),
            Name = ClaudeCode.Metrics.Find(row.Utf8(7)),
            Increase = row.Double(8),
            TimeUnixNano = (ulong)row.Int64(9),
        };
        bool more = ReadAttributes(row, batch, out point.Attributes);
        batch.DataPoints.Add() = point;
        return more;
    }

    private bool AddSpan(Statement row, TelemetryBatch batch)
    {
        var span = new Span
        {
            Resource = Resource(row.Int64(2), batch),
            SessionId = Text(row, batch.Text, 6),
            Known = ClaudeCode.Spans.Find(row.Utf8(7)),
            StartTimeUnixNano = (ulong)row.Int64(8),
            EndTimeUnixNano = (ulong)row.Int64(9),
        };
        bool more = ReadAttributes(row, batch, out span.Attributes);
        batch.Spans.Add() = span;
        return more;
    }

    // Each attribute is a row of its own; reads on to the first row of another record. False when there is none.
    private static bool ReadAttributes(Statement row, TelemetryBatch batch, out AttributeSet set)
    {
        long id = row.Int64(0);
        set = new AttributeSet { First = batch.Attributes.Count };
        bool more;
        do
        {
            AddAttribute(row, 3, batch, ref set);
            more = row.Step();
        }
        while (more && row.Int64(0) == id);
        return more;
    }

    private static void AddAttribute(Statement row, int column, TelemetryBatch batch, ref AttributeSet set)
    {
        AttributeName name = ClaudeCode.Attributes.Find(row.Utf8(column));
        if (name == AttributeName.Other)
        {
            return;
        }

        ReadOnlySpan<byte> type = row.Utf8(column + 1);
        ref Attribute attribute = ref batch.Attributes.Add();
        attribute.Name = name;
        attribute.Kind = type.SequenceEqual("text"u8) ? ValueKind.String
            : type.SequenceEqual("integer"u8) ? ValueKind.Int
            : type.SequenceEqual("real"u8) ? ValueKind.Double
            : type.SequenceEqual("true"u8) || type.SequenceEqual("false"u8) ? ValueKind.Bool
            : type.SequenceEqual("null"u8) ? ValueKind.Empty
            : ValueKind.Json;
        attribute.Int = attribute.Kind is ValueKind.Int or ValueKind.Bool ? row.Int64(column + 2) : 0;
        if (attribute.Kind == ValueKind.Double)
        {
            attribute.Double = row.Double(column + 2);
        }

        attribute.Text = attribute.Kind == ValueKind.String ? batch.Text.Append(row.Utf8(column + 2)) : TextRange.None;
        set.Count++;
    }

    private int Resource(long id, TelemetryBatch batch)
    {
        if (_resources.TryGetValue(id, out int known))
        {
            return known;
        }

        int index = batch.AddResource();
        _resourceIds.Add(id);
        var set = new AttributeSet { First = batch.Attributes.Count };
        _resourceAttributes.Begin().Bind(id);
        while (_resourceAttributes.Step())
        {
            AddAttribute(_resourceAttributes, 0, batch, ref set);
        }

        if (_resource.Begin().Bind(id).Step())
        {
            set.Json = batch.Text.Append(_resource.Utf8(0));
        }

        _resource.Reset();
        batch.Resources[index].Attributes = set;
        return _resources[id] = index;
    }

    private static TextRange Text(Statement row, Utf8Text text, int column) =>
        row.IsNull(column) ? TextRange.None : text.Append(row.Utf8(column));
}
