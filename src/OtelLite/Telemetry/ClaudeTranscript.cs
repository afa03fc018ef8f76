namespace OtelLite.Telemetry;

/// <summary>The lines of a transcript that an import looks at.</summary>
internal enum TranscriptLineType : byte
{
    Other,
    User,
    Assistant,
    CostState,
    ApiRequest,
}

/// <summary>The keys of those lines, of all their levels, that an import looks at.</summary>
internal enum TranscriptKey : byte
{
    Other,
    Type,
    Timestamp,
    SessionId,
    RequestSessionId,
    RequestId,
    RequestRef,
    PromptId,
    Version,
    Cwd,
    GitBranch,
    AgentId,
    Effort,
    QuerySource,
    AttributionAgent,
    AttributionSkill,
    AttributionMcpServer,
    AttributionMcpTool,
    Message,
    Id,
    Model,
    StopReason,
    Usage,
    InputTokens,
    OutputTokens,
    CacheReadTokens,
    CacheCreationTokens,
    CacheCreation,
    CacheCreation5mTokens,
    CacheCreation1hTokens,
    ServerToolUse,
    WebSearches,
    OutputDetails,
    ThinkingTokens,
    ServiceTier,
    Speed,
    ModelUsage,
    TotalInput,
    TotalOutput,
    TotalCacheRead,
    TotalCacheCreation,
    TotalCacheCreation5m,
    TotalCacheCreation1h,
    TotalWebSearches,
    TotalCost,
}

/// <summary>
/// Claude Code's own names in its transcripts, verbatim (seen in 2.0.60 to 2.1.330). Their format is nobody's promise: what is not known is passed over.
/// </summary>
internal static class ClaudeTranscript
{
    /// <summary>The folder of all transcripts, within that of the settings.</summary>
    public const string Folder = "projects";

    /// <summary>How the name of a transcript ends.</summary>
    public const string Extension = ".jsonl";

    /// <summary>What the client's exports come from; an import speaks for it.</summary>
    public const string ClientName = "claude-code";

    public static readonly Utf8Names<TranscriptLineType> LineTypes = new(
        ("user", TranscriptLineType.User),
        ("assistant", TranscriptLineType.Assistant),
        ("cost-state", TranscriptLineType.CostState),
        ("api-request", TranscriptLineType.ApiRequest));

    public static readonly Utf8Names<TranscriptKey> Keys = new(
        ("type", TranscriptKey.Type),
        ("timestamp", TranscriptKey.Timestamp),
        ("sessionId", TranscriptKey.SessionId),
        ("requestSessionId", TranscriptKey.RequestSessionId),
        ("requestId", TranscriptKey.RequestId),
        ("requestRef", TranscriptKey.RequestRef),
        ("promptId", TranscriptKey.PromptId),
        ("version", TranscriptKey.Version),
        ("cwd", TranscriptKey.Cwd),
        ("gitBranch", TranscriptKey.GitBranch),
        ("agentId", TranscriptKey.AgentId),
        ("effort", TranscriptKey.Effort),
        ("querySource", TranscriptKey.QuerySource),
        ("attributionAgent", TranscriptKey.AttributionAgent),
        ("attributionSkill", TranscriptKey.AttributionSkill),
        ("attributionMcpServer", TranscriptKey.AttributionMcpServer),
        ("attributionMcpTool", TranscriptKey.AttributionMcpTool),
        ("message", TranscriptKey.Message),
        ("id", TranscriptKey.Id),
        ("model", TranscriptKey.Model),
        ("stop_reason", TranscriptKey.StopReason),
        ("usage", TranscriptKey.Usage),
        ("input_tokens", TranscriptKey.InputTokens),
        ("output_tokens", TranscriptKey.OutputTokens),
        ("cache_read_input_tokens", TranscriptKey.CacheReadTokens),
        ("cache_creation_input_tokens", TranscriptKey.CacheCreationTokens),
        ("cache_creation", TranscriptKey.CacheCreation),
        ("ephemeral_5m_input_tokens", TranscriptKey.CacheCreation5mTokens),
        ("ephemeral_1h_input_tokens", TranscriptKey.CacheCreation1hTokens),
        ("server_tool_use", TranscriptKey.ServerToolUse),
        ("web_search_requests", TranscriptKey.WebSearches),
        ("output_tokens_details", TranscriptKey.OutputDetails),
        ("thinking_tokens", TranscriptKey.ThinkingTokens),
        ("service_tier", TranscriptKey.ServiceTier),
        ("speed", TranscriptKey.Speed),
        ("modelUsage", TranscriptKey.ModelUsage),
        ("inputTokens", TranscriptKey.TotalInput),
        ("outputTokens", TranscriptKey.TotalOutput),
        ("cacheReadInputTokens", TranscriptKey.TotalCacheRead),
        ("cacheCreationInputTokens", TranscriptKey.TotalCacheCreation),
        ("cacheCreationEphemeral5mInputTokens", TranscriptKey.TotalCacheCreation5m),
        ("cacheCreationEphemeral1hInputTokens", TranscriptKey.TotalCacheCreation1h),
        ("webSearchRequests", TranscriptKey.TotalWebSearches),
        ("costUSD", TranscriptKey.TotalCost));

    /// <summary>The model of a text that no model wrote: an API error.</summary>
    public const string SyntheticModel = "<synthetic>";

    /// <summary>How fast an answer is at the usual price.</summary>
    public const string UsualSpeed = "standard";

    /// <summary>
    /// Whether a line may be one of those: by its bytes alone, because a transcript is nearly all prompts, results and snapshots. Within a text the
    /// quotes would be escaped, so that none is missed.
    /// </summary>
    public static bool MayMatter(ReadOnlySpan<byte> line) =>
        line.IndexOf("\"type\":\"assistant\""u8) >= 0 || line.IndexOf("\"promptId\":\""u8) >= 0
        || line.IndexOf("\"type\":\"api-request\""u8) >= 0 || line.IndexOf("\"type\":\"cost-state\""u8) >= 0;
}
