namespace OtelLite.Telemetry;

/// <summary>What became of a batch that was offered for writing.</summary>
internal enum WriteOutcome
{
    /// <summary>On disk, all of it, as durable as the options ask for.</summary>
    Committed,

    /// <summary>Too much is waiting already; nothing was taken.</summary>
    QueueFull,

    /// <summary>The disk or the file can't take it now; nothing was kept. Worth a retry.</summary>
    Unavailable,

    /// <summary>This batch can't be written, and a retry would not help.</summary>
    Failed,

    /// <summary>The disk has not answered in time. It may be stored yet, and a retry is known as the same.</summary>
    Late,
}

/// <summary>The outcome, and in words why it is not <see cref="WriteOutcome.Committed"/>.</summary>
/// <param name="IsRepeat">The same body was committed before, and was not stored again.</param>
internal readonly record struct WriteResult(WriteOutcome Outcome, string? Reason = null, bool IsRepeat = false);

/// <summary>Where a decoded batch goes. Completes when the batch is committed or refused, or <see cref="WriteOutcome.Late"/>; then whoever offered it gives it back. The writer
/// holds it for as long as it needs it.</summary>
/// <param name="waited">How long its client has waited already.</param>
internal delegate Task<WriteResult> WriteBatch(TelemetryBatch batch, TimeSpan waited);
