using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace OtelLite;

/// <summary>
/// Requests that come over HTTP/2, of which one connection may bring a hundred, each with its headers for a byte or two. A client that does not read its answers has them and its requests kept. So there
/// are only so many in all, and a connection that brings some without a token ends.
/// </summary>
/// <param name="isKnown">Whether a request brings a token that is good.</param>
internal sealed class Http2Requests(RequestDelegate next, Func<HttpRequest, bool> isKnown)
{
    // RFC 9113, 7: nothing was done, and the client may send it again.
    private const int RefusedStream = 7;

    // Those without a token, by connection.
    private readonly ConcurrentDictionary<string, int> _unknown = new(StringComparer.Ordinal);
    private int _open;
    private int _ended;

    public Task Serve(HttpContext context) => isKnown(context.Request) ? ServeOne(context) : ServeUnknown(context);

    // How many there were, and not how many are open: an answer that is short is done with here long before its client takes it.
    private Task ServeUnknown(HttpContext context)
    {
        string connection = context.Connection.Id;
        IConnectionLifetimeFeature? life = context.Features.Get<IConnectionLifetimeFeature>();
        int number = _unknown.AddOrUpdate(connection, 1, static (_, before) => before + 1);
        if (number == 1)
        {
            life?.ConnectionClosed.UnsafeRegister(_ => _unknown.TryRemove(connection, out int _), null);
        }

        if (number <= Limits.UnknownRequestsMax)
        {
            return ServeOne(context);
        }

        life?.Abort();
        // The hundred that it began are megabytes, which have outlived the collections in which most is found.
        if (number == Limits.UnknownRequestsMax + 1 && Interlocked.Increment(ref _ended) % Limits.EndedConnectionsPerCollection == 0)
        {
            GC.Collect();
        }

        return Task.CompletedTask;
    }

    private async Task ServeOne(HttpContext context)
    {
        try
        {
            if (Interlocked.Increment(ref _open) > Limits.Http2RequestsMax)
            {
                context.Features.Get<IHttpResetFeature>()?.Reset(RefusedStream);
                return;
            }

            await next(context).ConfigureAwait(false);
            await context.Response.CompleteAsync().WaitAsync(Limits.AnswerTaken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            context.Abort();
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
