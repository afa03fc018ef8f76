using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>All that the links are judged by.</summary>
internal sealed class Scene
{
    public required Options Options { get; init; }

    public required Origins Origins { get; init; }

    public required IReadOnlyList<Route> Routes { get; init; }

    public required ServerSeen Server { get; init; }

    /// <summary>The line that sets Claude Code up for this OtelLite, or for that of another machine.</summary>
    public required string Setup
    {
        get => OtherMachine is { } other ? $"otellite setup --to {other} --token TOKEN" : field;
        init;
    }

    /// <summary>Where exports go, if that is another machine and nothing runs here; else null.</summary>
    public string? OtherMachine
    {
        get
        {
            Route[] on = [.. Routes.Where(r => r.IsOn && r.Url is not null)];
            return !Server.IsRunning && on.Length > 0 && on.All(r => !r.Endpoint.IsThisMachine) ? on[0].Url!.GetLeftPart(UriPartial.Authority) : null;
        }
    }

    /// <summary>The line that starts this OtelLite.</summary>
    public required string Start { get; init; }

    public DateTimeOffset Now { get; } = DateTimeOffset.UtcNow;

    /// <summary>Nothing of the client's own settings could be read, so what is missing was perhaps there.</summary>
    public bool IsUnread => (Origins.LeavesUserOut || Origins.All.Any(o => o.Level?.Trouble is not null)) && Origins.Look(ExportVariables.Switch).Value is null;

    /// <summary>Where a client on this machine reaches the OtelLite that runs.</summary>
    public string Address => Server.IsRunning ? Server.Report.Server.Urls[0] : $"http://{Server.Url.Host}:{Server.Url.Port}";

    /// <summary>How a variable is set right, by whoever's it is.</summary>
    public Remedy Set(Found found, string value) => found.Winner?.Kind switch
    {
        OriginKind.Managed => new($"Ask whoever administers this machine to set {found.Name} to {value} in {found.Winner.Path}: it wins over yours"),
        OriginKind.Given => new($"Set {found.Name} to {value} in {found.Winner.Path}, and start Claude Code again"),
        _ => new($"Let setup set {found.Name} to {value}, and start Claude Code again", Setup),
    };

    /// <summary>How the endpoint of all signals is set right. What setup sets is for HTTP.</summary>
    public Remedy SetEndpoint(bool isGrpc)
    {
        Found found = Origins.Look(ExportVariables.Endpoint);
        return isGrpc && found.Winner?.Kind is not (OriginKind.Managed or OriginKind.Given)
            ? new($"Let setup set {ExportVariables.Protocol} to {Route.HttpJson} and {found.Name} to {Address}, and start Claude Code again", Setup)
            : Set(found, Reached(isGrpc));
    }

    /// <summary>Where a client on this machine reaches the OtelLite that runs, in one protocol or the other.</summary>
    public string Reached(bool isGrpc) => isGrpc && Server.GrpcPort is { } port ? $"http://localhost:{port}" : Address;

    /// <summary>How a variable is taken away.</summary>
    public Remedy Remove(Found found) => found.Winner?.Kind switch
    {
        OriginKind.Managed => new($"Ask whoever administers this machine to take {found.Name} out of {found.Winner.Path}"),
        OriginKind.Given => new($"Take {found.Name} out of {found.Winner.Path}, and start Claude Code again"),
        OriginKind.Shell => new($"Take {found.Name} out of your shell's start-up file and of this shell, and start Claude Code again", $"unset {found.Name}"),
        _ => new($"Let setup take {found.Name} out of your settings, and start Claude Code again", Setup),
    };

    /// <summary>What doctor needs to see more.</summary>
    public static Remedy TellOptions { get; } = new("Give doctor the options that otellite was started with (--data-dir, --urls, --token)");
}
