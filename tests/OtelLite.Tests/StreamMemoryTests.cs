using System.Diagnostics;

namespace OtelLite.Tests;

/// <summary>What a stream of exports took of the memory is given back when it is over.</summary>
public sealed class StreamMemoryTests
{
    private const int Clients = 8;
    private const int BodiesEach = 100;
    private const int RecordsEach = 10;
    private const int TextOfEach = 20_000;

    [PublishedFact]
    public async Task Some_seconds_after_a_stream_of_exports_the_program_is_about_as_small_as_before()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        (await exe.Post("/v1/logs", Exports.Request(session: "first", id: "first"))).Dispose();
        long before = exe.ResidentBytes();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(c => Task.Run(() => Send(exe, c))));
        long after = exe.ResidentBytes();
        Assert.True(after > before + (8 << 20), $"the stream took no memory: {before} bytes before, {after} after");

        // Asked seldom: each question is a little work, but no stream.
        var clock = Stopwatch.StartNew();
        for (long now = after; now > before + (after - before) / 2; now = exe.ResidentBytes())
        {
            Assert.True(clock.Elapsed < Limits.StreamOver + TimeSpan.FromSeconds(40), $"{before} bytes before, {after} after, and {now} still");
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }

    private static async Task Send(PublishedExe exe, int client)
    {
        for (int i = 0; i < BodiesEach; i++)
        {
            string[] records = [.. Enumerable.Range(0, RecordsEach).Select(r => Otlp.Export.Event("api_request", Otlp.Export.Time + (ulong)i, Otlp.Export.Text("session.id", $"s{client}"),
                Otlp.Export.Text("model", "m"), Otlp.Export.Text("request_id", $"{client}-{i}-{r}"), Otlp.Export.Text("text", new string('x', TextOfEach)), Otlp.Export.Int("event.sequence", i * RecordsEach + r)))];
            using HttpResponseMessage answer = await exe.Post("/v1/logs", Otlp.Export.Logs(records));
            answer.EnsureSuccessStatusCode();
        }
    }
}
