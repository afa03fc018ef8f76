using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// What metrics and events say of each session, model and kind, and the unexplained rest laid on the metric points. Collects
/// what a batch says and then weighs each changed pair of witnesses once.
/// </summary>
internal sealed class WitnessTables : IDisposable
{
    private readonly Statement _setPoint;
    private readonly Statement _find;
    private readonly Statement _set;
    private readonly Statement _pointsNewestFirst;
    private readonly Dictionary<BilledKind, Statement> _eventsNewestFirst = [];
    private readonly QuarterTable _quarters;

    // What the open batch has said, by pair.
    private readonly Dictionary<(long Session, long Model, BilledKind Kind), Said> _said = [];

    // The points of it, which are written when their shares are known: written before, each would be written twice. Those of a pair are chained.
    private readonly List<NewPoint> _newPoints = [];

    // Those of the pair that is being weighed, newest first, and what of all its points is to be written.
    private readonly List<NewPoint> _ofPair = [];
    private readonly List<LaidPoint> _laid = [];

    /// <param name="quarters">Told of every share that changes.</param>
    public WitnessTables(SqliteConnection connection, QuarterTable quarters)
    {
        _quarters = quarters;
        _setPoint = new(connection, """
            INSERT INTO usage_point (session, model, kind, time_unix_nano, value, auxiliary, rest) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET value = excluded.value, auxiliary = excluded.auxiliary, rest = excluded.rest
            """);
        _find = new(connection, "SELECT metrics, auxiliary, events, rest, transcripts FROM usage_witness WHERE session = ? AND model = ? AND kind = ?");
        _set = new(connection, "INSERT OR REPLACE INTO usage_witness (session, model, kind, metrics, auxiliary, events, rest, transcripts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        _pointsNewestFirst = new(connection, """
            SELECT time_unix_nano, value, rest, auxiliary FROM usage_point WHERE session = ? AND model = ? AND kind = ?
            ORDER BY time_unix_nano DESC
            """);
        foreach ((BilledKind kind, string column) in UsageTables.ColumnOf)
        {
            _eventsNewestFirst[kind] = new(connection, $"""
                SELECT time_unix_nano, {column} FROM usage_request WHERE session = ? AND model = ? ORDER BY time_unix_nano DESC
                """);
        }
    }

    /// <param name="LastPoint">Which of the new points is the last of the pair; -1 for none.</param>
    /// <param name="HasRequests">A request said something.</param>
    private record struct Said(long Metrics, long Auxiliary, long Events, long Transcripts, long SinceUnixNano, int LastPoint, bool HasRequests);

    /// <param name="Before">Which is the one before it of the same pair; -1 for none.</param>
    private readonly record struct NewPoint(long TimeUnixNano, long Value, long Auxiliary, int Before);

    private record struct LaidPoint(long TimeUnixNano)
    {
        /// <summary>Something of it is new, and it is to be written.</summary>
        public bool IsNew;
        public long Value;
        public long Auxiliary;
        public long AuxiliaryBefore;
        public long Share;
        public long ShareBefore;
    }

    /// <summary>Notes a new point, and what it says; it is written, and the rest laid, with <see cref="Weigh"/>.</summary>
    public void Point(long session, long model, in BilledPoint point)
    {
        ref Said said = ref Of(session, model, point.Kind, point.TimeUnixNano);
        said.Metrics += point.Value;
        said.Auxiliary += point.Auxiliary;
        _newPoints.Add(new(point.TimeUnixNano, point.Value, point.Auxiliary, said.LastPoint));
        said.LastPoint = _newPoints.Count - 1;
    }

    /// <summary>Notes what a request says; negative when it is taken out.</summary>
    /// <param name="isAuxiliary">It is among those that not always have an event; this one has.</param>
    /// <param name="isTranscript">Its transcript alone tells of it: the export is not to be held against it.</param>
    public void Request(long session, long model, BilledKind kind, long value, bool isAuxiliary, bool isTranscript, long timeUnixNano)
    {
        ref Said said = ref Of(session, model, kind, timeUnixNano);
        said.Auxiliary -= isAuxiliary ? value : 0;
        said.Events += value;
        said.Transcripts += isTranscript ? value : 0;
        said.HasRequests = true;
    }

    private ref Said Of(long session, long model, BilledKind kind, long timeUnixNano)
    {
        ref Said said = ref CollectionsMarshal.GetValueRefOrAddDefault(_said, (session, model, kind), out bool isKnown);
        if (!isKnown)
        {
            said = new(0, 0, 0, 0, timeUnixNano, LastPoint: -1, HasRequests: false);
        }

        said.SinceUnixNano = Math.Min(said.SinceUnixNano, timeUnixNano);
        return ref said;
    }

    // As usage_amount has it: of a point's rest what its auxiliary requests may be.
    private static long Auxiliary(long rest, long auxiliary) => rest > 0 && auxiliary > 0 ? Math.Min(rest, auxiliary) : 0;

    /// <summary>Weighs every pair of witnesses of which something new was said, and writes what changed.</summary>
    public void Weigh()
    {
        foreach (((long session, long model, BilledKind kind), Said said) in _said)
        {
            _find.Begin().Bind(session).Bind(model).Bind((int)kind);
            bool isKnown = _find.Step();
            (long metrics, long auxiliary, long events, long restBefore, long transcripts) =
                isKnown ? (_find.Int64(0), _find.Int64(1), _find.Int64(2), _find.Int64(3), _find.Int64(4)) : default;
            _find.Reset();
            metrics += said.Metrics;
            auxiliary += said.Auxiliary;
            events += said.Events;
            TakeNewPoints(said.LastPoint);

            // Of a pair that nothing was said of before there is nothing to look for.
            Lay(
                new Unexplained(metrics, events, restBefore, said.SinceUnixNano), isKnown ? _pointsNewestFirst.Begin().Bind(session).Bind(model).Bind((int)kind) : null,
                isKnown || said.HasRequests ? _eventsNewestFirst[kind].Begin().Bind(session).Bind(model) : null);
            long rest = restBefore + WriteLaid(session, model, kind);
            _set.Begin().Bind(session).Bind(model).Bind((int)kind).Bind(metrics).Bind(auxiliary).Bind(events).Bind(rest).Bind(transcripts + said.Transcripts).Run();
        }

        Forget();
    }

    public void Forget()
    {
        bool wereMany = _newPoints.Count > Limits.TransactionRowsMax;
        _said.Clear();
        _newPoints.Clear();
        _ofPair.Clear();
        _laid.Clear();
        if (wereMany)
        {
            // What a huge export took is not kept for the usual ones.
            _said.TrimExcess();
            _newPoints.TrimExcess();
            _ofPair.TrimExcess();
            _laid.TrimExcess();
        }
    }

    public void Dispose()
    {
        _setPoint.Dispose();
        _find.Dispose();
        _set.Dispose();
        _pointsNewestFirst.Dispose();
        foreach (Statement statement in _eventsNewestFirst.Values)
        {
            statement.Dispose();
        }
    }

    private void TakeNewPoints(int last)
    {
        _ofPair.Clear();
        for (int at = last; at >= 0; at = _newPoints[at].Before)
        {
            _ofPair.Add(_newPoints[at]);
        }

        _ofPair.Sort((a, b) => b.TimeUnixNano.CompareTo(a.TimeUnixNano));
    }

    // Walks both witnesses back in time together, as far as there are new points and shares change.
    private void Lay(Unexplained unexplained, Statement? points, Statement? events)
    {
        _laid.Clear();
        int taken = 0;
        bool hasPoint = points is not null && points.Step();
        bool? hasEvent = null;
        bool isSettled = false;
        bool hasNewer = false;
        LaidPoint newer = default;
        while (!isSettled && TryNextPoint(points, ref hasPoint, ref taken, out LaidPoint point))
        {
            // Not before there is a point: where only events come there is none.
            hasEvent ??= events is not null && events.Step();
            long eventsAfter = 0;
            while (hasEvent.Value && events!.Int64(0) > point.TimeUnixNano)
            {
                eventsAfter += events.Int64(1);
                hasEvent = events.Step();
            }

            long restThroughNewer = unexplained.Rest;
            isSettled = unexplained.Visit(point.TimeUnixNano, eventsAfter, newer.Value, newer.ShareBefore);
            if (hasNewer)
            {
                Note(newer, restThroughNewer - unexplained.Rest);
            }

            (newer, hasNewer) = (point, true);
        }

        // The oldest point bears what was unexplained up to it: before it there was nothing to explain.
        if (!isSettled && hasNewer)
        {
            Note(newer, unexplained.Rest);
        }

        points?.Reset();
        events?.Reset();
    }

    // Of the new points and the stored ones; what is new of a stored one is added to it.
    private bool TryNextPoint(Statement? points, ref bool hasPoint, ref int taken, out LaidPoint point)
    {
        if (!hasPoint && taken == _ofPair.Count)
        {
            point = default;
            return false;
        }

        long stored = hasPoint ? points!.Int64(0) : long.MinValue;
        long added = taken < _ofPair.Count ? _ofPair[taken].TimeUnixNano : long.MinValue;
        point = new LaidPoint(Math.Max(stored, added));
        if (hasPoint && stored == point.TimeUnixNano)
        {
            point.Value = points!.Int64(1);
            point.ShareBefore = points.Int64(2);
            point.Auxiliary = point.AuxiliaryBefore = points.Int64(3);
            hasPoint = points.Step();
        }

        for (; taken < _ofPair.Count && _ofPair[taken].TimeUnixNano == point.TimeUnixNano; taken++)
        {
            point.IsNew = true;
            point.Value += _ofPair[taken].Value;
            point.Auxiliary += _ofPair[taken].Auxiliary;
        }

        return true;
    }

    private void Note(LaidPoint point, long share)
    {
        point.Share = share;
        if (point.IsNew || share != point.ShareBefore)
        {
            _laid.Add(point);
        }
    }

    // By how much the rest on all points has changed: where events report less than nothing, not all of the difference shows in a point.
    private long WriteLaid(long session, long model, BilledKind kind)
    {
        long change = 0;
        foreach (ref readonly LaidPoint point in CollectionsMarshal.AsSpan(_laid))
        {
            change += point.Share - point.ShareBefore;
            _quarters.Add(point.TimeUnixNano, session, model, kind.Rest(), point.Share - point.ShareBefore);
            _quarters.Add(point.TimeUnixNano, session, model, kind.Auxiliary(), Auxiliary(point.Share, point.Auxiliary) - Auxiliary(point.ShareBefore, point.AuxiliaryBefore));
            _setPoint.Begin().Bind(session).Bind(model).Bind((int)kind).Bind(point.TimeUnixNano).Bind(point.Value).Bind(point.Auxiliary).Bind(point.Share).Run();
        }

        return change;
    }
}
