using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace OtelLite.Tests;

/// <summary>How many requests over HTTP/2 are open at once, and what becomes of one more.</summary>
public sealed class Http2RequestsTests
{
    private sealed class Ends : IHttpResetFeature, IConnectionLifetimeFeature
    {
        public List<string> Seen { get; } = [];

        public CancellationToken ConnectionClosed { get; set; }

        public void Reset(int errorCode) => Seen.Add($"reset {errorCode}");

        public void Abort() => Seen.Add("closed");
    }

    [Fact]
    public async Task One_more_than_all_may_have_is_told_that_nothing_was_done()
    {
        var end = new TaskCompletionSource();
        int served = 0;
        var requests = new Http2Requests(_ => { served++; return end.Task; }, _ => true);
        var ends = new Ends();
        List<Task> open = [.. Enumerable.Range(0, Limits.Http2RequestsMax).Select(i => requests.Serve(Context($"c{i % 20}", ends)))];
        Assert.Equal((Limits.Http2RequestsMax, 0), (served, ends.Seen.Count));
        await requests.Serve(Context("c0", ends));
        Assert.Equal(["reset 7"], ends.Seen); // REFUSED_STREAM: it may be sent again (RFC 9113, 8.7).
        end.SetResult();
        await Task.WhenAll(open);
        await requests.Serve(Context("c0", ends));
        Assert.Equal((Limits.Http2RequestsMax + 1, 1), (served, ends.Seen.Count));
    }

    [Fact]
    public async Task A_connection_with_too_many_that_brought_no_token_ends_and_another_does_not()
    {
        var requests = new Http2Requests(_ => Task.CompletedTask, request => request.Headers.Authorization.Count > 0);
        var ends = new Ends();
        for (int i = 0; i < Limits.UnknownRequestsMax; i++)
        {
            await requests.Serve(Context("a", ends));
        }

        await requests.Serve(Context("b", ends));
        DefaultHttpContext known = Context("a", ends);
        known.Request.Headers.Authorization = "Bearer t";
        await requests.Serve(known);
        Assert.Empty(ends.Seen);
        await requests.Serve(Context("a", ends));
        Assert.Equal(["closed"], ends.Seen);
    }

    private static DefaultHttpContext Context(string connection, Ends ends)
    {
        var context = new DefaultHttpContext();
        context.Connection.Id = connection;
        context.Features.Set<IHttpResetFeature>(ends);
        context.Features.Set<IConnectionLifetimeFeature>(ends);
        return context;
    }
}
