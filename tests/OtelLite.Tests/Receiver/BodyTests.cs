using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace OtelLite.Tests.Receiver;

/// <summary>A body's way in: its length, its framing, its compression, and clients that are slow or go away.</summary>
public sealed class BodyTests : IAsyncLifetime
{
    private const int Max = 4096;
    private const string Token = $"Authorization: Bearer {RunningServer.TestToken}";
    private const string Json = "Content-Type: application/json";

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start(null, "--max-body", Max.ToString(CultureInfo.InvariantCulture));

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private long Stored => (long)_server.Sql("SELECT count(*) FROM otel_metrics")!;

    private async Task<HttpStatusCode> Post(byte[] body, string? encoding = null, bool chunked = false, string type = "application/json")
    {
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (encoding is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, _server.Url + "/v1/metrics") { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RunningServer.TestToken);
        request.Headers.TransferEncodingChunked = chunked;
        using HttpResponseMessage answer = await _server.Http.SendAsync(request);
        return answer.StatusCode;
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task The_largest_body_is_taken_and_one_byte_more_is_413(bool gzip, bool chunked)
    {
        byte[] Packed(byte[] plain) => gzip ? Exports.Gzip(plain) : plain;
        Assert.Equal(HttpStatusCode.OK, await Post(Packed(Exports.OfLength(Max)), gzip ? "gzip" : null, chunked));
        Assert.Equal(1, Stored);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await Post(Packed(Exports.OfLength(Max + 1, Exports.Noon + 1)), gzip ? "gzip" : null, chunked));
        Assert.Equal(1, Stored);
    }

