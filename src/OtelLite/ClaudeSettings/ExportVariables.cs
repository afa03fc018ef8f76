namespace OtelLite.ClaudeSettings;

/// <summary>The variables that make Claude Code export to one place, and those that lead it astray.</summary>
internal static class ExportVariables
{
    public const string Switch = "CLAUDE_CODE_ENABLE_TELEMETRY";
    public const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    public const string Headers = "OTEL_EXPORTER_OTLP_HEADERS";
    public const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    /// <summary>Traces are sent only when this is on too.</summary>
    public const string Traces = "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA";

    // Claude Code's defaults are 60 s for metrics and 5 s for logs; a live page should not have to wait for them.
    private const int MetricIntervalMs = 5000;
    private const int LogsIntervalMs = 2000;

    private const string MetricInterval = "OTEL_METRIC_EXPORT_INTERVAL";
    private const string LogsInterval = "OTEL_LOGS_EXPORT_INTERVAL";
    private const string Repository = "OTEL_METRICS_INCLUDE_REPOSITORY";
    private const string Host = "OTEL_RESOURCE_INCLUDE_HOST";

    /// <summary>All that must be set, in the order in which a person reads them.</summary>
    /// <param name="endpoint">Scheme, host and port; Claude Code appends the path of each signal.</param>
    public static IReadOnlyList<(string Name, string Value)> For(string endpoint, string token) =>
    [
        (Switch, "1"),
        (Exporter("metrics"), "otlp"),
        (Exporter("logs"), "otlp"),
        (Protocol, "http/json"),
        (Endpoint, endpoint),
        (Headers, $"Authorization=Bearer {token}"),
        (MetricInterval, $"{MetricIntervalMs}"),
        (LogsInterval, $"{LogsIntervalMs}"),
        // Without these two no figure can be split by project and by machine.
        (Repository, "true"),
        (Host, "1"),
    ];

    /// <summary>Those of one signal alone, which win over the one for all: that signal then goes elsewhere, unseen.</summary>
    public static IReadOnlyList<string> Diverting { get; } =
        [.. from signal in (string[])["METRICS", "LOGS"] from what in (string[])["ENDPOINT", "PROTOCOL", "HEADERS"] select $"OTEL_EXPORTER_OTLP_{signal}_{what}"];

    /// <summary>All that decide whether, how and where to something is exported, in the order in which a person asks.</summary>
    public static IReadOnlyList<string> Deciding { get; } =
    [
        Switch, Exporter("metrics"), Exporter("logs"), Protocol, Endpoint, Headers, .. Diverting, Traces, Exporter("traces"),
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    ];

    /// <summary>These, and how often and with what beside it: no less than setup sets, so that a person counts as many.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Deciding, MetricInterval, LogsInterval, Repository, Host];

    /// <summary>What decides how a signal is exported, if at all.</summary>
    public static string Exporter(string signal) => $"OTEL_{signal.ToUpperInvariant()}_EXPORTER";

    public static bool Diverts(string name) => Diverting.Contains(name);
}
