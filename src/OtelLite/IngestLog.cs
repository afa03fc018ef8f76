using OtelLite.Receiver;
using OtelLite.Telemetry;

namespace OtelLite;

/// <summary>An export that was not taken, or not whole; the same one again is told once, with how often.</summary>
/// <param name="Client">Its address and the program that it says it is.</param>
internal sealed record Refusal(DateTimeOffset At, string Path, int Status, string Reason, string Client, long Times);

/// <summary>What became of the exports since the program started.</summary>
/// <param name="Accepted">Stored and acknowledged.</param>
/// <param name="Repeated">Of those, bodies that had been stored before and were not stored again.</param>
/// <param name="RejectedDataPoints">Points of accepted exports that were not stored; the refusals say why.</param>
/// <param name="RejectedSpans">Spans, likewise.</param>
/// <param name="UnspecifiedTemporality">Points that do not say whether they are increases or totals, stored and counted as increases.</param>
internal sealed record IngestCounts(long Accepted, long Repeated, long Refused, long RejectedDataPoints, long RejectedSpans, long UnspecifiedTemporality);

/// <summary>What arrived of one signal in one encoding.</summary>
internal sealed record Arrivals(string Signal, string Encoding, long Exports, long Records, DateTimeOffset LastAt);

/// <summary>
/// Why nothing arrives is the first question of a new user, and only the receiver knows: it keeps the last refusals with their reasons. In
/// memory, for this run: it is about now, and what a stranger sends must not fill the disk.
/// </summary>
internal sealed class IngestLog
{
    private static readonly Signal[] AllSignals = Enum.GetValues<Signal>();

    private readonly Lock _lock = new();

    // Guarded by _lock, and counted where they are: a new object for each count would be two for each request. The newest refusal is the last.
    private readonly LinkedList<Refusal> _refusals = [];
    private readonly SortedDictionary<(Signal Signal, ExportEncoding Encoding), Arrived> _arrivals = [];
    private long _accepted;
    private long _repeated;
    private long _refused;
    private long _rejectedDataPoints;
    private long _rejectedSpans;
    private long _unspecifiedTemporality;

    private sealed class Arrived
    {
        public long Exports { get; set; }

        public long Records { get; set; }

        public DateTimeOffset LastAt { get; set; }
    }

    public DateTimeOffset StartedAt { get; } = DateTimeOffset.UtcNow;

    /// <param name="client">Who sent it; remembered where there is something to remark.</param>
    public void Accept(string path, string client, ExportEncoding encoding, in ExportResult result, int unspecifiedTemporality, bool isRepeat)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        lock (_lock)
        {
            _accepted++;
            _repeated += isRepeat ? 1 : 0;
            _rejectedDataPoints += result.RejectedDataPoints;
            _rejectedSpans += result.RejectedSpans;
            _unspecifiedTemporality += isRepeat ? 0 : unspecifiedTemporality;
            foreach (Signal signal in AllSignals)
            {
                // What it holds counts, and not where it was sent; one that holds nothing is an export of its path's signal.
                int records = result.Of(signal);
                if (records > 0 || (signal == result.Signal && result is { DataPoints: 0, LogRecords: 0, Spans: 0 }))
                {
                    if (!_arrivals.TryGetValue((signal, encoding), out Arrived? arrived))
                    {
                        _arrivals[(signal, encoding)] = arrived = new Arrived();
                    }

                    (arrived.Exports, arrived.Records, arrived.LastAt) = (arrived.Exports + 1, arrived.Records + records, now);
                }
            }

            if (result.Remark is { } remark)
            {
                Add(path, StatusCodes.Status200OK, remark, client);
            }
        }
    }

    public void Refuse(string path, int status, string reason, string client)
    {
        lock (_lock)
        {
            _refused++;
            Add(path, status, reason, client);
        }
    }

    /// <summary>The counts, what arrived of each signal, and the refusals, the newest first.</summary>
    public (IngestCounts Counts, IReadOnlyList<Arrivals> Arrivals, IReadOnlyList<Refusal> Refusals) Read()
    {
        lock (_lock)
        {
            return (
                new IngestCounts(_accepted, _repeated, _refused, _rejectedDataPoints, _rejectedSpans, _unspecifiedTemporality),
                [.. _arrivals.Select(a => new Arrivals(Signals.NameOf(a.Key.Signal), NameOf(a.Key.Encoding), a.Value.Exports, a.Value.Records, a.Value.LastAt))],
                [.. _refusals.Reverse()]);
        }
    }

    private void Add(string path, int status, string reason, string client)
    {
        var refusal = new Refusal(DateTimeOffset.UtcNow, Short(path), status, Short(reason), Short(client), 1);
        for (LinkedListNode<Refusal>? node = _refusals.Last; node is not null; node = node.Previous)
        {
            if (IsSame(node.Value, refusal))
            {
                refusal = refusal with { Times = node.Value.Times + 1 };
                _refusals.Remove(node);
                break;
            }
        }

        if (_refusals.Count == Limits.RefusalsKeptMax)
        {
            _refusals.RemoveFirst();
        }

        _refusals.AddLast(refusal);
    }

    // Whenever it was. Compared by its parts: copies of those that are kept would be a hundred objects for each bad export.
    private static bool IsSame(Refusal one, Refusal other) =>
        (one.Path, one.Status, one.Reason, one.Client) == (other.Path, other.Status, other.Reason, other.Client);

    private static string NameOf(ExportEncoding encoding) => encoding switch
    {
        ExportEncoding.Json => "http/json",
        ExportEncoding.Protobuf => "http/protobuf",
        _ => "grpc",
    };

    // Never with a half of a character of two.
    private static string Short(string text)
    {
        const int max = Limits.RefusalCharactersMax;
        return text.Length <= max ? text : text[..(char.IsHighSurrogate(text[max - 1]) ? max - 1 : max)] + "…";
    }
}