    [Fact]
    public async Task The_limit_holds_before_decompression_too()
    {
        // Random bytes do not compress: this gzip is larger than the limit although nothing says so before it is read.
        byte[] noise = new byte[Max];
        new Random(1).NextBytes(noise);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await Post(Exports.Gzip(noise), "gzip"));
    }

    [Fact]
    public async Task A_413_says_the_limit_and_how_to_raise_it_and_can_be_read_by_a_client_that_sends_all_first()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Post("/v1/metrics", Exports.OfLength(16 << 20));
        RawAnswer answer = await connection.Read();
        Assert.Equal(413, answer.Status);
        Assert.Equal(8, (int)answer.Json["code"]!);
        Assert.Contains("4096", (string)answer.Json["message"]!, StringComparison.Ordinal);
        Assert.Contains("--max-body", (string)answer.Json["message"]!, StringComparison.Ordinal);

        await connection.Post("/v1/metrics", Exports.OfLength(Max));
        Assert.Equal(200, (await connection.Read()).Status);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("x-gzip")]
    public async Task Gzip_is_taken_under_its_names(string encoding)
    {
        Assert.Equal(HttpStatusCode.OK, await Post(Exports.Gzip(Encoding.UTF8.GetBytes(Exports.Commit())), encoding));
        Assert.Equal(1, Stored);
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("")]
    public async Task No_compression_may_be_said_or_left_out(string encoding)
    {
        Assert.Equal(HttpStatusCode.OK, await Post(Exports.OfLength(1000), encoding));
        Assert.Equal(1, Stored);
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/json;charset=\"utf-8\"")]
    [InlineData("APPLICATION/JSON")]
    public async Task Parameters_and_letter_case_of_the_content_type_do_not_matter(string type)
    {
        Assert.Equal(HttpStatusCode.OK, await Post(Exports.OfLength(1000), type: type));
        Assert.Equal(1, Stored);
    }

    [Fact]
    public async Task Bytes_that_are_announced_as_gzip_and_are_none_are_400_and_not_read_as_plain()
    {
        Assert.Equal(HttpStatusCode.BadRequest, await Post(Exports.OfLength(1000), "gzip"));
        Assert.Equal(HttpStatusCode.BadRequest, await Post([], "gzip"));
        Assert.Equal(0, Stored);
    }

    [Fact]
    public async Task Gzip_that_is_cut_short_or_damaged_stores_nothing()
    {
        byte[] whole = Exports.Gzip(Encoding.UTF8.GetBytes(Exports.Commit()));
        foreach (int missing in (int[])[1, 4, 8, 9, whole.Length / 2, whole.Length - 10])
        {
            Assert.Equal(HttpStatusCode.BadRequest, await Post(whole[..^missing], "gzip"));
        }

        byte[] wrongChecksum = [.. whole];
        wrongChecksum[^6] ^= 1;
        Assert.Equal(HttpStatusCode.BadRequest, await Post(wrongChecksum, "gzip"));
        Assert.Equal(0, Stored);
    }

    [Fact]
    public async Task Gzip_in_two_members_is_one_body()
    {
        byte[] plain = Encoding.UTF8.GetBytes(Exports.Commit());
        Assert.Equal(HttpStatusCode.OK, await Post([.. Exports.Gzip(plain.AsSpan(0, 100)), .. Exports.Gzip(plain.AsSpan(100))], "gzip"));
        Assert.Equal(1, Stored);
    }

    [Fact]
    public async Task A_small_gzip_of_a_huge_body_is_413()
    {
        using var bomb = new MemoryStream();
        bomb.Write(Exports.Gzip(new byte[2 << 20]));
        Assert.InRange(bomb.Length, 1, Max);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await Post(bomb.ToArray(), "gzip"));
    }

    [Fact]
    public async Task A_body_may_come_in_chunks_of_one_byte()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Send(RawConnection.Head("POST", "/v1/metrics", Token, Json, "Transfer-Encoding: chunked"));
        await connection.Send(string.Concat(Exports.Commit().Select(c => $"1\r\n{c}\r\n")) + "0\r\n\r\n");
        Assert.Equal(200, (await connection.Read()).Status);
        Assert.Equal(1, Stored);
    }

    [Fact]
    public async Task Chunks_that_are_none_are_400()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Send(RawConnection.Head("POST", "/v1/metrics", Token, Json, "Transfer-Encoding: chunked") + "nonsense\r\n");
        RawAnswer answer = await connection.Read();
        Assert.Equal(400, answer.Status);
        Assert.Equal(3, (int)answer.Json["code"]!);
        Assert.Equal(0, Stored);
    }

    [Fact]
    public async Task A_client_that_asks_first_is_told_to_go_on()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        byte[] body = Exports.OfLength(1000);
        await connection.Send(RawConnection.Head("POST", "/v1/metrics", Token, Json, $"Content-Length: {body.Length}", "Expect: 100-continue"));
        Assert.Equal(100, (await connection.Read()).Status);
        await connection.Send(body);
        Assert.Equal(200, (await connection.Read()).Status);
        Assert.Equal(1, Stored);
    }

    [Fact]
    public async Task A_client_that_asks_first_without_the_token_is_refused_before_it_sends()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Send(RawConnection.Head("POST", "/v1/metrics", Json, "Content-Length: 1000", "Expect: 100-continue"));
        Assert.Equal(401, (await connection.Read()).Status);
    }

    [Fact]
    public async Task A_body_that_never_ends_takes_nothing_from_the_other_clients()
    {
        byte[] body = Exports.OfLength(1000);
        using RawConnection slow = await RawConnection.Open(_server.Url);
        await slow.Send(RawConnection.Head("POST", "/v1/metrics", Token, Json, $"Content-Length: {body.Length}"));
        await slow.Send(body[..500]);

        Assert.Equal(HttpStatusCode.OK, await Post(Exports.OfLength(1000, Exports.Noon + 1)));
        Assert.Equal(1, Stored);

        await slow.Send(body[500..]);
        Assert.Equal(200, (await slow.Read()).Status);
        Assert.Equal(2, Stored);
    }

    [Fact]
    public async Task A_client_that_goes_away_in_the_middle_leaves_nothing_behind()
    {
        byte[] body = Exports.OfLength(1000);
        using (RawConnection gone = await RawConnection.Open(_server.Url))
        {
            await gone.Send(RawConnection.Head("POST", "/v1/metrics", Token, Json, $"Content-Length: {body.Length}"));
            await gone.Send(body[..500]);
        }

        using (RawConnection half = await RawConnection.Open(_server.Url))
        {
            await half.Send(RawConnection.Head("POST", "/v1/metrics", Token, Json, $"Content-Length: {body.Length}"));
            await half.Send(body[..500]);
            half.EndSending();
            Assert.True(await half.IsClosed());
        }

        Assert.Equal(HttpStatusCode.OK, await Post(Exports.OfLength(1000, Exports.Noon + 1)));
        Assert.Equal(1, Stored);
        Assert.Empty(_server.Said);
    }

    [Fact]
    public async Task A_stopping_server_still_takes_the_export_that_is_on_its_way()
    {
        byte[] body = Exports.OfLength(1000);
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Send(RawConnection.Head("POST", "/v1/metrics", Token, Json, $"Content-Length: {body.Length}", "Expect: 100-continue"));
        Assert.Equal(100, (await connection.Read()).Status);
        await connection.Send(body[..500]);
        Task stop = _server.Stop();
        await Task.Delay(100);
        Assert.False(stop.IsCompleted);
        await connection.Send(body[500..]);
        Assert.Equal(200, (await connection.Read()).Status);
        await stop;
        Assert.Equal(1, Stored);
    }

    [Fact]
    public async Task One_connection_carries_many_exports_good_and_bad()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        for (int i = 0; i < 100; i++)
        {
            await connection.Post("/v1/metrics", i % 2 == 0 ? Exports.OfLength(600, Exports.Noon + i) : "{"u8.ToArray());
            Assert.Equal(i % 2 == 0 ? 200 : 400, (await connection.Read()).Status);
        }

        Assert.Equal(50, Stored);
    }

    [Fact]
    public async Task Pipelined_exports_are_all_answered()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        for (int i = 0; i < 10; i++)
        {
            await connection.Post("/v1/metrics", Exports.OfLength(600, Exports.Noon + i));
        }

        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(200, (await connection.Read()).Status);
        }

        Assert.Equal(10, Stored);
    }
}
