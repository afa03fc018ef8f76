using System.Text.Json.Serialization;

namespace OtelLite.Commands;

/// <summary>What <c>otellite backup --json</c> prints.</summary>
internal sealed record BackupReport(string Path, long Bytes);

/// <summary>What <c>otellite prune --json</c> prints.</summary>
/// <param name="Before">What happened before this was removed, or would be.</param>
/// <param name="Bytes">See PrunedRows in Storage/Prune.cs.</param>
internal sealed record PruneReport(bool DryRun, DateTimeOffset Before, long Metrics, long Events, long Spans, long Bytes);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(BackupReport))]
[JsonSerializable(typeof(PruneReport))]
[JsonSerializable(typeof(ImportReport))]
internal sealed partial class CommandReports : JsonSerializerContext;
