using System.Globalization;
using System.Reflection;

namespace OtelLite.Tests;

/// <summary>One recorded body, as it came over the wire.</summary>
internal sealed record RecordedBody(string Name, string Signal, byte[] Bytes, bool Gzip)
{
    public string Path => $"/v1/{Signal}";
}

/// <summary>The sums that a correct receiver must reach for one session of one recording.</summary>
internal sealed record ExpectedTotals(string Kind, string Capture, string SessionId, IReadOnlyDictionary<string, double> Sums)
{
    public double this[string column] => Sums.GetValueOrDefault(column);

    public override string ToString() => $"{Kind}/{Capture} {SessionId}";
}

/// <summary>What real Claude Code sent, copied into the repository with the sums that must come out.</summary>
internal static class Recorded
{
    public static string Repository { get; } =
        typeof(Recorded).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Repository").Value!;

    private static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "recorded");

    /// <summary>The bodies of a folder in the order they were sent, or of one capture of it ("s02").</summary>
    public static IReadOnlyList<RecordedBody> Bodies(string kind, string capture = "") =>
    [
        .. Directory.GetFiles(Path.Combine(Folder, kind), capture.Length > 0 ? capture + "-*" : "*")
            .Order(StringComparer.Ordinal)
            .Select(path => new RecordedBody(
                Path.GetFileName(path),
                path.Contains("metrics", StringComparison.Ordinal) ? "metrics" : "logs",
                File.ReadAllBytes(path),
                path.EndsWith(".gz", StringComparison.Ordinal))),
    ];

    /// <summary>Every recorded body that is JSON and not compressed.</summary>
    public static IEnumerable<RecordedBody> AllPlain() =>
        ((string[])["json", "versions", "cumulative", "auto-mode"]).SelectMany(k => Bodies(k)).Where(b => !b.Gzip);

    public static IReadOnlyList<ExpectedTotals> Expected(params string[] kinds)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Folder, "expected-totals.tsv"));
        string[] header = lines[0].Split('\t');
        return
        [
            .. lines.Skip(1).Select(l => l.Split('\t')).Where(c => kinds.Contains(c[0])).Select(cells => new ExpectedTotals(
                cells[0], cells[1], cells[2],
                Enumerable.Range(3, cells.Length - 3).Where(i => cells[i].Length > 0)
                    .ToDictionary(i => header[i], i => double.Parse(cells[i], CultureInfo.InvariantCulture)))),
        ];
    }
}
