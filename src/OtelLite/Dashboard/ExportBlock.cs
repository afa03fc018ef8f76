namespace OtelLite.Dashboard;

/// <summary>What to paste into the shell so that Claude Code exports here, for each kind of shell.</summary>
internal static class ExportBlock
{
    // Claude Code's defaults are 60 s for metrics and 5 s for logs; a live page should not have to wait for them.
    private const int MetricIntervalMs = 5000;
    private const int LogsIntervalMs = 2000;

    public static SetupAnswer Answer(string endpoint, string token) => new(
        endpoint,
        [
            new("bash, zsh", Text(endpoint, token, (name, value) => $"export {name}={Quoted(value)}")),
            new("fish", Text(endpoint, token, (name, value) => $"set -gx {name} {Quoted(value)}")),
            new("PowerShell", Text(endpoint, token, (name, value) => $"$env:{name} = \"{value}\"")),
        ]);

    /// <summary>The block for the shell that this platform's users most likely have.</summary>
    public static string ForThisPlatform(string endpoint, string token) =>
        Answer(endpoint, token).Shells[OperatingSystem.IsWindows() ? 2 : 0].Text;

    private static string Text(string endpoint, string token, Func<string, string, string> set) => string.Join('\n', new[]
    {
        set("CLAUDE_CODE_ENABLE_TELEMETRY", "1"),
        set("OTEL_METRICS_EXPORTER", "otlp"),
        set("OTEL_LOGS_EXPORTER", "otlp"),
        set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        set("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        set("OTEL_EXPORTER_OTLP_HEADERS", $"Authorization=Bearer {token}"),
        set("OTEL_METRIC_EXPORT_INTERVAL", $"{MetricIntervalMs}"),
        set("OTEL_LOGS_EXPORT_INTERVAL", $"{LogsIntervalMs}"),
    });

    private static string Quoted(string value) => value.Contains(' ', StringComparison.Ordinal) ? $"\"{value}\"" : value;
}
