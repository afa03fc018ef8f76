namespace OtelLite.Transcripts;

/// <summary>A billed request, as the lines of all transcripts together tell it.</summary>
internal sealed class TranscriptRequest
{
    public required string MessageId { get; init; }

    /// <summary>Null where the provider gives none.</summary>
    public required string? RequestId { get; init; }

    /// <summary>By which the ledger knows it.</summary>
    public string Id => RequestId ?? MessageId;

    /// <summary>The session that paid for it.</summary>
    public required string Session { get; set; }

    /// <summary>A copied line named the session that paid, so that nothing has to be concluded.</summary>
    public bool IsSessionTold { get; set; }

    /// <summary>It is certain which session paid, because a copy says so, or the lines of several sessions and when these began.</summary>
    public bool IsSettled { get; set; }

    /// <summary>Where that session's own line stands, or else a copy.</summary>
    public required TranscriptFile File { get; set; }

    /// <summary>True for a line of the session that paid, and not a copy of it.</summary>
    public bool IsOwnLine { get; set; }

    /// <summary>The time of its last line: the nearest to when it ended.</summary>
    public DateTimeOffset At { get; set; }

    public required string Model { get; init; }

    public long Input { get; set; }

    public long Output { get; set; }

    public long CacheRead { get; set; }

    public long CacheCreation { get; set; }

    /// <summary>Null where the client does not tell.</summary>
    public long? CacheCreation5m { get; set; }

    public long? CacheCreation1h { get; set; }

    public long WebSearches { get; set; }

    public long ThinkingTokens { get; set; }

    /// <summary>False while no line tells how the answer ended: its output is then what it began with, and too low.</summary>
    public bool HasEnded { get; set; }

    public string? PromptId { get; set; }

    public string? QuerySource { get; set; }

    public string? Version { get; set; }

    public string? Cwd { get; set; }

    /// <summary>Null where git has none.</summary>
    public string? GitBranch { get; set; }

    public string? AgentId { get; set; }

    public string? Agent { get; set; }

    public string? Skill { get; set; }

    public string? McpServer { get; set; }

    public string? McpTool { get; set; }

    public string? Effort { get; set; }

    public string? Speed { get; set; }

    public string? ServiceTier { get; set; }

    /// <summary>It is new, or more is known of it than was handed over.</summary>
    public bool IsChanged { get; set; } = true;

    /// <summary>It was handed over before, by this import or another one.</summary>
    public bool WasImported { get; set; }

    /// <summary>In nano-dollars, as it is handed over; null where its price is not known.</summary>
    public long? CostNanoUsd { get; set; }

    /// <summary>It was handed over without a price.</summary>
    public bool IsWithoutPrice { get; set; }
}

/// <summary>
/// All requests of all transcripts, each once: an answer has a line for each of its blocks, each with its whole usage, and a forked session begins with
/// copies of all lines of the one that it was forked from.
/// </summary>
internal sealed class TranscriptRequests
{
    // By both ids, of which neither has an end of line.
    private readonly Dictionary<string, TranscriptRequest> _requests = [];

    /// <summary>Those to import, in no order.</summary>
    public IEnumerable<TranscriptRequest> Asked => _requests.Values.Where(r => r.File.IsAsked);

    /// <summary>Lines that tell of an answer again, for its further blocks.</summary>
    public long FurtherLines { get; private set; }

    /// <summary>Lines of answers that another session paid for.</summary>
    public long CopiedLines { get; private set; }

