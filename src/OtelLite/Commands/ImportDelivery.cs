using System.Diagnostics;
using OtelLite.Otlp;
using OtelLite.Privacy;
using OtelLite.Status;
using OtelLite.Storage;
using OtelLite.Telemetry;

namespace OtelLite.Commands;

/// <summary>An import can't go on; the message is a sentence that says what to do.</summary>
internal sealed class ImportException(string message) : Exception(message);

/// <summary>
/// Where the bodies of an import go: to the running server, like any client's export, or into the file where none runs. Either way a body that was
/// delivered is on disk.
/// </summary>
internal sealed class ImportDelivery : IDisposable
{
    private readonly ListenUrl _url;
    private readonly string _token = "";
    private readonly BatchWriter? _writer;
    private readonly Redaction? _redaction;

    /// <exception cref="StorageException">No server runs, and the folder or file can't be used.</exception>
    /// <exception cref="ImportException">One runs that is none of this data folder.</exception>
    public ImportDelivery(Options options, Action<string> say)
    {
        // Who has the folder answers where it says, whatever we were told: it alone knows what it was started with, and what is not to be stored.
        FolderHolder? holder = FolderHold.Of(options.DataDir);
        foreach (ListenUrl url in holder is { Urls.Count: > 0 } ? [.. holder.Urls.Select(Options.Url)] : options.Urls)
        {
            if (StatusLook.Health(url) is not null)
            {
                _url = url;
                _token = StatusLook.TokenOf(options)
                    ?? throw new ImportException($"otellite runs on http://{url.Host}:{url.Port}, and {options.DataDir} holds no token for it: give the options that it was started with (--data-dir, --token).");
                return;
            }
        }

        if (holder is not null)
        {
            throw new ImportException($"otellite (process {holder.ProcessId}) has {options.DataDir} and does not answer: import again when it does, or end it.");
        }

        _writer = BatchWriter.Open(options.DataDir, options.Durability, say);
        _redaction = OpenRedaction(options);
    }

    /// <summary>Delivers a body, and tries again for a while where there is no room for it now.</summary>
    /// <exception cref="ImportException">It can't be delivered.</exception>
    public void Deliver(ReadOnlyMemory<byte> body, CancellationToken stop)
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            (bool isDelivered, bool mayTryAgain, string reason) = _writer is null ? Send(body) : Write(_writer, body);
            if (isDelivered)
            {
                return;
            }

            if (!mayTryAgain || watch.Elapsed > Limits.ImportPatience)
            {
                throw new ImportException($"not all could be stored: {reason.TrimEnd('.')}. What was stored is right; import again for the rest.");
            }

            stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(Limits.RetryAfterSeconds));
            stop.ThrowIfCancellationRequested();
        }
    }

    public void Dispose() => _writer?.Dispose();

    /// <summary>What is taken out of a client's exports is taken out of its transcripts too. A server that runs does so itself.</summary>
    /// <exception cref="ImportException">The key can't be had.</exception>
    public static Redaction? OpenRedaction(Options options)
    {
        try
        {
            return Redaction.Of(options.Redact, options.DataDir);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new ImportException($"what --redact asks for can't be done: {e.Message}");
        }
    }

    private (bool IsDelivered, bool MayTryAgain, string Reason) Send(ReadOnlyMemory<byte> body)
    {
        using PendingAnswer? pending = ServerAnswer.Post(_url, "/v1/logs", _token, body.ToArray());
        return pending?.Wait(Limits.ImportAnswerTimeout) switch
        {
            null => (false, true, "the server does not answer"),
            { Status: 200 } => (true, false, ""),
            { Status: 401 } => (false, false, "the running server has another token: it was started with other settings (--data-dir, --token)"),
            { Status: 429 or 502 or 503 or 504 } busy => (false, true, ReasonOf(busy)),
            { } refused => (false, false, ReasonOf(refused)),
        };
    }

    private static string ReasonOf(ServerAnswer answer) => StatusLook.MessageIn(answer.Body) ?? $"the server answers {answer.Status}";

    private (bool IsDelivered, bool MayTryAgain, string Reason) Write(BatchWriter writer, ReadOnlyMemory<byte> body)
    {
        if (!OtlpJson.TryRead(body.Span, out TelemetryBatch batch, out string error))
        {
            return (false, false, error);
        }

        _redaction?.Apply(batch);
        WriteResult result = writer.Write(batch).GetAwaiter().GetResult();
        batch.Return();
        return (result.Outcome == WriteOutcome.Committed, result.Outcome != WriteOutcome.Failed, result.Reason ?? "");
    }
}
