using System.Net;
using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>The status line and the hook, where they are OtelLite's: they call a program that is there, for the OtelLite that the telemetry goes to.</summary>
internal static class CallsLink
{
    public static Link Of(Scene scene)
    {
        Finding[] findings =
        [
            .. from origin in scene.Origins.All
               where origin.Level?.Text is not null
               from call in OwnCall.In(origin.Level!.Text!)
               select Judge(scene, call, origin.Name, Mend(scene, call, origin.Kind, origin.Path!)),
            .. from project in scene.Origins.Projects
               where project.Text is not null
               from call in OwnCall.In(project.Text!)
               select Judge(scene, call, project.Path, Correct(call, project.Path)),
        ];
        return new Link("calls", findings.Length > 0 ? findings : [Finding.Ok("no status line or hook of Claude Code calls otellite, and none has to")]);
    }

    private static Finding Judge(Scene scene, OwnCall call, string origin, Remedy remedy)
    {
        string calls = $"the {Called(call)} ({origin}) calls {call.Program}";
        Options told;
        try
        {
            told = Options.Read(call.Settings, Variable(scene));
        }
        catch (UsageException e)
        {
            return Finding.Odd($"{calls}{(IsThere(scene, call.Program) ? "" : ", which is not there,")} with what it does not take: {e.Message.TrimEnd('.')}", remedy);
        }

        string place = $"for the OtelLite on http://{told.Urls[0].Host}:{told.Urls[0].Port}";
        return !IsThere(scene, call.Program) ? Finding.Odd($"{calls}, which is not there, {place}", remedy)
            : Telemetry(scene) is { } telemetry && !IsSame(scene, told, telemetry) ? Finding.Odd($"{calls} {place}, while the telemetry goes to http://{telemetry.Authority}", remedy)
            : Finding.Ok($"{calls} {place}");
    }

    private static string Called(OwnCall call) => call.Command == OwnCommand.HookWord ? "hook" : "status line";

    // Whoever calls it has what the client has.
    private static Func<string, string?> Variable(Scene scene) => name => scene.Origins.Look(name).Value;

    private static bool IsThere(Scene scene, string program)
    {
        bool isPath = program.Contains('/', StringComparison.Ordinal);
        string[] places = isPath ? [Folders.Expand(program, Variable(scene))]
            : [.. (Variable(scene)("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, program))];
        return places.Any(place => File.Exists(place) || (OperatingSystem.IsWindows() && File.Exists($"{place}.exe")));
    }

    // Where the settings lead it; null where that is nowhere, or behind a proxy that speaks TLS.
    private static Uri? Telemetry(Scene scene)
    {
        var endpoint = Endpoint.Read(scene.Origins.Look(ExportVariables.Endpoint).Value, IsGrpc(scene));
        return endpoint.Kind == EndpointKind.Http ? endpoint.Url : null;
    }

    private static bool IsGrpc(Scene scene) => scene.Origins.Look(ExportVariables.Protocol).Value == Route.Grpc;

    // One OtelLite has several ports: those that the running one was seen to have count, or else those that it would have if it were told the same.
    private static bool IsSame(Scene scene, Options told, Uri telemetry)
    {
        ServerSeen server = scene.Server;
        bool isAtServer = server.IsRunning && told.Urls.Any(u => server.IsAt(new Uri($"http://{(u.IsEverywhere ? "localhost" : u.Host)}:{u.Port}"), isGrpc: false));
        return isAtServer || (!(server.IsRunning && server.IsAt(telemetry, IsGrpc(scene))) && HasPort(told, telemetry));
    }

    private static bool HasPort(Options options, Uri at) =>
        options.Urls.Any(u => u.Port == at.Port && (at.IsLoopback ? u.IsLoopback || u.IsEverywhere : u.Host == at.Host))
        || (at.IsLoopback && (at.Port == options.OtlpHttpPort || at.Port == options.OtlpGrpcPort));

    private static Remedy Mend(Scene scene, OwnCall call, OriginKind kind, string path)
    {
        Uri? telemetry = Telemetry(scene);
        if (kind != OriginKind.User || telemetry is { IsLoopback: false })
        {
            return kind == OriginKind.Managed ? new Remedy($"Ask whoever administers this machine to correct the {Called(call)} in {path}") : Correct(call, path);
        }

        bool mustTell = telemetry is not null && !IsGrpc(scene) && !HasPort(scene.Options, telemetry) && !scene.Setup.Contains(" --urls ", StringComparison.Ordinal);
        return new Remedy(
            $"Let setup write the {Called(call)} anew{(call.Command == OwnCommand.HookWord ? $"; one that setup did not put there stays, and is to be corrected in {path}" : "")}",
            $"{scene.Setup}{(mustTell ? $" --urls http://{telemetry!.Authority}" : "")} --{call.Command}");
    }

    private static Remedy Correct(OwnCall call, string path) =>
        new($"Correct the {Called(call)} in {path}: the program's file, and --urls with where the telemetry goes, or take it out");
}
