using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// What metrics and events say of each session, model and kind, and the unexplained rest laid on the metric points. Collects
/// what a batch says and then weighs each changed pair of witnesses once.
/// </summary>
internal sealed class WitnessTables : IDisposable
{
    private readonly Statement _addPoint;
    private readonly Statement _find;
    private readonly Statement _set;
    private readonly Statement _pointsNewestFirst;
    private readonly Dictionary<BilledKind, Statement> _eventsNewestFirst = [];
    private readonly Statement _setRest;
    private readonly QuarterTable _quarters;

    // What the open batch has said, by pair.
    private readonly Dictionary<(long Session, long Model, BilledKind Kind), Said> _said = [];
    private readonly List<(long TimeUnixNano, long Share, long ShareBefore, long Auxiliary)> _shares = [];

    /// <param name="quarters">Told of every share that changes.</param>
    public WitnessTables(SqliteConnection connection, QuarterTable quarters)
    {
        _quarters = quarters;
        _addPoint = new(connection, """
            INSERT INTO usage_point (session, model, kind, time_unix_nano, value, auxiliary, rest) VALUES (?, ?, ?, ?, ?, ?, 0)
            ON CONFLICT DO UPDATE SET value = value + excluded.value, auxiliary = auxiliary + excluded.auxiliary
            RETURNING rest, auxiliary
            """);
        _find = new(connection, "SELECT metrics, auxiliary, events, rest, transcripts FROM usage_witness WHERE session = ? AND model = ? AND kind = ?");
        _set = new(connection, "INSERT OR REPLACE INTO usage_witness (session, model, kind, metrics, auxiliary, events, rest, transcripts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        _pointsNewestFirst = new(connection, """
            SELECT time_unix_nano, value, rest, auxiliary FROM usage_point WHERE session = ? AND model = ? AND kind = ?
            ORDER BY time_unix_nano DESC
            """);
        _setRest = new(connection, "UPDATE usage_point SET rest = ? WHERE session = ? AND model = ? AND kind = ? AND time_unix_nano = ?");
        foreach ((BilledKind kind, string column) in UsageTables.ColumnOf)
        {
            _eventsNewestFirst[kind] = new(connection, $"""
                SELECT time_unix_nano, {column} FROM usage_request WHERE session = ? AND model = ? ORDER BY time_unix_nano DESC
                """);
        }
    }

    private record struct Said(long Metrics, long Auxiliary, long Events, long Transcripts, long SinceUnixNano);

    /// <summary>Writes a new point, and notes what it says; the rest is laid with <see cref="Weigh"/>.</summary>
    public void Point(long session, long model, in BilledPoint point)
    {
        _addPoint.Begin().Bind(session).Bind(model).Bind((int)point.Kind).Bind(point.TimeUnixNano).Bind(point.Value).Bind(point.Auxiliary);
        _addPoint.Step();
        (long rest, long auxiliary) = (_addPoint.Int64(0), _addPoint.Int64(1));
        _addPoint.Reset();
        long change = Auxiliary(rest, auxiliary) - Auxiliary(rest, auxiliary - point.Auxiliary);
        _quarters.Add(point.TimeUnixNano, session, model, point.Kind.Auxiliary(), change);
        Say(session, model, point.Kind, new(point.Value, point.Auxiliary, 0, 0, point.TimeUnixNano));
    }

    /// <summary>Notes what a request says; negative when it is taken out.</summary>
    /// <param name="isAuxiliary">It is among those that not always have an event; this one has.</param>
    /// <param name="isTranscript">Its transcript alone tells of it: the export is not to be held against it.</param>
    public void Request(long session, long model, BilledKind kind, long value, bool isAuxiliary, bool isTranscript, long timeUnixNano) =>
        Say(session, model, kind, new(0, isAuxiliary ? -value : 0, value, isTranscript ? value : 0, timeUnixNano));

    private void Say(long session, long model, BilledKind kind, Said said)
    {
        (long, long, BilledKind) pair = (session, model, kind);
        Said before = _said.TryGetValue(pair, out Said found) ? found : new(0, 0, 0, 0, long.MaxValue);
        _said[pair] = new(
            before.Metrics + said.Metrics, before.Auxiliary + said.Auxiliary, before.Events + said.Events, before.Transcripts + said.Transcripts,
            Math.Min(before.SinceUnixNano, said.SinceUnixNano));
    }

    // As usage_amount has it: of a point's rest what its auxiliary requests may be.
    private static long Auxiliary(long rest, long auxiliary) => rest > 0 && auxiliary > 0 ? Math.Min(rest, auxiliary) : 0;

    /// <summary>Weighs every pair of witnesses of which something new was said, and writes what changed.</summary>
    public void Weigh()
    {
        foreach (((long session, long model, BilledKind kind), Said said) in _said)
        {
            _find.Begin().Bind(session).Bind(model).Bind((int)kind);
            (long metrics, long auxiliary, long events, long restBefore, long transcripts) =
                _find.Step() ? (_find.Int64(0), _find.Int64(1), _find.Int64(2), _find.Int64(3), _find.Int64(4)) : default;
            _find.Reset();
            metrics += said.Metrics;
            auxiliary += said.Auxiliary;
            events += said.Events;
            long rest = LayRest(session, model, kind, new Unexplained(metrics, events, restBefore, said.SinceUnixNano));
            _set.Begin().Bind(session).Bind(model).Bind((int)kind).Bind(metrics).Bind(auxiliary).Bind(events).Bind(rest).Bind(transcripts + said.Transcripts).Run();
        }

        _said.Clear();
    }

    public void Forget() => _said.Clear();

    public void Dispose()
    {
        _addPoint.Dispose();
        _find.Dispose();
        _set.Dispose();
        _pointsNewestFirst.Dispose();
        _setRest.Dispose();
        foreach (Statement statement in _eventsNewestFirst.Values)
        {
            statement.Dispose();
        }
    }

    // Walks both witnesses back in time together, as far as shares change, and returns the whole rest.
    private long LayRest(long session, long model, BilledKind kind, Unexplained unexplained)
    {
        long whole = unexplained.Rest;
        Statement points = _pointsNewestFirst.Begin().Bind(session).Bind(model).Bind((int)kind);
        Statement events = _eventsNewestFirst[kind].Begin().Bind(session).Bind(model);
        bool hasEvent = events.Step();
        long newerTime = 0;
        long newerValue = 0;
        long newerShare = 0;
        long newerAuxiliary = 0;
        bool settled = false;
        _shares.Clear();
        while (!settled && points.Step())
        {
            long time = points.Int64(0);
            long eventsAfter = 0;
            while (hasEvent && events.Int64(0) > time)
            {
                eventsAfter += events.Int64(1);
                hasEvent = events.Step();
            }

            long restThroughNewer = unexplained.Rest;
            settled = unexplained.Visit(time, eventsAfter, newerValue, newerShare);
            if (newerTime != 0 && restThroughNewer - unexplained.Rest != newerShare)
            {
                _shares.Add((newerTime, restThroughNewer - unexplained.Rest, newerShare, newerAuxiliary));
            }

            (newerTime, newerValue, newerShare, newerAuxiliary) = (time, points.Int64(1), points.Int64(2), points.Int64(3));
        }

        // The oldest point bears what was unexplained up to it: before it there was nothing to explain.
        if (!settled && newerTime != 0 && unexplained.Rest != newerShare)
        {
            _shares.Add((newerTime, unexplained.Rest, newerShare, newerAuxiliary));
        }

        points.Reset();
        events.Reset();
        foreach ((long time, long share, long shareBefore, long auxiliary) in _shares)
        {
            _quarters.Add(time, session, model, kind.Rest(), share - shareBefore);
            _quarters.Add(time, session, model, kind.Auxiliary(), Auxiliary(share, auxiliary) - Auxiliary(shareBefore, auxiliary));
            _setRest.Begin().Bind(share).Bind(session).Bind(model).Bind((int)kind).Bind(time).Run();
        }

        return whole;
    }
}
