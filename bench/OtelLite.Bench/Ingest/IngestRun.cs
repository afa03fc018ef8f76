using System.Globalization;

namespace OtelLite.Bench.Ingest;

/// <summary>Drives the published executable as clients do, and tells what came of it beside what SQLite and the disk alone take for the same rows.</summary>
internal static class IngestRun
{
    /// <summary>Connections in the figures that are kept and guarded.</summary>
    private const int UsualConnections = 8;

    // The guard's own: it is to take seconds. What else the machine does in one of them makes a ratio worse and never better, so it tries again before it says that it is too much.
    private const int GuardTriesMax = 8;
    private static readonly TimeSpan GuardTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    private static readonly (string Name, string Path, string Table, Func<FreshBody[]> Bodies)[] Signals =
        [("metrics", "/v1/metrics", "otel_metrics", Bodies.Metrics), ("logs", "/v1/logs", "otel_events", Bodies.Logs)];

    private static readonly (int Connections, bool IsChunked)[] Loads = [(1, false), (UsualConnections, false), (UsualConnections, true), (32, false)];

    /// <summary>The whole run, whose figures go to <c>bench/results</c> and into the README.</summary>
    /// <param name="peer">What starts autotel-devtools; empty: it is not installed.</param>
    public static int Run(string executable, double seconds, string[] peer)
    {
        var results = new IngestResults();
        foreach ((string name, string path, string table, Func<FreshBody[]> make) in Signals)
        {
            FreshBody[] bodies = make();
            TemporaryFolder.Use(dataDir =>
            {
                double rate = 0;
                using (var server = new Server(executable, dataDir))
                {
                    LoadResult Under(int connections, bool isChunked, double bodiesPerSecond = 0) =>
                        new Load(server, path, bodies, connections, isChunked).Run(TimeSpan.FromSeconds(seconds), bodiesPerSecond);
                    new Load(server, path, bodies, UsualConnections, isChunked: false).Run(WarmUp);
                    foreach ((int connections, bool isChunked) in Loads)
                    {
                        LoadResult result = Under(connections, isChunked);
                        results.Add(name, $"{connections}{(isChunked ? ", chunked" : "")}", result, isUsual: connections == UsualConnections && !isChunked);
                        rate = connections == UsualConnections && !isChunked ? result.Bodies / result.Time.TotalSeconds : rate;
                    }

                    results.Add(name, $"{UsualConnections}, at half the rate", Under(UsualConnections, isChunked: false, rate / 2), isUsual: false);
                }

                void AddOther(string who, Func<Server> start)
                {
                    using Server server = start();
                    new Load(server, path, bodies, UsualConnections, isChunked: false).Run(WarmUp);
                    results.AddOther(name, who, new Load(server, path, bodies, UsualConnections, isChunked: false).Run(TimeSpan.FromSeconds(seconds)));
                }

                AddOther("read and not kept", Server.Bare);
                if (peer.Length > 0)
                {
                    TemporaryFolder.Use(peerDir => AddOther("autotel-devtools", () => Server.Peer(peer, peerDir)));
                }

                results.AddLimit(name, bodies[0].Records, bodies.Average(b => b.Length) / bodies[0].Records, BareLoop.Run(dataDir, table), StoredBytes.Of(dataDir, table));
            });
        }

        Console.WriteLine(results.Table);
        results.Keep();
        return 0;
    }

    /// <summary>The short form: fails when the CPU of a record, in bare loops of the same run, is worse by a third than on record.</summary>
    public static int Guard(string executable)
    {
        bool isWithin = true;
        foreach ((string name, string path, string table, Func<FreshBody[]> make) in Signals)
        {
            FreshBody[] bodies = make();
            double most = IngestResults.Kept(name) * 4 / 3;
            List<(double Cpu, double Bare)> tries = [];
            do
            {
                TemporaryFolder.Use(dataDir => tries.Add(CpuOf(executable, dataDir, path, table, bodies)));
            }
            while (tries.Count < GuardTriesMax && tries[^1].Cpu / tries[^1].Bare > most);

            (double cpu, double bare) = tries.MinBy(t => t.Cpu / t.Bare);
            double best = cpu / bare;
            isWithin &= best <= most;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{name}: {best:0.0} times the CPU of a bare loop, {cpu:0.0} of {bare:0.0} us a record (at most {most:0.0} times{(best <= most ? "" : ": TOO MUCH")})"));
        }

        return isWithin ? 0 : 1;
    }

    // Of a record, in microseconds: the server's, and the bare loop's.
    private static (double Cpu, double Bare) CpuOf(string executable, string dataDir, string path, string table, FreshBody[] bodies)
    {
        double cpu;
        using (var server = new Server(executable, dataDir))
        {
            new Load(server, path, bodies, UsualConnections, isChunked: false).Run(WarmUp);
            cpu = new Load(server, path, bodies, UsualConnections, isChunked: false).Run(GuardTime).CpuMicrosecondsPerRecord;
        }

        return (cpu, BareLoop.Run(dataDir, table));
    }
}
