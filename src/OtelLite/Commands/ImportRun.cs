using Microsoft.Data.Sqlite;
using OtelLite.Privacy;
using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Telemetry;
using OtelLite.Transcripts;
using OtelLite.Usage;

namespace OtelLite.Commands;

/// <summary>An import: reads what is new in transcripts, and delivers what the ledger does not have of it. Look by look, of which the first sees all.</summary>
internal sealed class ImportRun
{
    // About, for the bar.
    private const long BytesPerRequest = 1500;

    private readonly Options _options;
    private readonly IReadOnlyList<string> _paths;
    private readonly bool _isDryRun;
    private readonly ProgressBar _bar;
    private readonly TranscriptFiles _files = new();
    private readonly TranscriptRequests _requests = new();
    private readonly ModelPrices _prices = new();
    private readonly TranscriptReader _reader;
    private readonly TranscriptBodies _bodies = new(App.Version);

    private Redaction? _redaction;

    // What was said once is not said again.
    private readonly HashSet<string> _problems = [];

    /// <param name="paths">Files and folders.</param>
    public ImportRun(Options options, IReadOnlyList<string> paths, bool isDryRun, ProgressBar bar)
    {
        (_options, _paths, _isDryRun, _bar) = (options, paths, isDryRun, bar);
        _reader = new TranscriptReader(_requests, _prices);
    }

    /// <summary>True once a file could not be read.</summary>
    public bool HasFailed { get; private set; }

    /// <exception cref="StorageException">The folder or file can't be used.</exception>
    /// <exception cref="ImportException">What is new can't be delivered.</exception>
    public ImportReport Look(CancellationToken stop)
    {
        (long copied, long further) = (_requests.CopiedLines, _requests.FurtherLines);
        List<string> problems = [];
        int files = ReadNew(problems, stop);
        List<TranscriptRequest> changed = [.. _requests.Asked.Where(r => r.IsChanged || (r.IsWithoutPrice && _prices.CostNanoUsd(r) is not null))];
        var report = new ImportReport(
            _isDryRun, files, changed.Count, 0, 0, 0, 0, changed.Select(r => r.Session).Distinct().Count(), _requests.CopiedLines - copied,
            _requests.FurtherLines - further, 0, 0, 0, null, problems);
        return changed.Count == 0 ? report : Import(changed, report, problems, stop);
    }

    private int ReadNew(List<string> problems, CancellationToken stop)
    {
        _files.Find(_paths);
        List<TranscriptFile> grown = [.. _files.All.Where(f => BytesToRead(f) != 0)];
        long total = grown.Sum(BytesToRead), done = 0;
        foreach (TranscriptFile file in grown)
        {
            long bytes = BytesToRead(file);
            stop.ThrowIfCancellationRequested();
            if (_reader.Read(file) is { } problem)
            {
                HasFailed = true;
                Note(problems, $"{file.Path} can't be read and is left out: {problem}.");
            }

            done += bytes;
            _bar.Show("reading", done, total);
            NoteLines(problems, file);
        }

        _bar.Clear();
        Note(problems, _files.LeftOut, "transcript", are => $"past {Limits.TranscriptFilesMax} {are} left out: name folders to import one after the other.");
        Note(problems, _requests.LeftOut, "line", are => $"of requests past {Limits.TranscriptRequestsMax} {are} left out: name folders to import one after the other.");
        return grown.Count(f => f.IsAsked);
    }

    private ImportReport Import(List<TranscriptRequest> changed, ImportReport report, List<string> problems, CancellationToken stop)
    {
        // Whoever writes brings an older file up to date first, so that it can be read.
        using ImportDelivery? delivery = _isDryRun ? null : new ImportDelivery(_options, sentence => Note(problems, sentence));
        using KnownRequests? known = Stored();
        _redaction ??= known is null ? null : ImportDelivery.OpenRedaction(_options);
        (List<TranscriptRequest> toSend, long before) = Sort(changed, known);
        toSend.ForEach(r => r.CostNanoUsd = _prices.CostNanoUsd(r));
        if (delivery is not null)
        {
            Deliver(delivery, toSend, stop);
        }

        report = Classified(toSend, known, report with { ImportedBefore = before });
        foreach (TranscriptRequest request in toSend)
        {
            request.IsChanged = false;
            request.WasImported = true;
            request.IsWithoutPrice = request.CostNanoUsd is null;
        }

        return report;
    }

    private void Deliver(ImportDelivery delivery, List<TranscriptRequest> toSend, CancellationToken stop)
    {
        long sent = 0;
        foreach (ReadOnlyMemory<byte> body in _bodies.Write(toSend))
        {
            stop.ThrowIfCancellationRequested();
            delivery.Deliver(body, stop);
            sent += body.Length;
            _bar.Show("storing", sent, (long)toSend.Count * BytesPerRequest);
        }

        _bar.Clear();
    }

