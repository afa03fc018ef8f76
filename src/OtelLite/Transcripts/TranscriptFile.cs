namespace OtelLite.Transcripts;

/// <summary>A transcript, how far it was read, and what of it is needed to understand the lines to come. The client only ever appends.</summary>
internal sealed class TranscriptFile(string path, bool isAsked)
{
    public string Path => path;

    /// <summary>False for one that is only read to tell which of two sessions paid for a request.</summary>
    public bool IsAsked => isAsked;

    /// <summary>Where the first line begins that was not read yet.</summary>
    public long Offset { get; set; }

    /// <summary>The time of its first line that has one.</summary>
    public DateTimeOffset FirstAt { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>Of the last user's line: what the answers after it are to.</summary>
    public string? PromptId { get; set; }

    /// <summary>The last request that was noted, and what it was for.</summary>
    public (string? Id, string? Source) Asked { get; set; }

    /// <summary>The running totals, as they were told last.</summary>
    public Dictionary<string, ModelTotal> Totals { get; } = [];

    /// <summary>Lines that are no JSON, and lines past <see cref="Limits.TranscriptLineBytesMax"/>.</summary>
    public long BrokenLines { get; set; }

    public long LongLines { get; set; }

    /// <summary>Lines of requests with a time that can't be.</summary>
    public long OddTimes { get; set; }
}
