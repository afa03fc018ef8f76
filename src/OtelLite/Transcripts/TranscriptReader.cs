using OtelLite.Telemetry;

namespace OtelLite.Transcripts;

/// <summary>Reads what is new in transcripts into the requests and prices that they tell of.</summary>
internal sealed class TranscriptReader(TranscriptRequests requests, ModelPrices prices)
{
    private readonly LineReader _lines = new();
    private readonly TranscriptLine _line = new();

    /// <summary>Reads a transcript from where it was left. Null, or why it can't be read.</summary>
    public string? Read(TranscriptFile file)
    {
        try
        {
            // The client writes on meanwhile, and may delete what is old.
            using var stream = new FileStream(file.Path, new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                Options = FileOptions.SequentialScan,
            });
            if (stream.Length < file.Offset)
            {
                // Somebody replaced it: what is known already is known by its ids.
                file.Offset = 0;
            }

            (file.Offset, long tooLong) = _lines.Read(stream, file.Offset, line => Take(file, line));
            file.LongLines += tooLong;
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
    }

    private void Take(TranscriptFile file, ReadOnlySpan<byte> text)
    {
        bool needsTime = file.FirstAt == DateTimeOffset.MaxValue;
        if (text.IsEmpty || (!needsTime && !ClaudeTranscript.MayMatter(text)))
        {
            return;
        }

        _line.NeedsTime = needsTime;
        if (!_line.TryRead(text))
        {
            file.BrokenLines++;
            return;
        }

        file.FirstAt = needsTime && _line.At is { } at ? at : file.FirstAt;
        switch (_line.Type)
        {
            case TranscriptLineType.User:
                file.PromptId = _line.PromptId ?? file.PromptId;
                break;
            case TranscriptLineType.ApiRequest:
                file.Asked = (_line.Id, _line.QuerySource);
                break;
            case TranscriptLineType.CostState:
                prices.Add(file, _line.Totals);
                break;
            case TranscriptLineType.Assistant when _line is { HasUsage: true, Id: not null, Session: not null, Model: not null and not ClaudeTranscript.SyntheticModel }:
                if (_line.At is not null)
                {
                    requests.Add(file, _line);
                }

                file.OddTimes += _line.HasOddTime ? 1 : 0;
                break;
            default:
                break;
        }
    }
}
