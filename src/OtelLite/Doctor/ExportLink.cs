using System.Text.Json;
using OtelLite.ClaudeSettings;
using OtelLite.Status;

namespace OtelLite.Doctor;

/// <summary>A test export of each signal, sent as the client would send it, arrives in the OtelLite that was found.</summary>
internal static class ExportLink
{
    public const string Name = "export";

    public static Link Of(Scene scene)
    {
        Route[] on = [.. scene.Routes.Where(r => r.IsOn)];
        return new Link(Name, on.Length == 0
            ? [Finding.Unknown("no test export was sent, as no signal is exported")]
            : [.. on.Select(route => Of(scene, route))]);
    }

    private static Finding Of(Scene scene, Route route)
    {
        if (!route.IsKnownProtocol)
        {
            return Finding.Unknown($"{route.Signal}: no test export was sent, as there is no such protocol");
        }

        if (route.Url is null)
        {
            return Finding.Unknown($"{route.Signal}: no test export was sent, as the endpoint is none");
        }

        if (route.Endpoint.Kind == EndpointKind.Tls)
        {
            return Finding.Unknown($"{route.Signal}: no test export was sent to {route.Url}, as doctor speaks no TLS");
        }

        string mark = Guid.NewGuid().ToString("N");
        JsonElement? before = scene.Server.Ingest();
        ExportAnswer answer = TestExport.Send(route, mark);
        JsonElement? after = scene.Server.Ingest();
        string test = $"{route.Signal}: a test export to {route.Url} over {route.Protocol}";
        return answer.Outcome switch
        {
            ExportOutcome.Taken when before is null || after is null => Finding.Odd(
                $"{test} was taken, and whether by this OtelLite can't be seen", Scene.TellOptions),
            ExportOutcome.Taken when ServerSeen.Accepted(after.Value) > ServerSeen.Accepted(before.Value) => Finding.Ok($"{test} arrived there"),
            ExportOutcome.Taken => Finding.Broken($"{test} was taken by something that is not the OtelLite on {scene.Address}", Right(scene, route)),
            ExportOutcome.Unauthorized when scene.Origins.HasHeadersHelper => Finding.Unknown($"{test} was refused without what otelHeadersHelper adds, which only Claude Code runs"),
            ExportOutcome.Unauthorized => Finding.Broken($"{test} was refused: the token is missing or wrong", scene.Set(scene.Origins.Look(ExportVariables.Headers), HeadersLink.Right(scene))),
            ExportOutcome.Refused => Finding.Broken($"{test} was refused: {Reason(after, mark) ?? answer.Why}", Right(scene, route)),
            ExportOutcome.OtherProtocol => Finding.Broken($"{test} was not understood: {answer.Why}", Right(scene, route)),
            _ => Finding.Broken($"{test} does not arrive: {answer.Why}", scene.Server.IsRunning ? Right(scene, route) : new Remedy("Start OtelLite", "otellite")),
        };
    }

    private static Remedy Right(Scene scene, Route route)
    {
        Found own = scene.Origins.Look(Route.Variable(route.Signal, "ENDPOINT"));
        return own.Value is not null ? scene.Remove(own) : scene.SetEndpoint(route.IsGrpc);
    }

    // The server's own words are better than a number; it remembers who was refused.
    private static string? Reason(JsonElement? ingest, string mark) =>
        StatusLook.Refusals(ingest).FirstOrDefault(r => r.Client.EndsWith(mark, StringComparison.Ordinal))?.Reason;
}
