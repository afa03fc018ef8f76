using System.Globalization;

namespace OtelLite.Tests;

/// <summary>One session of a recording: what its transcripts, its events and its metrics come to.</summary>
internal sealed record TranscriptTotals(string Recording, string Session, IReadOnlyDictionary<string, double> Columns)
{
    public double this[string column] => Columns[column];
}

/// <summary>What real Claude Code wrote in its transcripts while it sent its export, copied into the repository with the sums that must come out.</summary>
internal static class RecordedTranscripts
{
    public static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "recorded", "transcripts");

    public static IEnumerable<string> Recordings => Directory.GetDirectories(Folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal);

    /// <summary>The folder of the transcripts of a recording.</summary>
    public static string Projects(string recording) => Path.Combine(Folder, recording, "projects");

    /// <summary>What was sent meanwhile, in order.</summary>
    public static IReadOnlyList<RecordedBody> Export(string recording) =>
    [
        .. Directory.GetFiles(Path.Combine(Folder, recording, "otlp"), "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => new RecordedBody(
                Path.GetFileName(path), path.Contains("metrics", StringComparison.Ordinal) ? "metrics" : "logs", File.ReadAllBytes(path), Gzip: false, Protobuf: false)),
    ];

    public static IReadOnlyList<TranscriptTotals> Expected()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Folder, "expected-transcript-totals.tsv"));
        string[] header = lines[0].Split('\t');
        return
        [
            .. lines.Skip(1).Select(l => l.Split('\t')).Select(cells => new TranscriptTotals(
                cells[0], cells[1], Enumerable.Range(2, cells.Length - 2).ToDictionary(i => header[i], i => double.Parse(cells[i], CultureInfo.InvariantCulture)))),
        ];
    }
}
