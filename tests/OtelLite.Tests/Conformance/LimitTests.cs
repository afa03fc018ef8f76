using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace OtelLite.Tests.Conformance;

/// <summary>Section 3 of the checklist, second half: bodies that are too large, too slow or nonsense.</summary>
public sealed class LimitTests
{
    private const int Max = 4096;
    private const string Metrics = "/v1/metrics";

    private static Task<RunningServer> StartWithMax(int max = Max) =>
        RunningServer.Start(null, "--max-body", max.ToString(CultureInfo.InvariantCulture), "--durability", "normal");

    private static long Stored(ServerClient server) => (long)server.Sql(Wire.CountAll)!;

    // A good body of exactly so many bytes.
    private static byte[] OfLength(int bytes, string type)
    {
        if (type == Wire.Json)
        {
            return Exports.OfLength(bytes);
        }

        // Padded with a field that nobody knows, whose length takes two bytes in both sizes that are asked for.
        byte[] body = Wire.ProtobufBody("metrics", 1);
        return [.. body, .. Otlp.OtlpSchema.LengthDelimited(1000, new byte[bytes - body.Length - 4])];
    }

    // So many log records of a mebibyte each.
    private static byte[] Mebibytes(int records)
    {
        const string mebibyte = "\"body\":{\"stringValue\":\"TEXT\"}";
        string record = Otlp.Export.Record(mebibyte.Replace("TEXT", new string('x', (1 << 20) - mebibyte.Length + 1), StringComparison.Ordinal));
        return Wire.Bytes(Otlp.Export.Logs([.. Enumerable.Repeat(record, records)]));
    }

    private static async Task<RawAnswer> Send(ServerClient server, byte[] body, bool chunked, params string[] headers)
    {
        using RawConnection connection = await RawConnection.Open(server.Url);
        if (chunked)
        {
            await connection.Send(RawConnection.Head("POST", Metrics, [Wire.Token, .. headers, "Transfer-Encoding: chunked"]));
            await connection.Send([.. Encoding.ASCII.GetBytes($"{body.Length:x}\r\n"), .. body, .. "\r\n0\r\n\r\n"u8]);
        }
        else
        {
            await connection.Request("POST", Metrics, body, [Wire.Token, .. headers]);
        }

        return await connection.Read();
    }

    [Theory]
    [InlineData(Wire.Json, false, false)]
    [InlineData(Wire.Json, false, true)]
    [InlineData(Wire.Json, true, false)]
    [InlineData(Wire.Json, true, true)]
    [InlineData(Wire.Protobuf, false, false)]
    [InlineData(Wire.Protobuf, false, true)]
    [InlineData(Wire.Protobuf, true, false)]
    [InlineData(Wire.Protobuf, true, true)]
    public async Task M_01_The_largest_body_is_taken_and_one_byte_more_is_413_with_a_status(string type, bool gzip, bool chunked)
    {
        await using RunningServer server = await StartWithMax();
        byte[] Packed(byte[] plain) => gzip ? Exports.Gzip(plain) : plain;
        string[] headers = gzip ? [type, Wire.Gzip] : [type];
        Assert.Equal(200, (await Send(server, Packed(OfLength(Max, type)), chunked, headers)).Status);
        Assert.Equal(1, Stored(server));

        RawAnswer tooLarge = await Send(server, Packed(OfLength(Max + 1, type)), chunked, headers);
        Assert.Equal((413, 8), (tooLarge.Status, (int)tooLarge.Status()["code"]!));
        Assert.Contains("4096", (string)tooLarge.Status()["message"]!, StringComparison.Ordinal);
        Assert.Contains("--max-body", (string)tooLarge.Status()["message"]!, StringComparison.Ordinal);
        Assert.Equal(1, Stored(server));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task M_01_The_limit_holds_before_decompression_too(bool chunked)
    {
        // Random bytes do not compress: this gzip is larger than the limit, and what is in it is not.
        byte[] noise = new byte[Max];
        new Random(1).NextBytes(noise);
        await using RunningServer server = await StartWithMax();
        Assert.Equal(413, (await Send(server, Exports.Gzip(noise), chunked, Wire.Json, Wire.Gzip)).Status);
    }

    [Fact]
    public async Task M_02_A_small_gzip_of_a_huge_body_is_413()
    {
        await using RunningServer server = await StartWithMax();
        byte[] bomb = Exports.Gzip(new byte[2 << 20]);
        Assert.InRange(bomb.Length, 1, Max);
        foreach (byte[] body in (byte[][])[bomb, [.. Exports.Gzip([]), .. bomb]])
        {
            Assert.Equal(413, (await server.Export(Metrics, body, Wire.Json, Wire.Gzip)).Status);
        }
    }

    [PublishedFact]
    public async Task M_02_A_bomb_is_refused_at_once_and_takes_no_more_memory_than_the_limit()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        Assert.Equal(200, (await exe.Export(Metrics, Exports.Gzip(Exports.OfLength(1000)), Wire.Json, Wire.Gzip)).Status);
        byte[] bomb = Exports.Gzip(Wire.Bytes(new string(' ', 80 << 20)));
        Assert.InRange(bomb.Length, 1, 100_000);
        long before = exe.PeakResidentBytes();
        var clock = Stopwatch.StartNew();
        Assert.Equal(413, (await exe.Export(Metrics, bomb, Wire.Json, Wire.Gzip)).Status);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"it took {clock.Elapsed}");

