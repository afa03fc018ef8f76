using System.Globalization;
using System.Text;

namespace OtelLite.Bench.Ingest;

/// <summary>
/// The figures of a run: a table, which stands in <c>bench/results/PROCESSOR/ingest.md</c> and word for word in the README, and a line of <c>history.tsv</c> beside it.
/// </summary>
internal sealed class IngestResults
{
    private const string HistoryHead = "date\tmetrics: points/s\tCPU us\tbare loop us\tratio\tlogs: events/s\tCPU us\tbare loop us\tratio";

    private readonly List<(string Signal, string Load, LoadResult Result, bool IsUsual)> _runs = [];
    private readonly Dictionary<string, double> _limits = [];
    private readonly List<string> _bodies = [];
    private readonly List<(string Signal, string Who, LoadResult Result)> _others = [];

    /// <summary>The table in Markdown.</summary>
    public string Table
    {
        get
        {
            var table = new StringBuilder("| signal | connections | records/s | CPU of the server per record | of a bare loop | p50 | p99 | resident |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
            foreach ((string signal, string load, LoadResult r, _) in _runs)
            {
                table.Append(Line(signal, signal, load, r));
            }

            foreach ((string signal, string who, LoadResult r) in _others.OrderByDescending(o => o.Who))
            {
                table.Append(Line(signal, $"{signal}, {who}", "8", r));
            }

            return $"{table}\n{string.Join("; ", _bodies)}. {Results.Processor}, {DateTime.UtcNow:yyyy-MM-dd}.\n";
        }
    }

    public void Add(string signal, string load, LoadResult result, bool isUsual) => _runs.Add((signal, load, result, isUsual));

    /// <summary>Another program under the usual load.</summary>
    public void AddOther(string signal, string who, LoadResult result) => _others.Add((signal, who, result));

    /// <param name="bareMicroseconds">What the same rows take of a bare prepared-statement loop, each.</param>
    public void AddLimit(string signal, int records, double bytes, double bareMicroseconds, StoredBytes stored)
    {
        _limits[signal] = bareMicroseconds;
        _bodies.Add(string.Create(CultureInfo.InvariantCulture, $"{signal} in bodies of {records} of {bytes:0} bytes, each of which takes {stored.All:0} of the file: its row {stored.Row:0}, and what indexes and counting keep {stored.All / stored.Row - 1:0%} of that"));
    }

    /// <summary>Writes both files.</summary>
    public void Keep()
    {
        Results.Keep("ingest.md", Table);
        string history = Path.Combine(Results.Folder, "history.tsv");
        if (!File.Exists(history))
        {
            File.WriteAllText(history, $"{HistoryHead}\n");
        }

        File.AppendAllText(history, $"{DateTime.UtcNow:yyyy-MM-dd}\t{string.Join('\t', _limits.Keys.Select(Line))}\n");
    }

    // A loop that happened to be fast doubled the ratio of one run: its row took 4.3 to 8.1 us in runs of one day. The middle of three was twice of a slow one.
    private const int KeptRuns = 5;

    /// <summary>The ratio on record, which is the middle one of the last runs: of this processor, or of any other where this one is new.</summary>
    public static double Kept(string signal)
    {
        string path = Path.Combine(Results.Folder, "history.tsv");
        path = File.Exists(path) ? path : Directory.GetFiles(Path.Combine(Repository.Root, "bench", "results"), "history.tsv", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        int column = Array.FindIndex(HistoryHead.Split('\t'), h => h.StartsWith(signal, StringComparison.Ordinal)) + 3;
        double[] last = [.. File.ReadLines(path).Skip(1).TakeLast(KeptRuns).Select(line => double.Parse(line.Split('\t')[column], CultureInfo.InvariantCulture)).Order()];
        return last[last.Length / 2];
    }

    private string Line(string signal, string what, string load, LoadResult r) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {what} | {load} | {r.RecordsPerSecond:#,0} | {r.CpuMicrosecondsPerRecord:0.0} us | {r.CpuMicrosecondsPerRecord / _limits[signal]:0.0} times {_limits[signal]:0.0} us | {r.Percentile(0.5):0.0} ms | {r.Percentile(0.99):0.0} ms | {r.ResidentBytes / 1e6:0} MB |\n");

    private string Line(string signal)
    {
        LoadResult r = _runs.First(run => run.Signal == signal && run.IsUsual).Result;
        return string.Create(CultureInfo.InvariantCulture,
            $"{r.RecordsPerSecond:0}\t{r.CpuMicrosecondsPerRecord:0.0}\t{_limits[signal]:0.0}\t{r.CpuMicrosecondsPerRecord / _limits[signal]:0.00}");
    }
}
