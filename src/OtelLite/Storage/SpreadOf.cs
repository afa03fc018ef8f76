namespace OtelLite.Storage;

/// <summary>Numbers in a table of which percentiles are told, by what they are told apart by.</summary>
/// <param name="Number">In usage_spread.</param>
/// <param name="Rows">The table, each row with a time.</param>
/// <param name="Index">By key, number and time.</param>
internal sealed record SpreadOf(long Number, string Rows, string Key, string Column, string Index)
{
    public static readonly SpreadOf ToolDurations = new(1, "usage_tool", "tool", "duration_ms", "usage_tool_duration");
    public static readonly SpreadOf ToolResults = new(2, "usage_tool", "tool", "result_bytes", "usage_tool_result");
    public static readonly SpreadOf RequestDurations = new(3, "usage_request", "model", "duration_ms", "usage_request_duration");
    public static readonly SpreadOf RequestTtft = new(4, "usage_request", "model", "ttft_ms", "usage_request_ttft");

    public static readonly IReadOnlyList<SpreadOf> All = [ToolDurations, ToolResults, RequestDurations, RequestTtft];

    /// <summary>The smallest step by which these are counted, six hours: what is left at the ends of a range is few numbers.</summary>
    public const long StepMin = 24;

    /// <summary>Of the steps of sums, those by which these are counted.</summary>
    public static readonly long[] Steps = [.. SumTable.Steps.Where(step => step >= StepMin)];
}
