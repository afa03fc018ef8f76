using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>No signal is led astray by a variable of its own, which wins over the one for all.</summary>
internal static class DivertedLink
{
    public static Link Of(Scene scene)
    {
        List<Finding> findings = [];
        foreach (Route route in scene.Routes.Where(r => r.IsOn || r.Signal != "traces"))
        {
            foreach (string what in (string[])["ENDPOINT", "PROTOCOL", "HEADERS"])
            {
                Found found = scene.Origins.Look(Route.Variable(route.Signal, what));
                if (found.Value is not null)
                {
                    findings.Add(what switch
                    {
                        "ENDPOINT" => OfEndpoint(scene, route, found),
                        "PROTOCOL" => OfProtocol(scene, route, found),
                        _ => HeadersLink.Judge(scene, found, scene.Remove(found)),
                    });
                }
            }
        }

        return new Link("diverted", findings.Count > 0 ? findings : [Finding.Ok("no signal has an endpoint, protocol or headers of its own")]);
    }

    private static Finding OfEndpoint(Scene scene, Route route, Found found)
    {
        bool isOurs = route.Url is { } url && route.Endpoint.Kind == EndpointKind.Http && scene.Server.IsAt(url, route.IsGrpc);
        // It is used as it stands.
        string path = route.Url?.AbsolutePath.TrimEnd('/') ?? "";
        bool isReceived = route.IsGrpc || path.Length == 0 || path.EndsWith($"/v1/{route.Signal}", StringComparison.Ordinal);
        return isOurs && !isReceived ? Finding.Broken($"{found.Named} sends {route.Signal} to {path}, where OtelLite receives nothing: that is used as it stands", scene.Remove(found))
            : isOurs ? Finding.Odd($"{found.Named} sends {route.Signal} to {found.Shown(found.Value!)}, past the endpoint for all; that is this OtelLite too", scene.Remove(found))
            : !scene.Server.IsRunning ? Finding.Odd($"{found.Named} sends {route.Signal} to {found.Shown(found.Value!)}, past the endpoint for all", scene.Remove(found))
            : Finding.Broken($"{found.Named} leads {route.Signal} astray, to {found.Shown(found.Value!)} instead of OtelLite", scene.Remove(found));
    }

    private static Finding OfProtocol(Scene scene, Route route, Found found) => !route.IsKnownProtocol
        ? Finding.Broken($"{found.Is}: Claude Code knows no such protocol and sends nothing at all", scene.Remove(found))
        : route.Url is { } url && scene.Server.IsRunning && scene.Server.IsAt(url, !route.IsGrpc) && !scene.Server.IsAt(url, route.IsGrpc)
        ? Finding.Broken($"{found.Is}, and port {url.Port} is not for that", scene.Remove(found))
        : Finding.Ok($"{found.Named} sends {route.Signal} as {found.Shown(found.Value!)}");
}
