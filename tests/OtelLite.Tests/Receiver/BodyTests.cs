using System.Net;

namespace OtelLite.Tests.Receiver;

/// <summary>A body's way in, as far as the checklist does not ask for it: wrong framing, and clients that go away or do not wait.</summary>
public sealed class BodyTests : IAsyncLifetime
{
    private const string Token = $"Authorization: Bearer {RunningServer.TestToken}";
    private const string Json = "Content-Type: application/json";

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private long Stored => (long)_server.Sql("SELECT count(*) FROM otel_metrics")!;

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
    public async Task A_client_that_asks_first_without_the_token_is_refused_before_it_sends()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Send(RawConnection.Head("POST", "/v1/metrics", Json, "Content-Length: 1000", "Expect: 100-continue"));
        Assert.Equal(401, (await connection.Read()).Status);
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

        using HttpResponseMessage next = await _server.Post("/v1/metrics", Exports.Commit());
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(1, Stored);
        Assert.Empty(_server.Said);
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
