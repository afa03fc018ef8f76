using System.Text.Json;
using System.Text.Json.Serialization;
using OtelLite.Query;

namespace OtelLite.Dashboard;

/// <summary>The answer of <c>/api/summary</c>, and each message of <c>/api/live</c>.</summary>
internal sealed record SummaryAnswer : UsageSummary
{
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public SummaryAnswer(UsageSummary figures, RequestedScope requested, DateTimeOffset? from, DateTimeOffset to)
        : base(figures)
    {
        From = from is { } f ? requested.Local(f) : null;
        To = requested.Local(to);
        Since = requested.Since;
        TimeZone = requested.TimeZone.Id;
        Scrape = requested.NewestScrape;
    }

    /// <summary>Null only when nothing is stored.</summary>
    [JsonPropertyOrder(-5)]
    public DateTimeOffset? From { get; }

    [JsonPropertyOrder(-4)]
    public DateTimeOffset To { get; }

    /// <summary>"scrape" or "midnight", when the request said since=scrape.</summary>
    [JsonPropertyOrder(-3)]
    public string? Since { get; }

    [JsonPropertyOrder(-2)]
    public string TimeZone { get; }

    /// <summary>The newest official reading, whatever the scope.</summary>
    [JsonPropertyOrder(-1)]
    public ScrapeReading? Scrape { get; }
}

/// <summary>The answer of <c>/api/timeseries</c>.</summary>
internal sealed record TimeseriesAnswer : UsageSeries
{
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public TimeseriesAnswer(UsageSeries series, RequestedSeries requested)
        : base(series)
    {
        From = requested.From;
        To = requested.To;
        TimeZone = requested.TimeZone;
        StepSeconds = requested.StepSeconds;
    }

    [JsonPropertyOrder(-4)]
    public DateTimeOffset From { get; }

    [JsonPropertyOrder(-3)]
    public DateTimeOffset To { get; }

    [JsonPropertyOrder(-2)]
    public string TimeZone { get; }

    [JsonPropertyOrder(-1)]
    public long StepSeconds { get; }
}

/// <summary>The answer of <c>/api/breakdown</c>.</summary>
/// <param name="Times">The buckets' starts in Unix seconds; each group has a value for each.</param>
internal sealed record BreakdownAnswer(
    DateTimeOffset From, DateTimeOffset To, string TimeZone, long StepSeconds, long[] Times, string Figure, string By, IReadOnlyList<BreakdownGroup> Groups,
    BreakdownRest? Other, double Total);

/// <summary>The answer of <c>/api/now</c>.</summary>
internal sealed record NowAnswer : NowFigures
{
    public NowAnswer(NowFigures figures, DateTimeOffset at, string timeZone)
        : base(figures)
    {
        At = at;
        TimeZone = timeZone;
    }

    /// <summary>When it was asked.</summary>
    [JsonPropertyOrder(-2)]
    public DateTimeOffset At { get; }

    [JsonPropertyOrder(-1)]
    public string TimeZone { get; }
}

/// <summary>The answer of <c>/api/tools</c>.</summary>
internal sealed record ToolsAnswer(DateTimeOffset? From, DateTimeOffset To, string TimeZone, IReadOnlyList<ToolFacts> Tools);

/// <summary>The answer of <c>/api/models</c>.</summary>
internal sealed record ModelsAnswer(DateTimeOffset? From, DateTimeOffset To, string TimeZone, IReadOnlyList<ModelFacts> Models);

internal sealed record ScrapesAnswer(IReadOnlyList<ScrapeReading> Scrapes);

/// <summary>What a scraper posts; everything is optional.</summary>
internal sealed record ScrapePost
{
    public string? ScrapedAt { get; init; }

    public string? Source { get; init; }

    public JsonElement? Limits { get; init; }
}

