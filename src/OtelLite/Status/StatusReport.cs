using System.Text.Json.Serialization;

namespace OtelLite.Status;

/// <summary>What <c>otellite status --json</c> prints.</summary>
/// <param name="Problem">What could not be found out, and why: no database, another token.</param>
internal sealed record StatusReport(RunningServer Server, StoredDatabase? Database, string? Problem);

/// <summary>The server on the address of the settings.</summary>
/// <param name="CanStore">False while exports are answered with 503; <paramref name="Trouble"/> says why.</param>
/// <param name="Urls">Where it answers; where it is looked for while it doesn't.</param>
/// <param name="OtlpHttpPorts">Where it takes OTLP over HTTP.</param>
/// <param name="OtlpGrpcPort">The port of the settings where something takes connections; null when nothing does.</param>
/// <param name="StartedAt">Null without the right token.</param>
/// <param name="HangingProcess">One that has the data folder and does not answer.</param>
/// <param name="LastRefusal">The export that was refused last since it started, but for doctor's tests.</param>
internal sealed record RunningServer(
    bool IsRunning, bool CanStore, string? Trouble, string? Version, DateTimeOffset? StartedAt, IReadOnlyList<string> Urls, IReadOnlyList<int> OtlpHttpPorts,
    int? OtlpGrpcPort, RefusedExport? LastRefusal, int? HangingProcess);

internal sealed record RefusedExport(DateTimeOffset At, string Path, int Status, string Reason, string Client, long Times)
{
    /// <summary>How the test exports of <c>otellite doctor</c> call themselves, at the beginning of their User-Agent.</summary>
    public const string DoctorsAgent = "otellite-doctor";

    /// <summary>Whether it was such a test, which nobody misses.</summary>
    public bool IsDoctors() => Client.Contains(DoctorsAgent, StringComparison.Ordinal);
}

/// <summary>What the file tells, whether the server runs or not.</summary>
/// <param name="Damaged">Those that were set aside and not recovered yet.</param>
/// <param name="RemovedBefore">Raw records of what happened before may have been removed; null while none was.</param>
internal sealed record StoredDatabase(
    string Path, long Bytes, long LogBytes, long FreeBytes, long SchemaVersion, DateTimeOffset? RemovedBefore, StoredSignal Metrics, StoredSignal Events, StoredSignal Spans,
    IReadOnlyList<string> Damaged);

/// <param name="LastAt">When the last one arrived; null when none is stored.</param>
internal sealed record StoredSignal(long Records, DateTimeOffset? LastAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StatusReport), GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(RefusedExport))]
internal sealed partial class StatusJson : JsonSerializerContext;
