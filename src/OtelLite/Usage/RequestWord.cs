namespace OtelLite.Usage;

/// <summary>What somebody says of a request, as far as it is weighed against what a transcript says of the same one.</summary>
/// <param name="CostNanoUsd">0 where it is not known.</param>
internal readonly record struct RequestWord(Teller Teller, long Output, long CostNanoUsd, long TimeUnixNano)
{
    /// <summary>
    /// What a transcript tells anew to those who know this word: nothing where an event told, who knows all; a cost where a span did, who knows none; and
    /// where a transcript did, more than it said before, because the answer had not ended then or its price was not known.
    /// </summary>
    public TranscriptNews NewsOf(in RequestWord transcript) => Teller switch
    {
        Teller.Event => TranscriptNews.Nothing,
        Teller.Span => transcript.CostNanoUsd > CostNanoUsd ? TranscriptNews.Cost : TranscriptNews.Nothing,
        _ => transcript.CompareTranscripts(this) > 0 ? TranscriptNews.All : TranscriptNews.Nothing,
    };

    /// <summary>Which of two words of transcripts says more; 0 where they say as much.</summary>
    public int CompareTranscripts(in RequestWord other) => (CostNanoUsd, Output, TimeUnixNano).CompareTo((other.CostNanoUsd, other.Output, other.TimeUnixNano));
}

/// <summary>What of a transcript's word takes the place of what is known.</summary>
internal enum TranscriptNews : byte
{
    Nothing,
    Cost,
    All,
}
