using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>How a stored value is told.</summary>
internal enum Told
{
    AsItIs,

    /// <summary>Nanoseconds since 1970, in RFC 3339; 0 is none.</summary>
    Time,

    /// <summary>Nano-dollars, in dollars, exactly.</summary>
    Dollars,

    /// <summary>JSON.</summary>
    Json,

    /// <summary>0 or 1.</summary>
    Flag,
}

/// <summary>A column of an export: its name, the SQL that gives it, and how it is told.</summary>
internal sealed record ExportedColumn(string Name, string Sql, Told Told = Told.AsItIs);

/// <summary>One list that can be exported.</summary>
/// <param name="Does">For the help.</param>
/// <param name="From">Of which table or tables.</param>
/// <param name="First">When a row happened, in nanoseconds since 1970; of what lasts, when it began.</param>
/// <param name="Last">When it ended; the same for what does not last.</param>
/// <param name="Order">An order that an index has, so that no row waits for another.</param>
internal sealed record Exported(string Name, string Does, string From, string First, string Last, string Order, IReadOnlyList<ExportedColumn> Columns)
{
    private const string SpanTime = "iif(start_time_unix_nano <> 0, start_time_unix_nano, iif(end_time_unix_nano <> 0, end_time_unix_nano, unixepoch(received_at) * 1000000000))";

    private static readonly ExportedColumn Resource =
        new("resource", "(SELECT r.attributes FROM otel_resource r WHERE r.id = resource_id)", Told.Json);

    private static readonly ExportedColumn ReceivedAt = new("received_at", "unixepoch(received_at) * 1000000000", Told.Time);
    private static readonly ExportedColumn Attributes = new("attributes", "attributes", Told.Json);
    private static readonly ExportedColumn Session = new("session_id", "(SELECT s.session_id FROM usage_session s WHERE s.id = session)");
    private static readonly ExportedColumn Time = new("time", "time_unix_nano", Told.Time);

    public static IReadOnlyList<Exported> All { get; } =
    [
        new("metrics", "data points as they came", "otel_metrics", "time_unix_nano", "time_unix_nano", "id",
        [
            As("id"), Time, new("start_time", "start_time_unix_nano", Told.Time), ReceivedAt, As("metric_name"), As("value"), As("unit"), As("session_id"), As("kind"),
            As("temporality"), As("sent_value"), Attributes, new("shape", "shape", Told.Json), new("exemplars", "exemplars", Told.Json), Resource,
        ]),
        new("events", "log records as they came", "otel_events", Happened.Event, Happened.Event, "id",
        [
            As("id"), new("time", Happened.Event, Told.Time), ReceivedAt, As("event_name"), As("session_id"), As("prompt_id"), As("severity_text"),
            new("body", "body", Told.Json), As("trace_id"), As("span_id"), Attributes, Resource,
        ]),
        new("spans", "spans as they came", "otel_spans", SpanTime, SpanTime, "id",
        [
            As("id"), new("start_time", "start_time_unix_nano", Told.Time), new("end_time", "end_time_unix_nano", Told.Time), ReceivedAt, As("name"), As("session_id"),
            As("trace_id"), As("span_id"), As("parent_span_id"), As("status_code"), As("status_message"), Attributes,
            new("events", "events", Told.Json), new("links", "links", Told.Json), Resource,
        ]),
        new("requests", "billed requests, each once", "usage_request", "time_unix_nano", "time_unix_nano", "time_unix_nano",
        [
            Time, Session, Named("model"), As("input"), As("output"), As("cache_read"), As("cache_creation"), new("cost", "cost_nano_usd", Told.Dollars), As("duration_ms"),
            As("ttft_ms"), Named("source", "query_source"), As("request_id"), As("prompt_id"), Named("agent"), Named("skill"), Named("mcp_server"), Named("mcp_tool"),
            new("told_by", "CASE told_by WHEN 1 THEN 'event' WHEN 2 THEN 'span' ELSE 'transcript' END"),
            new("cost_is", "CASE cost_kind WHEN 0 THEN 'reported' WHEN 1 THEN 'derived' ELSE 'unknown' END"), new("output_too_low", "output_is_low", Told.Flag),
        ]),
        new("tools", "results of tool calls", "usage_tool", "time_unix_nano", "time_unix_nano", "time_unix_nano",
        [
            Time, Session, Named("tool"), new("succeeded", "succeeded", Told.Flag), As("duration_ms"), Named("error_type"), Named("model"), As("input_bytes"), As("result_bytes"),
            As("request_id"), As("prompt_id"),
        ]),
        new("decisions", "decisions on tool calls", "usage_decision", "time_unix_nano", "time_unix_nano", "time_unix_nano",
            [Time, Session, Named("tool"), new("accepted", "accepted", Told.Flag), Named("source"), Named("model"), As("request_id")]),
        new("prompts", "prompts", "usage_prompt", "time_unix_nano", "time_unix_nano", "id",
        [
            Time, Session, As("prompt_id"), new("kind", "CASE kind WHEN 1 THEN 'human' WHEN 2 THEN 'command' ELSE 'background' END"), Named("command"),
        ]),
        new("sessions", "sessions that did something", "usage_session", "iif(did_something, first_unix_nano, NULL)", "last_unix_nano", "first_unix_nano",
        [
            As("session_id"), new("first", "first_unix_nano", Told.Time), new("last", "last_unix_nano", Told.Time), As("project"), As("repository"), As("branch"), As("folder"), As("session_name"), As("machine"), As("input"), As("output"),
            As("cache_read"), As("cache_creation"), new("cost", "cost_nano_usd", Told.Dollars), As("api_requests"), As("api_errors"), As("prompts"), As("tool_calls"),
        ]),
        new("scrapes", "official readings", "scrape", "scraped_at_unix_nano", "scraped_at_unix_nano", "scraped_at_unix_nano",
        [
            new("scraped_at", "scraped_at_unix_nano", Told.Time), new("received_at", "received_unix_nano", Told.Time), As("source"), new("limits", "limits", Told.Json),
        ]),
    ];

    /// <summary>All rows of it; <c>$from</c> and <c>$until</c> bound the range, and what lasts is in it when a part of it is.</summary>
    public string Sql => $"SELECT {string.Join(", ", Columns.Select(c => c.Sql))} FROM {From} WHERE {Last} >= $from AND {First} < $until ORDER BY {Order}";

    private static ExportedColumn As(string column) => new(column, column);

    private static ExportedColumn Named(string column) => Named(column, column);

    private static ExportedColumn Named(string column, string of) => new(column, $"(SELECT n.name FROM usage_name n WHERE n.id = {of})");
}
