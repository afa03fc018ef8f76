using Microsoft.Data.Sqlite;
using OtelLite.Dashboard;
using OtelLite.Receiver;
using OtelLite.Storage;

namespace OtelLite;

/// <summary>The fork in the road: exports to their receiver, everything else to the dashboard; and what becomes of errors on the way.</summary>
/// <param name="damaged">Is told what was found where the database is not as it was written.</param>
internal sealed class Requests(ReceivingPorts ports, OtlpReceiver receiver, GrpcReceiver grpc, DashboardSite site, Action<string> say, Action<string> damaged)
{
    public async Task Serve(HttpContext context)
    {
        try
        {
            await Route(context).ConfigureAwait(false);
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
            await Refuse(context, e.StatusCode, e.StatusCode == StatusCodes.Status408RequestTimeout ? "the body came slower than 240 bytes a second" : e.Message).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            await Refuse(context, StatusCodes.Status400BadRequest, $"the request can't be read: {e.Message}").ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            if (Database.IsDamage(e))
            {
                damaged(e.Message);
            }

            await Refuse(context, StatusCodes.Status503ServiceUnavailable, $"the database can't be read now: {e.Message}").ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            say($"{context.Request.Method} {TerminalText.OneLine(context.Request.Path)} failed, which is a defect of this program: {e}");
            await Refuse(context, StatusCodes.Status500InternalServerError, "this is a defect of OtelLite; its own output says more").ConfigureAwait(false);
        }
    }

    private ValueTask Route(HttpContext context)
    {
        int port = context.Connection.LocalPort;
        if (GrpcReceiver.IsCall(context.Request))
        {
            return new(ports.IsForHttpOnly(port) ? grpc.Refuse(context, OtlpRefusal.PortIsForHttp(port, ports.Grpc)) : grpc.Receive(context));
        }

        if (ports.IsForGrpcOnly(port))
        {
            return new(receiver.Refuse(context, OtlpRefusal.PortIsForGrpc(port, ports.Http[0], HttpProtocol.IsHttp2(context.Request.Protocol))));
        }

        return OtlpPath.IsExport(context.Request) ? receiver.Receive(context) : new(site.Serve(context));
    }

    private Task Refuse(HttpContext context, int status, string message)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        OtlpRefusal refusal = status < 500 ? OtlpRefusal.BadData(message) with { HttpStatus = status } : OtlpRefusal.Failed(message);
        return GrpcReceiver.IsCall(context.Request) ? grpc.Refuse(context, refusal)
            : OtlpPath.IsExport(context.Request) ? receiver.Refuse(context, refusal)
            : Answers.WriteProblem(context, status, message);
    }
}
