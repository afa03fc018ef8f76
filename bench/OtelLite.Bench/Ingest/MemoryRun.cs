using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OtelLite.Bench.Ingest;

/// <summary>
/// What the collector has to do while the program receives as fast as it can: the same code in this process, whose collector can be asked, as the published file's can not. What the clients' own threads
/// allocate is taken off. The table goes to <c>bench/results/PROCESSOR/memory.md</c>.
/// </summary>
internal static class MemoryRun
{
    private const int Connections = 8;
    private const int Few = 2;
    private const int Many = 20;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Time = TimeSpan.FromMinutes(1);

    public static async Task<int> Run()
    {
        var table = new StringBuilder("| signal | records of a request | requests | allocated for each | for one record more | collections of generation 0 | 1 | 2 |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
        await AddRows(table, "metrics", "/v1/metrics", Bodies.Metrics);
        await AddRows(table, "logs", "/v1/logs", Bodies.Logs);
        table.Append(CultureInfo.InvariantCulture, $"\n{Time.TotalSeconds:0} s of {Connections} connections, after {WarmUp.TotalSeconds:0} s of the same. {Results.Processor}, {DateTime.UtcNow:yyyy-MM-dd}.\n");
        Console.WriteLine(table);
        Results.Keep("memory.md", table.ToString());
        return 0;
    }

    // What a record costs is what two requests differ by that have few of them and many.
    private static async Task AddRows(StringBuilder table, string name, string path, Func<int, FreshBody[]> bodies)
    {
        double few = 0;
        foreach (int records in (int[])[Few, Many])
        {
            (long requests, double each, int[] collections) = await Run(path, bodies(records));
            string more = records == Few ? "" : string.Create(CultureInfo.InvariantCulture, $"{(long)Math.Round((each - few) / (Many - Few))} bytes");
            few = each;
            table.Append(CultureInfo.InvariantCulture, $"| {name} | {records} | {requests:#,0} | {each:0} bytes | {more} | {string.Join(" | ", collections)} |\n");
        }
    }

    private static async Task<(long Requests, double Each, int[] Collections)> Run(string path, FreshBody[] bodies)
    {
        string folder = Directory.CreateTempSubdirectory("otellite-bench-").FullName;
        try
        {
            Options options = Options.Read(
                ["--data-dir", folder, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", Server.Token], _ => null);
            await using App app = await App.Start(options, Console.Error.WriteLine);
            int port = new Uri(app.Urls[0]).Port;
            Load(port, path, bodies, WarmUp);
            (long before, int[] collections) = (GC.GetTotalAllocatedBytes(precise: true), Collections());
            (long requests, long own) = Load(port, path, bodies, Time);
            double bytes = GC.GetTotalAllocatedBytes(precise: true) - before - own;
            return (requests, bytes / requests, [.. Collections().Zip(collections, (now, then) => now - then)]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // A collection of a generation is counted as one of those below it too.
    private static int[] Collections() => [GC.CollectionCount(0) - GC.CollectionCount(1), GC.CollectionCount(1) - GC.CollectionCount(2), GC.CollectionCount(2)];

    private static int _clients;

    private static (long Requests, long Allocated) Load(int port, string path, FreshBody[] bodies, TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        (long Requests, long Allocated) all = default;
        Thread[] threads = [.. Enumerable.Range(0, Connections).Select(_ => new Thread(() =>
        {
            int client = Interlocked.Increment(ref _clients);
            FreshBody[] own = [.. bodies.Select(b => b.Copy())];
            using var connection = new Connection(port, path, Server.Token, isChunked: false);
            long requests = 0;
            for (; clock.Elapsed < time; requests++)
            {
                FreshBody body = own[requests % own.Length];
                connection.Send(body.Next(client, (int)requests).Span);
            }

            Interlocked.Add(ref all.Requests, requests);
            Interlocked.Add(ref all.Allocated, GC.GetAllocatedBytesForCurrentThread());
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        return all;
    }
}
