using System.Globalization;
using System.Text.Json;

namespace OtelLite.Dashboard;

/// <summary>One open page's server-sent events: the figures at once, again after each commit, and a sign of life between.</summary>
internal sealed class EventStream : IDisposable
{
    private readonly HttpContext _context;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenSource _end;

    /// <param name="revoked">The token with which it was asked for is good no longer.</param>
    public EventStream(HttpContext context, CancellationToken stopping, CancellationToken revoked = default)
    {
        _context = context;
        _stopping = stopping;
        _end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping, revoked);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
    }

    /// <summary>Ends when the page goes away or the server stops. What the first question throws is thrown before the stream begins.</summary>
    public async Task Follow(LiveUpdates live, Func<SummaryAnswer> ask)
    {
        try
        {
            // The number is taken before the figures: a commit between the two is sent once more, never missed.
            long seen = live.Commit;
            SummaryAnswer first = ask();
            if (HttpMethods.IsHead(_context.Request.Method))
            {
                return;
            }

            await Send(seen, first).ConfigureAwait(false);
            while (true)
            {
                if (await Quiet(live.After(seen)).ConfigureAwait(false))
                {
                    // An event and no comment: a page that hears nothing for long knows that its server hangs.
                    await Write("event: here\ndata: {}\n\n"u8.ToArray()).ConfigureAwait(false);
                    continue;
                }

                seen = live.Commit;
                await Send(seen, ask()).ConfigureAwait(false);
                await Task.Delay(Limits.LiveInterval, _end.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            if (_stopping.IsCancellationRequested && !_context.RequestAborted.IsCancellationRequested)
            {
                await _context.Response.Body.WriteAsync("event: closing\ndata: {}\n\n"u8.ToArray(), CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _end.Dispose();

    // True when nothing was committed for as long as a stream may be silent.
    private async Task<bool> Quiet(Task commit)
    {
        try
        {
            await commit.WaitAsync(Limits.LiveKeepAlive, _end.Token).ConfigureAwait(false);
            return false;
        }
        catch (TimeoutException)
        {
            return true;
        }
    }

    private Task Send(long id, SummaryAnswer summary) => Write(
        [.. System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"event: summary\nid: {id}\ndata: ")),
         .. JsonSerializer.SerializeToUtf8Bytes(summary, ApiJson.Default.SummaryAnswer),
         .. "\n\n"u8]);

    private async Task Write(byte[] bytes)
    {
        await _context.Response.Body.WriteAsync(bytes, _end.Token).ConfigureAwait(false);
        await _context.Response.Body.FlushAsync(_end.Token).ConfigureAwait(false);
    }
}
