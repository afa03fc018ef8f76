namespace OtelLite.Telemetry;

/// <summary>The metrics that counting knows.</summary>
internal enum MetricName : byte
{
    Other,
    SessionCount,
    TokenUsage,
    CostUsage,
    LinesOfCode,
    Commit,
    PullRequest,
    CodeEditDecision,
    ActiveTime,
}

/// <summary>The events that counting knows.</summary>
internal enum EventName : byte
{
    Other,
    UserPrompt,
    ApiRequest,
    ApiError,
    ToolResult,
    ToolDecision,

    /// <summary>Not the client's own: a request as its transcript tells it, which <c>otellite import</c> sends.</summary>
    TranscriptRequest,
}

/// <summary>The spans that counting knows.</summary>
internal enum SpanName : byte
{
    Other,
    LlmRequest,
}

/// <summary>On whose behalf a request was made, in the three kinds that the metrics tell apart. The numbers are stored.</summary>
internal enum QueryOrigin : byte
{
    /// <summary>The client does not tell.</summary>
    Unknown = 0,
    Main = 1,
    Subagent = 2,

    /// <summary>Claude Code's own: titles, summaries, checks.</summary>
    Auxiliary = 3,
}

/// <summary>The attributes that counting knows.</summary>
internal enum AttributeName : byte
{
    Other,
    SessionId,
    PromptId,
    EventName,
    Type,
    Model,
    InputTokens,
    OutputTokens,
    CacheReadTokens,
    CacheCreationTokens,
    CostUsd,
    DurationMs,
    TtftMs,
    RequestId,
    QuerySource,
    ToolName,
    Success,
    Decision,
    RepositoryName,
    HostName,
    UserId,
    EventSequence,
    CacheCreation5mTokens,
    CacheCreation1hTokens,
    CostUsdMicros,
    AgentName,
    SkillName,
    McpServerName,
    McpToolName,
    CommandName,
    Prompt,
    QuerySourceSafe,
    ToolUseId,
    DecisionSource,
    ErrorType,
    ToolInputBytes,
    ToolResultBytes,
    MessageId,
    Cwd,
    HeadName,

    /// <summary>Not the client's own, as those that follow: what an import says of how it came to its numbers.</summary>
    OutputIsLow,
    SessionIsSettled,
    CostIsDerived,
    CostIsUnknown,

    /// <summary>Not the client's own either: the name of the token that brought an export.</summary>
    TokenName,
}

/// <summary>
/// Claude Code's own names, verbatim, and nowhere else in the program (seen in 1.0.60 to 2.1.330). Another agent is another
/// file beside this one.
/// </summary>
internal static class ClaudeCode
{
    public static readonly Utf8Names<MetricName> Metrics = new(
        ("claude_code.session.count", MetricName.SessionCount),
        ("claude_code.token.usage", MetricName.TokenUsage),
        ("claude_code.cost.usage", MetricName.CostUsage),
        ("claude_code.lines_of_code.count", MetricName.LinesOfCode),
        ("claude_code.commit.count", MetricName.Commit),
        ("claude_code.pull_request.count", MetricName.PullRequest),
        ("claude_code.code_edit_tool.decision", MetricName.CodeEditDecision),
        ("claude_code.active_time.total", MetricName.ActiveTime));

    public static readonly Utf8Names<EventName> Events = new(
        ("user_prompt", EventName.UserPrompt),
        ("api_request", EventName.ApiRequest),
        ("api_error", EventName.ApiError),
        ("tool_result", EventName.ToolResult),
        ("tool_decision", EventName.ToolDecision),
        ("transcript_request", EventName.TranscriptRequest));

