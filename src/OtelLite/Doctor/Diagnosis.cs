using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>What doctor found: the whole chain from Claude Code's settings to what is stored, in order.</summary>
/// <param name="variables">All that somebody sets, and who wins.</param>
/// <param name="page">The dashboard's address.</param>
internal sealed class Diagnosis(IReadOnlyList<Link> links, IReadOnlyList<Found> variables, string page)
{
    public IReadOnlyList<Link> Links => links;

    public IReadOnlyList<Found> Variables => variables;

    public string Page => page;

    /// <summary>The first link that is broken; null where the chain holds.</summary>
    public Link? Broken => links.FirstOrDefault(l => l.State == LinkState.Broken);

    /// <summary>Test exports were sent, and all of them were seen to arrive.</summary>
    public bool IsSeenToArrive => links.First(l => l.Name == ExportLink.Name).State == LinkState.Ok;

    /// <summary>Looks at each link. It changes nothing; a running server counts an empty export for each signal.</summary>
    /// <param name="setup">The line that sets Claude Code up for this OtelLite.</param>
    public static Diagnosis Make(Options options, Origins origins, string setup, string start, Func<string, string?> environment)
    {
        Route[] routes = [.. ((string[])["metrics", "logs", "traces"]).Select(signal => Route.Of(signal, origins))];
        var server = ServerSeen.Look(options, routes);
        var scene = new Scene
        {
            Options = options,
            Origins = origins,
            Routes = routes,
            Server = server,
            Start = start,
            Setup = server.IsElsewhere ? $"{setup} --urls http://{server.Url.Host}:{server.Url.Port}" : setup,
        };
        return new Diagnosis(
            [
                ServerLink.Of(scene),
                SettingsLink.Of(scene),
                SwitchLink.Of(scene),
                ExportersLink.Of(scene),
                ProtocolLink.Of(scene),
                EndpointLink.Of(scene),
                HeadersLink.Of(scene),
                DivertedLink.Of(scene),
                CallsLink.Of(scene),
                ExportLink.Of(scene),
                RefusedLink.Of(scene),
                ArrivedLink.Of(scene),
                ClientLink.Of(scene, InstalledClient.Version(environment)),
            ],
            [.. ExportVariables.All.Select(origins.Look).Where(found => found.All.Count > 0)],
            scene.Address);
    }
}
