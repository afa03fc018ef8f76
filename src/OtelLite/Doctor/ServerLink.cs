using OtelLite.Status;

namespace OtelLite.Doctor;

/// <summary>OtelLite runs, and doctor may ask it.</summary>
internal static class ServerLink
{
    public static Link Of(Scene scene)
    {
        ServerSeen seen = scene.Server;
        RunningServer server = seen.Report.Server;
        if (!server.IsRunning)
        {
            if (server.HangingProcess is { } process)
            {
                return new Link("server", [Finding.Broken(
                    $"OtelLite (process {process}) has {scene.Options.DataDir} and does not answer on {string.Join(" or ", server.Urls)}",
                    new("End that process, and start OtelLite again", scene.Start))]);
            }

            if (scene.OtherMachine is { } other)
            {
                return new Link("server", [Finding.Unknown(
                    $"no OtelLite runs here, and Claude Code sends to {other}, another machine or network: whether one runs there shows by the test export, by its page, or by {other}/healthz")]);
            }

            bool isTaken = ServerAnswer.IsOpen(seen.Url.Addresses[0], seen.Url.Port);
            return new Link("server", [Finding.Broken(
                isTaken ? $"OtelLite does not run: another program has {server.Urls[0]}" : $"OtelLite does not run on {string.Join(" or ", server.Urls)}",
                isTaken ? new("Start it on a free port, and give doctor and setup that address too", "otellite --urls http://localhost:9090")
                    : new("Start it and leave it running; if it runs elsewhere, give doctor the options that it was started with", scene.Start))]);
        }

        List<Finding> findings = [];
        if (!server.CanStore)
        {
            findings.Add(Finding.Broken($"OtelLite runs but can't store anything: {server.Trouble}", new($"Mend that in {scene.Options.DataDir}; it tries again by itself")));
        }

        string since = server.StartedAt is { } at ? $", for {ShownValues.Duration(scene.Now - at)}" : "";
        string ports = new ReceivingPorts(server.OtlpHttpPorts, server.OtlpGrpcPort ?? 0).ToString().TrimEnd('.');
        findings.Add(Finding.Ok($"OtelLite {server.Version} runs{(server.CanStore ? " and can store" : "")}, on {string.Join(" and ", server.Urls)}{since}. {ports}"));
        if (seen.IsElsewhere)
        {
            string told = $"doctor was told of {string.Join(" and ", scene.Options.Urls.Select(u => $"http://{u.Host}:{u.Port}"))}";
            findings.Add(seen.IsToldByFolder ? Finding.Ok($"that is who has {scene.Options.DataDir}; {told}") : Finding.Odd($"that is where Claude Code sends; {told}", Scene.TellOptions));
        }

        string file = Path.Combine(scene.Options.DataDir, Token.FileName);
        findings.Add(seen.Token is null
            ? Finding.Odd($"no token is known that it takes{(scene.Options.Token is null ? $": that in {file} is missing or another's" : "")}", Scene.TellOptions)
            : seen.Token == StatusLook.TokenOf(scene.Options) ? Finding.Ok($"it takes the token {(scene.Options.Token is null ? $"in {file}" : "of --token")}")
            : Finding.Odd($"it takes the token that Claude Code sends, and not {(scene.Options.Token is null ? $"that in {file}" : "that of --token")}", Scene.TellOptions));
        return new Link("server", findings);
    }
}