    public static readonly Utf8Names<AttributeName> Attributes = new(
        ("session.id", AttributeName.SessionId),
        ("prompt.id", AttributeName.PromptId),
        ("event.name", AttributeName.EventName),
        ("type", AttributeName.Type),
        ("model", AttributeName.Model),
        ("input_tokens", AttributeName.InputTokens),
        ("output_tokens", AttributeName.OutputTokens),
        ("cache_read_tokens", AttributeName.CacheReadTokens),
        ("cache_creation_tokens", AttributeName.CacheCreationTokens),
        ("cost_usd", AttributeName.CostUsd),
        ("duration_ms", AttributeName.DurationMs),
        ("ttft_ms", AttributeName.TtftMs),
        ("request_id", AttributeName.RequestId),
        ("query_source", AttributeName.QuerySource),
        ("tool_name", AttributeName.ToolName),
        ("success", AttributeName.Success),
        ("decision", AttributeName.Decision),
        ("vcs.repository.name", AttributeName.RepositoryName),
        ("host.name", AttributeName.HostName),
        ("user.id", AttributeName.UserId),
        ("event.sequence", AttributeName.EventSequence),
        ("cache_creation_5m_tokens", AttributeName.CacheCreation5mTokens),
        ("cache_creation_1h_tokens", AttributeName.CacheCreation1hTokens),
        ("cost_usd_micros", AttributeName.CostUsdMicros),
        ("agent.name", AttributeName.AgentName),
        ("skill.name", AttributeName.SkillName),
        ("mcp_server.name", AttributeName.McpServerName),
        ("mcp_tool.name", AttributeName.McpToolName),
        ("command_name", AttributeName.CommandName),
        ("prompt", AttributeName.Prompt),
        ("query_source_safe", AttributeName.QuerySourceSafe),
        ("tool_use_id", AttributeName.ToolUseId),
        ("source", AttributeName.DecisionSource),
        ("error_type", AttributeName.ErrorType),
        ("tool_input_size_bytes", AttributeName.ToolInputBytes),
        ("tool_result_size_bytes", AttributeName.ToolResultBytes),
        ("message.id", AttributeName.MessageId),
        ("cwd", AttributeName.Cwd),
        ("vcs.ref.head.name", AttributeName.HeadName),
        ("output_tokens_too_low", AttributeName.OutputIsLow),
        ("session_settled", AttributeName.SessionIsSettled),
        ("cost_usd_derived", AttributeName.CostIsDerived),
        ("cost_usd_unknown", AttributeName.CostIsUnknown),
        ("otellite.token", AttributeName.TokenName));

    public static readonly Utf8Names<SpanName> Spans = new(
        ("claude_code.llm_request", SpanName.LlmRequest));

    /// <summary>True for what figures can't be counted without, or not once.</summary>
    public static bool IsCounted(AttributeName name) => IsIdentity(name) || name is AttributeName.EventName or AttributeName.Model or AttributeName.Type or AttributeName.InputTokens
        or AttributeName.OutputTokens or AttributeName.CacheReadTokens or AttributeName.CacheCreationTokens or AttributeName.CacheCreation5mTokens
        or AttributeName.CacheCreation1hTokens or AttributeName.CostUsd or AttributeName.CostUsdMicros or AttributeName.DurationMs or AttributeName.TtftMs
        or AttributeName.QuerySource or AttributeName.QuerySourceSafe or AttributeName.Success or AttributeName.Decision or AttributeName.DecisionSource
        or AttributeName.EventSequence or AttributeName.ToolInputBytes or AttributeName.ToolResultBytes or AttributeName.OutputIsLow
        or AttributeName.SessionIsSettled or AttributeName.CostIsDerived or AttributeName.CostIsUnknown or AttributeName.TokenName;

    /// <summary>True for what tells one thing from another and has no meaning beside that: any other text that is as unlike does as well.</summary>
    public static bool IsIdentity(AttributeName name) => name is AttributeName.SessionId or AttributeName.RequestId or AttributeName.MessageId;

    /// <summary>What the metrics' <c>query_source</c> says of a request of Claude Code's own; not each of them has an event.</summary>
    public static ReadOnlySpan<byte> AuxiliarySource => "auxiliary"u8;

    /// <summary>From the <c>query_source</c> of an event, which names the very purpose, to what the metrics call it: the summary for
    /// <c>/compact</c> is auxiliary there.</summary>
    public static QueryOrigin OriginOf(ReadOnlySpan<byte> eventSource) =>
        eventSource.IsEmpty ? QueryOrigin.Unknown
        : eventSource.StartsWith("repl_main_thread"u8) || eventSource.SequenceEqual("sdk"u8) ? QueryOrigin.Main
        : eventSource.StartsWith("agent:"u8) || eventSource.StartsWith("agent."u8) ? QueryOrigin.Subagent
        : QueryOrigin.Auxiliary;

    /// <summary>How the text of a prompt begins that no person wrote: a background agent's result.</summary>
    public static ReadOnlySpan<byte> TaskNotification => "<task-notification>"u8;

    /// <summary>The body of an event is its full name; <c>otel_events.event_name</c> is what follows this.</summary>
    public static ReadOnlySpan<byte> EventPrefix => "claude_code."u8;
}
