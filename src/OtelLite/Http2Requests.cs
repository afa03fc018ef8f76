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

    private int _open;

    public Task Serve(HttpContext context)
    {
        Http2Connection connection = context.Features.GetRequiredFeature<Http2Connection>();
        if (isKnown(context.Request))
        {
            connection.BecomeKnown();
            return ServeOne(context);
        }

        return connection.MayAskUnknown() ? ServeOne(context) : Task.CompletedTask;
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
