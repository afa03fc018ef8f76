using System.Text.Json.Serialization;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary>What <c>otellite backup --json</c> prints.</summary>
internal sealed record BackupReport(string Path, long Bytes);

/// <summary>What <c>otellite prune --json</c> prints.</summary>
/// <param name="Before">What happened before this was removed, or would be.</param>
/// <param name="Bytes">See PrunedRows in Storage/Prune.cs.</param>
internal sealed record PruneReport(bool DryRun, DateTimeOffset Before, long Metrics, long Events, long Spans, long Bytes);

/// <summary>What <c>otellite recount --json</c> prints.</summary>
/// <param name="Records">Points, records and spans that were counted.</param>
internal sealed record RecountReport(long Records, bool HasChanged, CountedTotals Before, CountedTotals After);

/// <summary>Of all that is stored.</summary>
internal sealed record CountedTotals(long Tokens, double CostUsd, long ApiRequests);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(BackupReport))]
[JsonSerializable(typeof(PruneReport))]
[JsonSerializable(typeof(ImportReport))]
[JsonSerializable(typeof(RecountReport))]
[JsonSerializable(typeof(Recovered))]
internal sealed partial class CommandReports : JsonSerializerContext;
