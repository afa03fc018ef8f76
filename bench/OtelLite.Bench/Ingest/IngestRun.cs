using System.Globalization;

namespace OtelLite.Bench.Ingest;

/// <summary>Drives the published executable as clients do, and tells what came of it beside what the disk and SQLite alone take for the same rows.</summary>
internal static class IngestRun
{
    private static readonly (string Name, string Path, string Table)[] Signals = [("metrics", "/v1/metrics", "otel_metrics"), ("logs", "/v1/logs", "otel_events")];

    public static int Run(string executable, double seconds)
    {
        string only = Environment.GetEnvironmentVariable("ONLY") ?? "";
        foreach ((string name, string path, string table) in Signals.Where(s => s.Name.Contains(only, StringComparison.Ordinal)))
        {
            FreshBody[] bodies = name == "metrics" ? Bodies.Metrics() : Bodies.Logs();
            Tell($"{name}: bodies of {bodies[0].Records} records, {bodies.Average(b => b.Length) / bodies[0].Records:0} bytes each");
            string dataDir = Directory.CreateTempSubdirectory("otellite-ingest-").FullName;
            try
            {
                double rate = 0;
                using (var server = new Server(executable, dataDir))
                {
                    new Load(server, path, bodies, 8, isChunked: false).Run(TimeSpan.FromSeconds(Math.Min(2, seconds)));
                    foreach ((int connections, bool isChunked) in ((int, bool)[])[(1, false), (8, false), (8, true), (32, false)])
                    {
                        LoadResult result = new Load(server, path, bodies, connections, isChunked).Run(TimeSpan.FromSeconds(seconds));
                        Tell($"{name} {connections} connections{(isChunked ? ", chunked" : "")}", result);
                        rate = connections == 8 ? result.Bodies / result.Time.TotalSeconds : rate;
                    }

                    Tell($"{name} 8 connections at half the rate", new Load(server, path, bodies, 8, isChunked: false).Run(TimeSpan.FromSeconds(seconds), rate / 2));
                }

                Tell($"{name} bare loop: {BareLoop.Run(dataDir, table):0.0} us");
            }
            finally
            {
                Directory.Delete(dataDir, recursive: true);
            }
        }

        return 0;
    }

    private static void Tell(string what, LoadResult r) => Tell(
        $"{what}: {r.RecordsPerSecond:0} records/s, {r.CpuMicrosecondsPerRecord:0.0} us CPU, p50 {r.Percentile(0.5):0.0} ms, p99 {r.Percentile(0.99):0.0} ms, {r.ResidentBytes / 1e6:0} MB");

    private static void Tell(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
