using OtelLite.ClaudeSettings;
using OtelLite.Status;

namespace OtelLite.Doctor;

/// <summary>The headers carry this OtelLite's token.</summary>
internal static class HeadersLink
{
    /// <summary>What the headers should be; the token itself is not shown.</summary>
    public static string Right(Scene scene) => scene.OtherMachine is not null ? "\"Authorization=Bearer TOKEN\" with a token that otellite token add made there"
        : $"\"Authorization=Bearer TOKEN\" with the token {(scene.Options.Token is null ? $"in {Path.Combine(scene.Options.DataDir, Token.FileName)}" : "of --token")}";

    public static Link Of(Scene scene)
    {
        Found found = scene.Origins.Look(ExportVariables.Headers);
        Remedy remedy = scene.Set(found, Right(scene));
        if (scene.Origins.HasHeadersHelper)
        {
            return new Link("headers", [Finding.Unknown("the headers are made by otelHeadersHelper")]);
        }

        if (found.Value is null)
        {
            return new Link("headers", [
                scene.IsUnread ? Finding.Unknown("the headers stand in settings that are not read")
                : scene.Routes.All(r => !r.IsOn || r.Bearer is not null) && scene.Routes.Any(r => r.IsOn) ? Finding.Ok("each signal has headers of its own")
                : Finding.Broken($"no token is sent: nothing sets {found.Name}", remedy)]);
        }

        return new Link("headers", [Judge(scene, found, remedy)]);
    }

    /// <summary>What a list of headers comes to, of one signal or of all.</summary>
    public static Finding Judge(Scene scene, Found found, Remedy remedy)
    {
        string? bad = found.Value!.Split(',').FirstOrDefault(h => h.Trim().Length > 0 && Route.NameOf(h) is null);
        if (bad is not null)
        {
            string name = bad.Split(':', 2)[0].Trim();
            return Finding.Broken(bad.Contains(':', StringComparison.Ordinal)
                ? $"{found.Named} has a colon behind \"{name}\" where = belongs: Claude Code leaves that header out, and says nothing"
                : $"{found.Named} is not of the form Name=Value: Claude Code leaves that header out, and says nothing", remedy);
        }

        // With those of one signal those for all are sent too.
        Route? own = scene.Routes.FirstOrDefault(r => found.Name == Route.Variable(r.Signal, "HEADERS"));
        if (Route.BearerOf(own?.Headers ?? Route.HeadersOf(found.Value)) is not { Length: > 0 } bearer)
        {
            return Finding.Broken($"{found.Named} has no \"Authorization=Bearer TOKEN\"", remedy);
        }

        ServerSeen server = scene.Server;
        bool isOurs = (own ?? scene.Routes[0]).Endpoint.Url is not { } url || url.IsLoopback || url.Host == server.Url.Host;
        return !isOurs ? Finding.Unknown($"{found.Named} sends a token; whether it is that of another machine's OtelLite is not known here")
            : server.IsRunning ? (server.Takes(bearer) ? Finding.Ok($"{found.Named} sends a token that OtelLite takes") : Wrong("is not that of the OtelLite that runs"))
            : StatusLook.TokenOf(scene.Options) is not { } kept ? Finding.Unknown($"{found.Named} sends a token; whether it is the right one shows when OtelLite runs")
            : kept == bearer ? Finding.Ok($"{found.Named} sends the token of this OtelLite") : Wrong("is not that of this OtelLite");

        Finding Wrong(string why) => Finding.Broken($"the token in {found.Named} {why}: each export is refused with 401", remedy);
    }
}
