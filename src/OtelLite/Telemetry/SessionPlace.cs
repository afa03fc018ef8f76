namespace OtelLite.Telemetry;

/// <summary>Where a session is at work, as Claude Code tells it beside its export. What is null was not told.</summary>
/// <param name="ToldUnixNano">When it was told; of what was told before, all that is told again is replaced.</param>
internal sealed record SessionPlace(string SessionId, long ToldUnixNano)
{
    /// <summary>Where the session was started.</summary>
    public string? Folder { get; init; }

    /// <summary>As owner/name.</summary>
    public string? Repository { get; init; }

    public string? Branch { get; init; }

    public string? PullRequest { get; init; }

    /// <summary>What the session is called.</summary>
    public string? Name { get; init; }

    /// <summary>The official limits, a JSON object, where they are a reading of their own.</summary>
    public string? Limits { get; init; }

    /// <summary>Who tells the limits.</summary>
    public string? Source { get; init; }
}
