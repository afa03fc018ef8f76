using Microsoft.Data.Sqlite;
using OtelLite.Dashboard;
using OtelLite.Receiver;

namespace OtelLite;

/// <summary>The fork in the road: exports to the receiver, everything else to the dashboard; and what becomes of errors on the way.</summary>
internal sealed class Requests(OtlpReceiver receiver, DashboardSite site, Action<string> say)
{
    public async Task Serve(HttpContext context)
    {
        try
        {
            await (OtlpReceiver.IsExport(context.Request) ? receiver.Receive(context) : site.Serve(context)).ConfigureAwait(false);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away; there is nobody to tell.
        }
        catch (OperationCanceledException)
        {
            // The server stops and has waited long enough for this body.
            context.Abort();
        }
        catch (BadRequestException e)
        {
            await Refuse(context, StatusCodes.Status400BadRequest, e.Message).ConfigureAwait(false);
        }
        catch (BadHttpRequestException e)
        {
            await Refuse(context, e.StatusCode, e.Message).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            await Refuse(context, StatusCodes.Status400BadRequest, $"the request can't be read: {e.Message}").ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            await Refuse(context, StatusCodes.Status503ServiceUnavailable, $"the database can't be read now: {e.Message}").ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            say($"{context.Request.Method} {context.Request.Path} failed, which is a defect of this program: {e}");
            await Refuse(context, StatusCodes.Status500InternalServerError, "this is a defect of OtelLite; its own output says more").ConfigureAwait(false);
        }
    }

    private Task Refuse(HttpContext context, int status, string message)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        return OtlpReceiver.IsExport(context.Request)
            ? receiver.Refuse(context, status < 500 ? OtlpRefusal.BadData(message) with { HttpStatus = status } : OtlpRefusal.Failed(message))
            : Answers.WriteProblem(context, status, message);
    }
}