    // Null where it is not at hand, because the server keeps it elsewhere; then the ledger alone tells what it knew.
    private KnownRequests? Stored()
    {
        try
        {
            return new KnownRequests(StoredFile.Open(_options.DataDir));
        }
        catch (StorageException)
        {
            return null;
        }
    }

    // Those that tell the ledger something that it does not know, and how many do not.
    private (List<TranscriptRequest> ToSend, long Before) Sort(List<TranscriptRequest> changed, KnownRequests? known)
    {
        if (known is null)
        {
            return (changed, 0);
        }

        List<TranscriptRequest> toSend = [];
        foreach (TranscriptRequest request in changed)
        {
            KnownRequest? imported = Imported(request, known);
            request.WasImported |= imported is not null;
            if (imported is { } told && !TellsMore(request, told))
            {
                request.IsChanged = false;
                request.IsWithoutPrice = told is { Word.Teller: not Teller.Event, IsWithoutPrice: true };
            }
            else
            {
                toSend.Add(request);
            }
        }

        return (toSend, changed.Count - toSend.Count);
    }

    // What is known is kept by what its ids became at the door.
    private string Kept(string id, AttributeName name) => _redaction?.Of(id, ClaudeCode.Attributes.Spell(name)) ?? id;

    private string KeptId(TranscriptRequest request) => Kept(request.Id, request.RequestId is null ? AttributeName.MessageId : AttributeName.RequestId);

    private KnownRequest? Imported(TranscriptRequest request, KnownRequests known) =>
        known.Imported(Kept(request.Session, AttributeName.SessionId), KeptId(request), request.At, request.Input, request.CacheRead, request.CacheCreation);

    // Of what another session is known to have paid for, only that it did not.
    private bool TellsMore(TranscriptRequest request, in KnownRequest told) => !told.IsOfSession ? request.IsSettled && told.Word.Teller == Teller.Transcript
        : told.Word.NewsOf(new(Teller.Transcript, request.Output, _prices.CostNanoUsd(request) ?? 0, UnixNano.From(request.At))) != TranscriptNews.Nothing;

    private ImportReport Classified(List<TranscriptRequest> told, KnownRequests? known, ImportReport report)
    {
        // What is sent again, because more is known of it, is nothing that is counted now.
        List<TranscriptRequest> first = [.. told.Where(r => !r.WasImported)];
        List<TranscriptRequest> fresh = known is null ? first : [.. first.Where(r => (Imported(r, known) ?? known.Of(Kept(r.Session, AttributeName.SessionId), KeptId(r))) is not { Word.Teller: not Teller.Transcript })];
        long completed = told.Count - first.Count;
        return report with
        {
            ImportedBefore = report.ImportedBefore + completed,
            Completed = completed,
            Known = first.Count - fresh.Count,
            New = fresh.Count,
            OutputTooLow = fresh.Count(r => !r.HasEnded),
            CostDerived = fresh.Count(r => _prices.CostNanoUsd(r) is not null),
            CostUnknown = fresh.Count(r => _prices.CostNanoUsd(r) is null),
            OnlyExport = known?.OnlyExport(_requests.Asked.Select(r => Kept(r.Session, AttributeName.SessionId)).Distinct()),
        };
    }

    private void NoteLines(List<string> problems, TranscriptFile file)
    {
        Note(problems, file.BrokenLines, "line", are => $"of {file.Path} {are} no JSON or broken, and {are} left out.");
        Note(problems, file.LongLines, "line", are => $"of {file.Path} {are} longer than {ShownValues.Bytes(Limits.TranscriptLineBytesMax)}, and {are} left out.");
        Note(problems, file.OddTimes, "line", are => $"of {file.Path} {(are == "is" ? "has" : "have")} a time that can't be and {are} left out.");
    }

    private void Note(List<string> problems, long count, string one, Func<string, string> rest)
    {
        if (count > 0)
        {
            Note(problems, $"{ShownValues.Count(count, one)} {rest(count == 1 ? "is" : "are")}");
        }
    }

    private void Note(List<string> problems, string sentence)
    {
        if (_problems.Add(sentence))
        {
            problems.Add(sentence);
        }
    }

    // A file that was read and is gone was deleted by the client, as it does with old ones; one that was never there is worth a word.
    private static long BytesToRead(TranscriptFile file)
    {
        var info = new FileInfo(file.Path);
        return info.Exists ? info.Length < file.Offset ? info.Length : info.Length - file.Offset : file.Offset > 0 ? 0 : 1;
    }
}
