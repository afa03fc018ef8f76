namespace OtelLite.Query;

/// <summary>What a list of sessions is sorted by; what is equal is sorted by the id, ascending.</summary>
internal enum SessionSort
{
    Seen,
    Started,
    Duration,
    Cost,
    Tokens,
    Output,
    Input,
    Requests,
    Errors,
    Prompts,
    Id,
}

/// <summary>Which sessions of a scope are listed, and in which order.</summary>
internal sealed record SessionsAsked
{
    public SessionSort Sort { get; init; }

    public bool Ascending { get; init; }

    /// <summary>How many of the first are left out.</summary>
    public long Offset { get; init; }

    public int Limit { get; init; } = 100;

    /// <summary>Part of the id, name, project, repository, branch, machine, a model or a value of the resource, whatever the case of its letters; empty: any.</summary>
    public string Text { get; init; } = "";

    /// <summary>Only those of which something arrived just now.</summary>
    public bool Active { get; init; }

    /// <summary>Only those that cost as much within the scope; null: any.</summary>
    public long? MinCostNanoUsd { get; init; }
}