    /// <summary>Lines that found no room any more.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Adds what an assistant's line with usage tells.</summary>
    public void Add(TranscriptFile file, TranscriptLine line)
    {
        string session = line.RequestSession ?? line.Session!;
        string id = $"{line.Id}\n{line.RequestId}";
        if (!_requests.TryGetValue(id, out TranscriptRequest? request))
        {
            if (_requests.Count >= Limits.TranscriptRequestsMax)
            {
                LeftOut++;
                return;
            }

            request = new TranscriptRequest { MessageId = line.Id!, RequestId = line.RequestId, Session = session, File = file, Model = line.Model! };
            _requests.Add(id, request);
            CopiedLines += session != line.Session ? 1 : 0;
            Describe(request, file, line);
        }
        else if (line.Session != request.Session || line.RequestSession is not null)
        {
            CopiedLines++;
            Settle(request, file, line, session);
        }
        else
        {
            FurtherLines += request.File == file ? 1 : 0;
            if (!request.IsOwnLine || request.File == file)
            {
                Describe(request, file, line);
            }
        }

        request.IsSessionTold |= line.RequestSession is not null;
        request.IsSettled |= request.IsSessionTold;
        Count(request, line);
    }

    // Of two sessions that have it, one paid. The newer clients' copies say which; with older ones it is the one that began first.
    private static void Settle(TranscriptRequest request, TranscriptFile file, TranscriptLine line, string session)
    {
        bool isOther = line.RequestSession is not null ? session != request.Session
            : !request.IsSessionTold && (file.FirstAt < request.File.FirstAt
                || (file.FirstAt == request.File.FirstAt && string.CompareOrdinal(line.Session, request.Session) < 0));

        // Two forks of a session that is not there have both copied it, and where both begin with it, nothing tells which one did.
        DateTimeOffset began = file.FirstAt < request.File.FirstAt ? file.FirstAt : request.File.FirstAt;
        request.IsSettled |= file.FirstAt != request.File.FirstAt && began <= line.At;
        if (isOther)
        {
            request.Session = session;
            request.IsChanged = true;
            request.IsOwnLine = false;
            Describe(request, file, line);
        }
    }

    // What the line of the session that paid says beside the numbers; a copy may stand under another prompt.
    private static void Describe(TranscriptRequest request, TranscriptFile file, TranscriptLine line)
    {
        request.IsOwnLine = line.RequestSession is null && line.Session == request.Session;
        request.File = file;
        request.PromptId = request.IsOwnLine ? file.PromptId : null;
        request.QuerySource = line.RequestRef is not null && file.Asked.Id == line.RequestRef ? file.Asked.Source : request.QuerySource;
        request.Version = line.Version;
        request.Cwd = line.Cwd;
        // What the client writes outside of git, and for no branch.
        request.GitBranch = line.GitBranch is "HEAD" or "" ? null : line.GitBranch;
        request.AgentId = line.AgentId;
        request.Agent = line.Agent;
        request.Skill = line.Skill;
        request.McpServer = line.McpServer;
        request.McpTool = line.McpTool;
        request.Effort = line.Effort;
        request.Speed = line.Speed;
        request.ServiceTier = line.ServiceTier;
    }

    // The largest values: older clients write an answer's first line before its usage is known.
    private static void Count(TranscriptRequest request, TranscriptLine line)
    {
        request.At = line.At!.Value > request.At ? line.At.Value : request.At;
        request.IsChanged |= line.Output > request.Output;
        request.Input = Math.Max(request.Input, line.Input);
        request.Output = Math.Max(request.Output, line.Output);
        request.CacheRead = Math.Max(request.CacheRead, line.CacheRead);
        request.CacheCreation = Math.Max(request.CacheCreation, line.CacheCreation);
        request.CacheCreation5m = line.CacheCreation5m is { } minutes ? Math.Max(request.CacheCreation5m ?? 0, minutes) : request.CacheCreation5m;
        request.CacheCreation1h = line.CacheCreation1h is { } hours ? Math.Max(request.CacheCreation1h ?? 0, hours) : request.CacheCreation1h;
        request.WebSearches = Math.Max(request.WebSearches, line.WebSearches);
        request.ThinkingTokens = Math.Max(request.ThinkingTokens, line.ThinkingTokens);
        request.HasEnded |= line.HasEnded;
    }
}
