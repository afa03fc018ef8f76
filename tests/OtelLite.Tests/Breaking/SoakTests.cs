using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace OtelLite.Tests.Breaking;

/// <summary>Mixed traffic for long: what the published program holds at the end is what it held after the beginning. OTELLITE_SOAK_SECONDS says how long; tests/break.sh does
/// it for an hour.</summary>
[Collection(Alone.Name)]
public sealed class SoakTests(ITestOutputHelper output)
{
    private static TimeSpan Length => TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("OTELLITE_SOAK_SECONDS") ?? "18", CultureInfo.InvariantCulture));

    private sealed record Held(long Bytes, int Handles, int Threads);

    [PublishedFact]
    public async Task Memory_handles_and_threads_are_at_the_end_as_after_the_beginning()
    {
        if (!OperatingSystem.IsLinux())
        {
            // What a process holds is read from /proc.
            return;
        }

        await using PublishedExe exe = await PublishedExe.Start();
        TimeSpan warm = Length < TimeSpan.FromMinutes(3) ? Length / 3 : TimeSpan.FromMinutes(1);
        using var stop = new CancellationTokenSource();
        FreshBodies[] bodies = [.. Enumerable.Range(0, 4).Select(i => new FreshBodies($"soak{i}"))];
        Task<int>[] traffic = [.. bodies.Select(b => Task.Run(() => Send(exe, b, stop.Token))), Task.Run(() => Ask(exe, stop.Token)), Task.Run(() => Misbehave(exe, stop.Token))];
        await Task.Delay(warm);
        Held first = await Look(exe);
        Held last = first;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Length - warm;)
        {
            // Who fails is not heard of at the end only.
            TimeSpan left = Length - warm - clock.Elapsed, next = left < TimeSpan.FromMinutes(5) ? left : TimeSpan.FromMinutes(5);
            if (await Task.WhenAny([.. traffic, Task.Delay(next)]) is Task<int> ended)
            {
                await ended;
            }

            last = await Look(exe);
            output.WriteLine($"{warm + clock.Elapsed}: {last}");
        }

        await stop.CancelAsync();
        int[] done = await Task.WhenAll(traffic);
        output.WriteLine($"{Length}: {done[..4].Sum()} exports, {done[4]} questions, {done[5]} that were refused or broken off; {first} after {warm}, {last} at the end");
        await Sent.AssertAllThereOnce(exe, bodies.Sum(b => b.Made));
        Assert.InRange(last.Bytes, 0, (first.Bytes * 13 / 10) + (24 << 20));
        Assert.InRange(last.Handles, 0, first.Handles + 16);
        Assert.InRange(last.Threads, 0, first.Threads + 8);
    }

    // The least of some looks: what one request takes for a moment is not held.
    private static async Task<Held> Look(PublishedExe exe)
    {
        List<Held> looks = [];
        for (int i = 0; i < 20; i++)
        {
            string process = $"/proc/{exe.ProcessId}";
            looks.Add(new Held(exe.ResidentBytes(), Directory.GetFileSystemEntries($"{process}/fd").Length, Directory.GetDirectories($"{process}/task").Length));
            await Task.Delay(100);
        }

        return new Held(looks.Min(l => l.Bytes), looks.Min(l => l.Handles), looks.Min(l => l.Threads));
    }

    private static async Task<int> Send(PublishedExe exe, FreshBodies bodies, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Sent.UntilAcknowledged(exe, bodies.Next());
            await Task.Delay(5, CancellationToken.None);
        }

        return bodies.Made;
    }

    private static async Task<int> Ask(PublishedExe exe, CancellationToken stop)
    {
        string[] paths = ["/api/summary", "/api/now", "/api/sessions", "/api/timeseries?range=24h&step=1h", "/api/ingest", "/", "/readyz"];
        int asked = 0;
        while (!stop.IsCancellationRequested)
        {
            using HttpResponseMessage answer = await exe.Http.GetAsync(new Uri(exe.Url + paths[asked++ % paths.Length]), CancellationToken.None);
            Assert.True(answer.IsSuccessStatusCode, $"{answer.RequestMessage!.RequestUri} {answer.StatusCode}");
            if (asked % 10 == 0)
            {
                // The client reads on for two seconds before it closes one; 64 may be open.
                using Stream live = await exe.Http.GetStreamAsync(new Uri(exe.Url + "/api/live"), CancellationToken.None);
            }

            await Task.Delay(20, CancellationToken.None);
        }

        return asked;
    }

    // Broken bodies, wrong tokens, large ones, and clients that go away in the middle.
    private static async Task<int> Misbehave(PublishedExe exe, CancellationToken stop)
    {
        byte[] large = Exports.OfLength(8 << 20, Exports.Noon + 900_000);
        int times = 0;
        for (; !stop.IsCancellationRequested; times++)
        {
            // A long soak goes on beside whatever else the machine does.
            using RawConnection connection = await RawConnection.Open(exe.Url, TimeSpan.FromSeconds(30));
            switch (times % 5)
            {
                case 0:
                    await connection.Post("/v1/logs", "{\"resourceLogs\":[{]"u8.ToArray());
                    Assert.Equal(400, (await connection.Read()).Status);
                    break;
                case 1:
                    await connection.Send(RawConnection.Head("POST", "/v1/logs", "Authorization: Bearer wrong", "Content-Type: application/json", "Content-Length: 0"));
                    Assert.Contains((await connection.Read()).Status, (int[])[401, 429]);
                    break;
                case 2:
                    await connection.Send(RawConnection.Head("POST", "/v1/logs", $"Authorization: Bearer {ServerClient.TestToken}", "Content-Type: application/json", "Content-Length: 5000"));
                    await connection.Send("{\"resource");
                    break;
                case 3 when times % 50 == 3:
                    await connection.Post("/v1/metrics", large);
                    Assert.Contains((await connection.Read()).Status, (int[])[200, 503]);
                    break;
                default:
                    await connection.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense");
                    break;
            }

            await Task.Delay(10, CancellationToken.None);
        }

        return times;
    }
}
