using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace OtelLite.Tests;

/// <summary>How many requests over HTTP/2 are open at once, and what becomes of one more.</summary>
public sealed class Http2RequestsTests
{
    private sealed class Ends : IHttpResetFeature
    {
        public List<string> Seen { get; } = [];

        public List<Http2Connection> Known { get; } = [];

        public void Reset(int errorCode) => Seen.Add($"reset {errorCode}");
    }

    [Fact]
    public async Task One_more_than_all_may_have_is_told_that_nothing_was_done()
    {
        var end = new TaskCompletionSource();
        int served = 0;
        var requests = new Http2Requests(_ => { served++; return end.Task; }, _ => true);
        var ends = new Ends();
        Http2Connection[] connections = [.. Enumerable.Range(0, 20).Select(_ => Connection(ends))];
        List<Task> open = [.. Enumerable.Range(0, Limits.Http2RequestsMax).Select(i => requests.Serve(Context(connections[i % 20], ends)))];
        Assert.Equal((Limits.Http2RequestsMax, 0), (served, ends.Seen.Count));
        await requests.Serve(Context(connections[0], ends));
        Assert.Equal(["reset 7"], ends.Seen); // REFUSED_STREAM: it may be sent again (RFC 9113, 8.7).
        end.SetResult();
        await Task.WhenAll(open);
        await requests.Serve(Context(connections[0], ends));
        Assert.Equal((Limits.Http2RequestsMax + 1, 1), (served, ends.Seen.Count));
        Assert.Equal(connections, ends.Known);
    }

    [Fact]
    public async Task A_connection_with_too_many_that_brought_no_token_ends_and_another_does_not()
    {
        var requests = new Http2Requests(_ => Task.CompletedTask, request => request.Headers.Authorization.Count > 0);
        var ends = new Ends();
        Http2Connection a = Connection(ends), b = Connection(ends);
        for (int i = 0; i < Limits.UnknownRequestsMax; i++)
        {
            await requests.Serve(Context(a, ends));
        }

        await requests.Serve(Context(b, ends));
        DefaultHttpContext known = Context(a, ends);
        known.Request.Headers.Authorization = "Bearer t";
        await requests.Serve(known);
        Assert.Empty(ends.Seen);
        Assert.Equal([a], ends.Known);
        await requests.Serve(Context(a, ends));
        await requests.Serve(Context(a, ends));
        Assert.Equal(["closed"], ends.Seen);
    }

    private static Http2Connection Connection(Ends ends) => new(() => ends.Seen.Add("closed"), ends.Known.Add);

    private static DefaultHttpContext Context(Http2Connection connection, Ends ends)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResetFeature>(ends);
        context.Features.Set(connection);
        return context;
    }
}
