using System.Diagnostics;
using System.Net;
using System.Text;
using Xunit.Abstractions;

namespace OtelLite.Tests.Breaking;

/// <summary>More than is fair, of the published program: its memory stays bounded, and who behaves is served.</summary>
[Collection(Alone.Name)]
public sealed class LoadTests(ITestOutputHelper output)
{
    private const long MemoryMax = 200 << 20;

    [PublishedFact]
    public async Task Five_hundred_clients_at_once_are_all_answered()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        var bodies = new FreshBodies("crowd");
        int[] retries = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => Task.Run(async () =>
        {
            int times = 0;
            for (int i = 0; i < 4; i++)
            {
                times += await Sent.UntilAcknowledged(exe, bodies.Next());
            }

            return times;
        })));
        output.WriteLine($"2000 bodies of 500 clients, {retries.Sum()} retries, {exe.PeakResidentBytes() >> 20} MiB at most");
        await Sent.AssertAllThereOnce(exe, bodies.Made);
        Assert.InRange(exe.PeakResidentBytes(), 0, MemoryMax);
    }

    [PublishedFact]
    public async Task Slow_idle_and_huge_clients_take_bounded_memory_and_honest_ones_are_served_meanwhile()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        var honest = new FreshBodies("honest");
        double alone = Median(await Latencies(exe, honest, 100));
        using var stop = new CancellationTokenSource();
        List<Task> crowd =
        [
            .. Enumerable.Range(0, 150).Select(_ => Idle(exe, stop.Token)),
            .. Enumerable.Range(0, 150).Select(i => Slow(exe, i, stop.Token)),
            .. Enumerable.Range(0, 100).Select(_ => SlowLarge(exe, stop.Token)),
        ];
        Task<List<HttpStatusCode>>[] huge = [.. Enumerable.Range(0, 6).Select(i => Task.Run(() => Huge(exe, i, stop.Token)))];
        List<double> times = [];
        for (int i = 0; i < 10; i++)
        {
            times.AddRange(await Latencies(exe, honest, 30));
            await Task.Delay(300);
        }

        await stop.CancelAsync();
        await Task.WhenAll(crowd);
        List<HttpStatusCode> answers = [.. (await Task.WhenAll(huge)).SelectMany(a => a)];
        double median = Median(times), high = times.Order().ElementAt(times.Count * 95 / 100);
        output.WriteLine($"honest: {alone:0.0} ms alone, {median:0.0} ms among the others, 95 % within {high:0.0} ms; huge: {string.Join(", ", answers.GroupBy(a => a).Select(g => $"{g.Count()} x {(int)g.Key}"))}; {exe.PeakResidentBytes() >> 20} MiB at most");
        await Sent.AssertAllThereOnce(exe, honest.Made);
        Assert.InRange(exe.PeakResidentBytes(), 0, MemoryMax);
        Assert.InRange(median, 0, Math.Max(100, 20 * alone));
        Assert.All(answers, a => Assert.Contains(a, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.ServiceUnavailable]));

        // Those that are gone hold no room any more.
        await Sent.UntilAcknowledged(exe, new RecordedBody("huge", "metrics", Exports.OfLength((64 << 20) - 1000, Exports.Noon + 200_000), Gzip: false, Protobuf: false));
    }

    [PublishedFact]
    public async Task A_limit_that_is_passed_is_named_in_the_answer()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        (int status, string said) = await Told(exe, Exports.Gzip(new byte[65 << 20]), "Content-Encoding: gzip");
        Assert.Equal((413, true), (status, said.Contains($"larger than {64 << 20} bytes", StringComparison.Ordinal)));
        (status, said) = await Told(exe, Encoding.UTF8.GetBytes(FreshBodies.Many(1, "x").Replace("\"logRecords\":[", "\"logRecords\":[" + string.Concat(Enumerable.Repeat("{},", Limits.RecordsPerRequestMax)), StringComparison.Ordinal)));
        Assert.Equal((400, true), (status, said.Contains($"{Limits.RecordsPerRequestMax}", StringComparison.Ordinal)));
        using RawConnection connection = await RawConnection.Open(exe.Url);
        await connection.Send(RawConnection.Head("POST", "/v1/logs", "X-Large: " + new string('x', Limits.HeadersBytesMax)));
        Assert.Equal(431, (await connection.Read()).Status);
    }

    private static async Task<(int, string)> Told(PublishedExe exe, byte[] body, params string[] headers)
    {
        using RawConnection connection = await RawConnection.Open(exe.Url);
        await connection.Post("/v1/logs", body, headers);
        RawAnswer answer = await connection.Read();
        return (answer.Status, answer.Text);
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    private static async Task<List<double>> Latencies(PublishedExe exe, FreshBodies bodies, int count)
    {
        List<double> times = [];
        for (int i = 0; i < count; i++)
        {
            RecordedBody body = bodies.Next();
            var clock = Stopwatch.StartNew();
            await Sent.UntilAcknowledged(exe, body);
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        return times;
    }

    private static async Task Idle(PublishedExe exe, CancellationToken stop)
    {
        using RawConnection connection = await RawConnection.Open(exe.Url);
        await Wait(Timeout.InfiniteTimeSpan, stop);
    }

    // A byte a second, in the head of every other and in the body of the rest.
    private static async Task Slow(PublishedExe exe, int number, CancellationToken stop)
    {
        using RawConnection connection = await RawConnection.Open(exe.Url);
        string head = RawConnection.Head("POST", "/v1/logs", $"Authorization: Bearer {ServerClient.TestToken}", "Content-Type: application/json", "Content-Length: 5000");
        await connection.Send(number % 2 == 0 ? head[..20] : head);
        await Trickle(connection, stop);
    }

    // Most of a large body at once, and the rest of it never.
    private static async Task SlowLarge(PublishedExe exe, CancellationToken stop)
    {
        using RawConnection connection = await RawConnection.Open(exe.Url);
        try
        {
            await connection.Send(RawConnection.Head(
                "POST", "/v1/logs", $"Authorization: Bearer {ServerClient.TestToken}", "Content-Type: application/json", $"Content-Length: {4 << 20}"));
            await connection.Send(new byte[3 << 20]);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return;
        }

        await Trickle(connection, stop);
    }

    private static async Task Trickle(RawConnection connection, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await connection.Send("x");
                await Wait(TimeSpan.FromSeconds(1), stop);
            }
        }
        catch (IOException)
        {
            // It was told that it is too slow.
        }
    }

    // By turns a body of nearly 64 MiB and a bomb, one after the other.
    private static async Task<List<HttpStatusCode>> Huge(PublishedExe exe, int number, CancellationToken stop)
    {
        List<HttpStatusCode> answers = [];
        byte[] large = Exports.OfLength((64 << 20) - 1000, Exports.Noon + 100_000 + number), bomb = Exports.Gzip(new byte[200 << 20]);
        while (!stop.IsCancellationRequested)
        {
            bool isBomb = (number + answers.Count) % 2 == 0;
            var body = new RecordedBody("huge", "metrics", isBomb ? bomb : large, Gzip: isBomb, Protobuf: false);
            try
            {
                using HttpResponseMessage answer = await exe.Post(body);
                answers.Add(answer.StatusCode);
            }
            catch (HttpRequestException)
            {
                // The answer came before the body's end.
            }
        }

        return answers;
    }

    private static async Task Wait(TimeSpan time, CancellationToken stop)
    {
        try
        {
            await Task.Delay(time, stop);
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }
    }
}
