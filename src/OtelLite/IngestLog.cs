namespace OtelLite;

/// <summary>An export that was not taken, or not whole; the same one after the other are told once, with how often.</summary>
internal sealed record Refusal(DateTimeOffset At, string Path, int Status, string Reason, long Times);

/// <summary>What became of the exports since the program started.</summary>
/// <param name="Accepted">Stored and acknowledged.</param>
/// <param name="Repeated">Of those, bodies that had been stored before and were not stored again.</param>
/// <param name="RejectedDataPoints">Points of accepted exports that were not stored; the refusals say why.</param>
internal sealed record IngestCounts(long Accepted, long Repeated, long Refused, long RejectedDataPoints);

/// <summary>
/// Why nothing arrives is the first question of a new user, and only the receiver knows: it keeps the last refusals with their reasons. In
/// memory, for this run: it is about now, and what a stranger sends must not fill the disk.
/// </summary>
internal sealed class IngestLog
{
    private readonly Lock _lock = new();

    // Guarded by _lock; the newest refusal is the last.
    private readonly LinkedList<Refusal> _refusals = [];
    private IngestCounts _counts = new(0, 0, 0, 0);

    public DateTimeOffset StartedAt { get; } = DateTimeOffset.UtcNow;

    public void Accept(string path, bool isRepeat, int rejectedDataPoints, string? because)
    {
        lock (_lock)
        {
            _counts = _counts with
            {
                Accepted = _counts.Accepted + 1,
                Repeated = _counts.Repeated + (isRepeat ? 1 : 0),
                RejectedDataPoints = _counts.RejectedDataPoints + rejectedDataPoints,
            };
            if (because is not null)
            {
                Add(path, StatusCodes.Status200OK, because);
            }
        }
    }

    public void Refuse(string path, int status, string reason)
    {
        lock (_lock)
        {
            _counts = _counts with { Refused = _counts.Refused + 1 };
            Add(path, status, reason);
        }
    }

    /// <summary>The counts, and the refusals, the newest first.</summary>
    public (IngestCounts Counts, IReadOnlyList<Refusal> Refusals) Read()
    {
        lock (_lock)
        {
            return (_counts, [.. _refusals.Reverse()]);
        }
    }

    private void Add(string path, int status, string reason)
    {
        path = Short(path);
        reason = Short(reason);
        long times = 1;
        if (_refusals.Last is { } last && (last.Value.Path, last.Value.Status, last.Value.Reason) == (path, status, reason))
        {
            times = last.Value.Times + 1;
            _refusals.RemoveLast();
        }
        else if (_refusals.Count == Limits.RefusalsKeptMax)
        {
            _refusals.RemoveFirst();
        }

        _refusals.AddLast(new Refusal(DateTimeOffset.UtcNow, path, status, reason, times));
    }

    private static string Short(string text) => text.Length <= Limits.RefusalCharactersMax ? text : text[..Limits.RefusalCharactersMax] + "…";
}
