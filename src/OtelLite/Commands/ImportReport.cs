namespace OtelLite.Commands;

/// <summary>What <c>otellite import --json</c> prints; with <c>--watch</c> again, a line each time, for what came since.</summary>
/// <param name="DryRun">Nothing was counted.</param>
/// <param name="Requests">Billed requests in the transcripts that were asked for, each once.</param>
/// <param name="Known">Of these, that the export had brought.</param>
/// <param name="New">Of these, that only the transcripts know, and that are counted now.</param>
/// <param name="ImportedBefore">Of these, that were imported before.</param>
/// <param name="Completed">Of those imported before, that more is known of now: their price, how the answer ended, or which session paid.</param>
/// <param name="Sessions">That paid for them.</param>
/// <param name="CopiedLines">Lines in forked sessions that repeat another session's requests.</param>
/// <param name="FurtherLines">Lines that tell of an answer again.</param>
/// <param name="OutputTooLow">Requests in whose transcript only the beginning of the output is counted.</param>
/// <param name="CostDerived">Of the new ones, those whose cost comes from prices.</param>
/// <param name="CostUnknown">Of the new ones, those whose cost is not known and counts as nothing.</param>
/// <param name="OnlyExport">Requests of the same sessions that no transcript knows; null where the database is not at hand.</param>
/// <param name="Problems">What could not be read, each once.</param>
internal sealed record ImportReport(
    bool DryRun, long Files, long Requests, long Known, long New, long ImportedBefore, long Completed, long Sessions, long CopiedLines, long FurtherLines,
    long OutputTooLow, long CostDerived, long CostUnknown, long? OnlyExport, IReadOnlyList<string> Problems);