        // The limit, and what reading any body takes.
        Assert.InRange(exe.PeakResidentBytes() - before, 0, (64 + 4) << 20);
    }

    [Fact]
    public async Task M_03_By_default_63_MiB_are_taken_and_65_are_413()
    {
        await using RunningServer server = await RunningServer.Start(null, "--durability", "normal");
        byte[] large = Mebibytes(63);
        Assert.InRange(large.Length, 63 << 20, 64 << 20);
        Assert.Equal((200, "{}"), await server.Export("/v1/logs", large, Wire.Json) is var taken ? (taken.Status, taken.Text) : default);
        Assert.Equal(63L, server.Sql($"SELECT count(*) FROM otel_events WHERE length(body) > {1_000_000}"));

        Assert.Equal(413, (await server.Export("/v1/logs", Exports.Gzip(Exports.OfLength(65 << 20)), Wire.Json, Wire.Gzip)).Status);
        Assert.Equal(63, Stored(server));
    }

    [PublishedFact]
    public async Task M_03_What_a_huge_body_took_is_given_back()
    {
        await using PublishedExe exe = await PublishedExe.Start("--durability", "normal");
        Assert.Equal(200, (await exe.Export("/v1/logs", Mebibytes(4), Wire.Json)).Status);
        long before = exe.ResidentBytes();

        // One with something behind it, and one that is not UTF-8 where an escape makes it a copy, are refused halfway.
        byte[] wrong = [.. "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"\\n"u8, .. Enumerable.Repeat((byte)0xFF, 60 << 20), .. "\"}}]}]}]}"u8];
        foreach (byte[] body in (byte[][])[Mebibytes(60), Exports.OfLength(60 << 20), new byte[60 << 20], [.. Mebibytes(60), (byte)'x'], wrong])
        {
            _ = await exe.Export("/v1/logs", body, Wire.Json);
            _ = await exe.Export("/v1/logs", Exports.Gzip(body), Wire.Json, Wire.Gzip);
        }

        // At once, and not when some collector comes by: each answer is written when its body's memory is given back.
        Assert.InRange(exe.ResidentBytes() - before, long.MinValue, 16 << 20);
    }

    [PublishedLinuxFact]
    public async Task M_03_A_large_body_that_memory_does_not_suffice_for_keeps_no_other_out()
    {
        await using PublishedExe exe = await PublishedExe.StartWithin(100 << 20);
        byte[] gzip = Exports.Gzip(Exports.OfLength(200 << 20));
        Assert.Equal(500, (await exe.Export(Metrics, gzip, Wire.Json, Wire.Gzip)).Status);
        Assert.Equal(200, (await exe.Export(Metrics, Exports.OfLength(Limits.LargeBodyBytes + 1), Wire.Json)).Status);
    }

    [Fact]
    public async Task M_03_The_limit_can_be_set()
    {
        await using RunningServer server = await StartWithMax(1 << 20);
        Assert.Equal(200, (await server.Export(Metrics, Exports.OfLength(1 << 20), Wire.Json)).Status);
        Assert.Equal(413, (await server.Export(Metrics, Exports.OfLength(2 << 20), Wire.Json)).Status);
        Assert.Equal(1, Stored(server));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task M_04_A_client_that_sends_70_MiB_before_it_reads_still_reads_the_413(bool chunked)
    {
        await using RunningServer server = await RunningServer.Start();
        using RawConnection connection = await RawConnection.Open(server.Url);
        byte[] mebibyte = Wire.Bytes(new string(' ', 1 << 20));
        await connection.Send(RawConnection.Head("POST", Metrics, Wire.Token, Wire.Json, chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {70 << 20}"));
        for (int i = 0; i < 70; i++)
        {
            await connection.Send(chunked ? [.. "100000\r\n"u8, .. mebibyte, .. "\r\n"u8] : mebibyte);
        }

        await connection.Send(chunked ? "0\r\n\r\n" : "");
        RawAnswer answer = await connection.Read();
        Assert.Equal((413, 8), (answer.Status, (int)answer.Status()["code"]!));
        await connection.Post(Metrics, Exports.OfLength(1000));
        Assert.Equal(200, (await connection.Read()).Status);
    }

    [Fact]
    public async Task M_04_A_client_that_never_ends_its_body_is_answered_when_enough_is_thrown_away()
    {
        await using RunningServer server = await StartWithMax();
        using RawConnection connection = await RawConnection.Open(server.Url);
        byte[] mebibyte = Wire.Bytes(new string(' ', 1 << 20));
        await connection.Send(RawConnection.Head("POST", Metrics, Wire.Token, Wire.Json, "Transfer-Encoding: chunked"));
        // What is read before the refusal, some mebibytes at most, is not counted.
        for (long sent = 0; sent <= Limits.DrainBytesMax + (16 << 20); sent += mebibyte.Length)
        {
            await connection.Send([.. "100000\r\n"u8, .. mebibyte, .. "\r\n"u8]);
        }

        Assert.Equal(413, (await connection.Read()).Status);
    }

    [Fact]
    public async Task M_04_A_client_that_asks_before_it_sends_70_MiB_is_told_without_sending_them()
    {
        await using RunningServer server = await RunningServer.Start();
        using RawConnection connection = await RawConnection.Open(server.Url);
        await connection.Send(RawConnection.Head("POST", Metrics, Wire.Token, Wire.Json, $"Content-Length: {70 << 20}", "Expect: 100-continue"));
        RawAnswer answer = await connection.Read();
        Assert.Equal((413, 8), (answer.Status, (int)answer.Status()["code"]!));
    }

    [Theory]
    [InlineData(40_000)]
    [InlineData(1 << 20)]
    public async Task M_05_Headers_without_end_are_refused(int bytes)
    {
        await using RunningServer server = await StartWithMax();
        using (RawConnection connection = await RawConnection.Open(server.Url))
        {
            try
            {
                await connection.Send(RawConnection.Head("POST", Metrics, [Wire.Token, .. Enumerable.Repeat("x: " + new string('x', 995), bytes / 1000)]));
                Assert.Equal(431, (await connection.Read()).Status);
            }
            catch (IOException) when (bytes > 100_000)
            {
                // Cut off while still sending headers: whoever sends a mebibyte of them is no client.
            }
        }

        Assert.Equal(200, (await server.Export(Metrics, Exports.OfLength(1000), Wire.Json)).Status);
    }

    [Fact]
    public async Task M_05_A_body_of_one_byte_at_a_time_holds_nobody_up_and_is_given_up()
    {
        await using RunningServer server = await StartWithMax();
        using RawConnection slow = await RawConnection.Open(server.Url);
        await slow.Send(RawConnection.Head("POST", Metrics, Wire.Token, Wire.Json, "Content-Length: 1000"));
        Task<RawAnswer> given = slow.Read();
        for (int i = 0; i < 20 && !given.IsCompleted; i++)
        {
            await slow.Send(" ");
            Assert.Equal(200, (await server.Export(Metrics, Exports.OfLength(1000, Exports.Noon + i), Wire.Json)).Status);
            await Task.WhenAny(given, Task.Delay(500));
        }

        RawAnswer answer = await given;
        Assert.Equal(408, answer.Status);
        Assert.True((int)answer.Status()["code"]! > 0);
        Assert.True(await slow.IsClosed());
    }

    [Fact]
    public async Task M_05_A_body_that_pauses_is_waited_for_and_takes_nothing_from_the_other_clients()
    {
        await using RunningServer server = await StartWithMax();
        byte[] body = Exports.OfLength(1000);
        using RawConnection slow = await RawConnection.Open(server.Url);
        await slow.Send(RawConnection.Head("POST", Metrics, Wire.Token, Wire.Json, $"Content-Length: {body.Length}"));
        await slow.Send(body[..500]);
        Assert.Equal(200, (await server.Export(Metrics, Exports.OfLength(1000, Exports.Noon + 1), Wire.Json)).Status);
        Assert.Equal(1, Stored(server));

        await slow.Send(body[500..]);
        Assert.Equal(200, (await slow.Read()).Status);
        Assert.Equal(2, Stored(server));
    }

    [Fact]
    public async Task M_06_Nothing_in_a_request_ends_the_program()
    {
        await using RunningServer server = await StartWithMax();
        await Storm(server, 2000);
        Assert.Empty(server.Said);
        Assert.Equal("ok", server.Sql("PRAGMA integrity_check"));
    }

    [PublishedFact]
    public async Task M_06_Ten_thousand_requests_of_nonsense_neither_end_the_published_file_nor_fill_its_memory()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        await Storm(exe, 1000);
        long before = exe.PeakResidentBytes();
        await Storm(exe, 9000);
        Assert.InRange(exe.PeakResidentBytes() - before, 0, 8 << 20);
    }

    // Random bytes and good bodies with random changes, to every path in both encodings, plain and as gzip.
    private static async Task Storm(ServerClient server, int requests)
    {
        const int clients = 4;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            var random = new Random(client);
            for (int i = 0; i < requests / clients; i++)
            {
                string signal = Wire.Signals[random.Next(3)], type = random.Next(2) == 0 ? Wire.Json : Wire.Protobuf;
                byte[] body = random.Next(3) == 0 ? new byte[random.Next(300)] : Wire.Body(signal, type, 2);
                if (body.Length < 300)
                {
                    random.NextBytes(body);
                }

                for (int changes = random.Next(4); changes > 0 && body.Length > 0; changes--)
                {
                    body[random.Next(body.Length)] = (byte)random.Next(256);
                }

                using var content = new ByteArrayContent(random.Next(4) == 0 ? Exports.Gzip(body) : body);
                content.Headers.TryAddWithoutValidation("Content-Type", type["Content-Type: ".Length..]);
                if (random.Next(4) == 0)
                {
                    content.Headers.TryAddWithoutValidation("Content-Encoding", "gzip");
                }

                using HttpResponseMessage answer = await server.Http.PostAsync(new Uri($"{server.Url}/v1/{signal}"), content);
                Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge, $"{answer.StatusCode}");
            }
        }));
        Assert.Equal(200, (await server.Export(Metrics, Exports.OfLength(1000), Wire.Json)).Status);
    }
}