/// <param name="Bodies">Since the program started.</param>
/// <param name="Stored">In all.</param>
/// <param name="Refusals">The last ones, the newest first; status 200 is one that was taken in part.</param>
/// <param name="Checks">Of all sessions that are stored.</param>
/// <param name="Capture">What the export brought of what the imported transcripts know.</param>
internal sealed record IngestAnswer(
    DateTimeOffset StartedAt, IngestCounts Bodies, IReadOnlyList<Arrivals> Arrived, Stored Stored, IReadOnlyList<Refusal> Refusals, Checks Checks,
    DatabaseFile Database, RetentionAnswer Retention, Capture Capture, string? Trouble);

/// <summary>How long raw rows are kept; what they added stays counted.</summary>
/// <param name="Setting">Such as 90d; null: all are kept.</param>
/// <param name="RemovedBefore">Null while none was removed.</param>
internal sealed record RetentionAnswer(string? Setting, DateTimeOffset? RemovedBefore);

/// <summary>All that one event says, its attributes as they were sent.</summary>
internal sealed record EventAnswer(long Id, DateTimeOffset At, string? Name, string? SessionId, StoredJson Attributes)
{
    public static EventAnswer Of(StoredEvent stored) => new(stored.Id, stored.At, stored.Name, stored.SessionId, new StoredJson(stored.Attributes));
}

/// <summary>One JSON value as it is stored, which may be megabytes: it is answered as it is, for an element made of it would be as much again, and so would its text.</summary>
[JsonConverter(typeof(Written))]
internal readonly record struct StoredJson(ReadOnlyMemory<byte> Utf8)
{
    /// <summary>Writes the value if it is one, and fails if the file holds something else in its place.</summary>
    internal sealed class Written : JsonConverter<StoredJson>
    {
        public override StoredJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, StoredJson value, JsonSerializerOptions options)
        {
            var reader = new Utf8JsonReader(value.Utf8.Span, new JsonReaderOptions { MaxDepth = Limits.JsonDepthMax });
            while (reader.Read())
            {
            }

            // Looked at already, and to a greater depth than this would.
            writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
        }
    }
}

internal sealed record HealthAnswer(string Status, string Version, string? Reason = null);

internal sealed record SetupShell(string Name, string Text);

/// <summary>What to paste so that Claude Code exports here.</summary>
internal sealed record SetupAnswer(string Endpoint, IReadOnlyList<SetupShell> Shells);

/// <summary>RFC 9457.</summary>
internal sealed record Problem(string Type, string Title, int Status, string Detail);

/// <summary>An enum's name as JSON writes names.</summary>
internal sealed class CamelCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase)
    where T : struct, Enum;

// Described by its metadata, /openapi.json needs those of all; a second, faster way to write the same would be 0.1 MB of the file.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, GenerationMode = JsonSourceGenerationMode.Metadata, Converters = [typeof(CamelCaseEnum<SessionCheck>), typeof(CamelCaseEnum<Doing>)])]
[JsonSerializable(typeof(SummaryAnswer))]
[JsonSerializable(typeof(TimeseriesAnswer))]
[JsonSerializable(typeof(NowAnswer))]
[JsonSerializable(typeof(BreakdownAnswer))]
[JsonSerializable(typeof(Dimensions))]
[JsonSerializable(typeof(ToolsAnswer))]
[JsonSerializable(typeof(ModelsAnswer))]
[JsonSerializable(typeof(SessionList))]
[JsonSerializable(typeof(SessionDetails))]
[JsonSerializable(typeof(ScrapesAnswer))]
[JsonSerializable(typeof(ScrapeReading))]
[JsonSerializable(typeof(ScrapePost))]
[JsonSerializable(typeof(SessionPost))]
[JsonSerializable(typeof(StatusFigures))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(IngestAnswer))]
[JsonSerializable(typeof(SessionEvents))]
[JsonSerializable(typeof(EventAnswer))]
[JsonSerializable(typeof(SetupAnswer))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
internal sealed partial class ApiJson : JsonSerializerContext;
