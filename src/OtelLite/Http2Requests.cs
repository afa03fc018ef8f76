namespace OtelLite;

/// <summary>
/// Requests that come over HTTP/2, of which one connection may bring a hundred. A client that does not read its answers would have them and its requests kept for ever: the server itself waits without
/// end for a window to open. So there are only so many in all, answered or not, and who reads nothing is waited for no longer than a while.
/// </summary>
internal sealed class Http2Requests(RequestDelegate next)
{
    private int _open;

    public async Task Serve(HttpContext context)
    {
        try
        {
            if (Interlocked.Increment(ref _open) > Limits.Http2RequestsMax)
            {
                context.Abort();
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
