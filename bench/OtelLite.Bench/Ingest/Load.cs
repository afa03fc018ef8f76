using System.Diagnostics;

namespace OtelLite.Bench.Ingest;

/// <summary>What a bounded time of load came to.</summary>
/// <param name="Records">Acknowledged in that time.</param>
/// <param name="Cpu">The server's own, from the first body to the last answer.</param>
internal sealed record LoadResult(long Records, long Bodies, TimeSpan Time, TimeSpan Cpu, TimeSpan[] Latencies, long ResidentBytes)
{
    public double RecordsPerSecond => Records / Time.TotalSeconds;

    public double CpuMicrosecondsPerRecord => Cpu.TotalMicroseconds / Records;

    public double Percentile(double share) => Latencies.Length == 0 ? 0 : Latencies[Math.Min(Latencies.Length - 1, (int)(share * Latencies.Length))].TotalMilliseconds;
}

/// <summary>Clients that send one body after the other, each on a connection and a thread of its own.</summary>
internal sealed class Load(Server server, string path, FreshBody[] bodies, int connections, bool isChunked)
{
    private static int _clients;

    /// <param name="bodiesPerSecond">Of all together; 0: as fast as they are acknowledged.</param>
    public LoadResult Run(TimeSpan time, double bodiesPerSecond = 0)
    {
        TimeSpan cpu = server.Cpu;
        var clock = Stopwatch.StartNew();
        var latencies = new List<TimeSpan>[connections];
        long[] records = new long[connections];
        Thread[] threads = [.. Enumerable.Range(0, connections).Select(i => new Thread(() => (latencies[i], records[i]) = Client(clock, time, connections / bodiesPerSecond * i / connections, connections / bodiesPerSecond)))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        TimeSpan took = clock.Elapsed;
        TimeSpan[] all = [.. latencies.SelectMany(l => l).Order()];
        return new LoadResult(records.Sum(), all.Length, took, server.Cpu - cpu, all, server.ResidentBytes);
    }

    private (List<TimeSpan>, long) Client(Stopwatch clock, TimeSpan time, double first, double interval)
    {
        int client = Interlocked.Increment(ref _clients);
        FreshBody[] own = [.. bodies.Select(b => b.Copy())];
        using Connection connection = server.Connect(path, isChunked);
        List<TimeSpan> latencies = [];
        long records = 0;
        for (int i = 0; clock.Elapsed < time; i++)
        {
            if (double.IsFinite(interval))
            {
                TimeSpan wait = TimeSpan.FromSeconds(first + i * interval) - clock.Elapsed;
                if (wait > TimeSpan.Zero)
                {
                    Thread.Sleep(wait);
                }
            }

            FreshBody body = own[i % own.Length];
            latencies.Add(connection.Send(body.Next(client, i).Span));
            records += body.Records;
        }

        return (latencies, records);
    }
}
