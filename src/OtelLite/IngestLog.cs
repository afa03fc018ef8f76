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
internal readonly record struct IngestCounts(long Accepted, long Repeated, long Refused, long RejectedDataPoints, long RejectedSpans, long UnspecifiedTemporality);

/// <summary>What arrived of one signal in one encoding.</summary>
internal readonly record struct Arrivals(string Signal, string Encoding, long Exports, long Records, DateTimeOffset LastAt);

/// <summary>
/// Why nothing arrives is the first question of a new user, and only the receiver knows: it keeps the last refusals with their reasons. In
/// memory, for this run: it is about now, and what a stranger sends must not fill the disk.
/// </summary>
internal sealed class IngestLog
{
    private static readonly Signal[] _signals = Enum.GetValues<Signal>();

    private readonly Lock _lock = new();

    // Guarded by _lock; the newest refusal is the last.
    private readonly LinkedList<Refusal> _refusals = [];
    private readonly SortedDictionary<(Signal, ExportEncoding), Arrivals> _arrivals = [];
    private IngestCounts _counts = new(0, 0, 0, 0, 0, 0);

    public DateTimeOffset StartedAt { get; } = DateTimeOffset.UtcNow;

    /// <param name="client">Who sent it; remembered where there is something to remark.</param>
    public void Accept(string path, string client, ExportEncoding encoding, in ExportResult result, int unspecifiedTemporality, bool isRepeat)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        lock (_lock)
        {
            _counts = _counts with
            {
                Accepted = _counts.Accepted + 1,
                Repeated = _counts.Repeated + (isRepeat ? 1 : 0),
                RejectedDataPoints = _counts.RejectedDataPoints + result.RejectedDataPoints,
                RejectedSpans = _counts.RejectedSpans + result.RejectedSpans,
                UnspecifiedTemporality = _counts.UnspecifiedTemporality + (isRepeat ? 0 : unspecifiedTemporality),
            };
            foreach (Signal signal in _signals)
            {
                // What it holds counts, and not where it was sent; one that holds nothing is an export of its path's signal.
                int records = result.Of(signal);
                if (records > 0 || (signal == result.Signal && result is { DataPoints: 0, LogRecords: 0, Spans: 0 }))
                {
                    Arrivals before = _arrivals.TryGetValue((signal, encoding), out Arrivals known) ? known : new Arrivals(Signals.NameOf(signal), NameOf(encoding), 0, 0, now);
                    _arrivals[(signal, encoding)] = before with { Exports = before.Exports + 1, Records = before.Records + records, LastAt = now };
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
            _counts = _counts with { Refused = _counts.Refused + 1 };
            Add(path, status, reason, client);
        }
    }

    /// <summary>The counts, what arrived of each signal, and the refusals, the newest first.</summary>
    public (IngestCounts Counts, IReadOnlyList<Arrivals> Arrivals, IReadOnlyList<Refusal> Refusals) Read()
    {
        lock (_lock)
        {
            return (_counts, [.. _arrivals.Values], [.. _refusals.Reverse()]);
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
