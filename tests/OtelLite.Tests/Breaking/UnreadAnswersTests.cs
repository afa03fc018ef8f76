using System.Net;
using System.Text;
using Xunit.Abstractions;

namespace OtelLite.Tests.Breaking;

/// <summary>Clients that ask over HTTP/2, without a token, and read nothing of what they are answered.</summary>
[Collection(Alone.Name)]
public sealed class UnreadAnswersTests(ITestOutputHelper output)
{
    private const int StreamsOfEach = 100;

    // SETTINGS with INITIAL_WINDOW_SIZE 0 (RFC 9113, 6.5): no byte of a body may be sent.
    private static readonly byte[] Greeting = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];

    [PublishedFact]
    public async Task They_take_bounded_memory_and_are_let_go()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        List<RawConnection> open = [];
        for (int i = 0; i < Limits.Http2ConnectionsMax; i++)
        {
            open.Add(await RawConnection.Open(exe.Url));
            try
            {
                await open[i].Send([.. Greeting, .. Enumerable.Range(0, StreamsOfEach).SelectMany(stream => Headers(1 + (2 * stream), isFirst: stream == 0))]);
            }
            catch (IOException)
            {
                // Closed already: that many without a token is no client.
            }
        }

        await Task.Delay(Limits.AnswerTaken / 2);
        output.WriteLine($"{Limits.Http2ConnectionsMax * StreamsOfEach} requests, {exe.PeakResidentBytes() >> 20} MiB at most");
        Assert.InRange(exe.PeakResidentBytes(), 1, 200_000_000);
        using var http = new HttpClient();
        using HttpResponseMessage still = await http.GetAsync(new Uri(exe.Url + "/healthz"));
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);

        // What it kept for them is free again, and others are served over HTTP/2.
        await Task.Delay(Limits.AnswerTaken);
        using var request = new HttpRequestMessage(HttpMethod.Get, exe.Url + "/healthz") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage over2 = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, over2.StatusCode);
        open.ForEach(c => c.Dispose());
    }

    [PublishedFact]
    public async Task So_many_without_a_token_are_taken_on_one_connection_and_one_more_ends_it()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        using RawConnection few = await RawConnection.Open(exe.Url), more = await RawConnection.Open(exe.Url);
        await few.Send([.. Greeting, .. Enumerable.Range(0, Limits.UnknownRequestsMax).SelectMany(stream => Headers(1 + (2 * stream), isFirst: stream == 0))]);
        await more.Send([.. Greeting, .. Enumerable.Range(0, StreamsOfEach).SelectMany(stream => Headers(1 + (2 * stream), isFirst: stream == 0))]);
        Assert.True(await more.EndsWithin(TimeSpan.FromSeconds(2)));
        Assert.False(await few.EndsWithin(TimeSpan.FromSeconds(2)));
        Assert.True(Limits.EndedConnectionsPerCollection < Limits.Http2ConnectionsMax);
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri(exe.Url + "/healthz"))).StatusCode);
    }

    [PublishedFact]
    public async Task Long_answers_that_nobody_reads_take_bounded_memory_and_are_broken_off()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        string text = new('x', Limits.RecordBytesMax - 1000);
        await Sent.UntilAcknowledged(exe, new RecordedBody("long", "logs", Encoding.UTF8.GetBytes(Otlp.Export.Logs(Otlp.Export.Record($"\"attributes\":[{Otlp.Export.Text("prompt", text)}]"))), Gzip: false, Protobuf: false));
        List<RawConnection> open = [];
        for (int i = 0; i < 20; i++)
        {
            open.Add(await RawConnection.Open(exe.Url));
            await open[i].Send(RawConnection.Head("GET", "/api/events/1", $"Authorization: Bearer {ServerClient.TestToken}"));
        }

        await Task.Delay(Limits.AnswerTaken / 2);
        output.WriteLine($"{open.Count} answers of {Limits.RecordBytesMax >> 20} MiB that are not read: {exe.PeakResidentBytes() >> 20} MiB at most");
        Assert.InRange(exe.PeakResidentBytes(), 1, 200_000_000);

        // Somebody who reads is answered in the end: the others are broken off, four after four.
        Assert.True(Limits.LongAnswerTaken + Limits.LongAnswerWait < TimeSpan.FromMinutes(1));
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", ServerClient.TestToken);
        for (int i = 0; ; i++)
        {
            using HttpResponseMessage answer = await http.GetAsync(new Uri(exe.Url + "/api/events/1"));
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                Assert.Contains(text, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
                break;
            }

            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.True(i < 60, "nobody was broken off");
            await Task.Delay(TimeSpan.FromSeconds(1));
        }

        open.ForEach(c => c.Dispose());
    }

    // A request for /v1/logs whose seven long headers are one that the first request of the connection has told (RFC 7541, 6.1 and 6.2.1).
    private static byte[] Headers(int stream, bool isFirst)
    {
        byte[] value = Encoding.ASCII.GetBytes(new string('x', 1900));
        int rest = value.Length - 127;
        byte[] named = isFirst ? [0x40, 1, (byte)'x', 127, (byte)(rest & 127 | 128), (byte)(rest >> 7), .. value] : [0x80 | 62];
        byte[] block = [0x83, 0x86, 0x04, 8, .. "/v1/logs"u8, 0x01, 9, .. "localhost"u8, .. named, .. Enumerable.Repeat((byte)(0x80 | 62), 6)];
        return [(byte)(block.Length >> 16), (byte)(block.Length >> 8), (byte)block.Length, 1, 5, 0, 0, (byte)(stream >> 8), (byte)stream, .. block];
    }
}
