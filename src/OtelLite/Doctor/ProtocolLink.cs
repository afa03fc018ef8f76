using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>The protocol is one that the client knows.</summary>
internal static class ProtocolLink
{
    public static Link Of(Scene scene)
    {
        Found found = scene.Origins.Look(ExportVariables.Protocol);
        return new Link("protocol", [
            found.Value is Route.HttpJson or Route.HttpProtobuf or Route.Grpc ? Finding.Ok($"{found.Is}")
            : found.Value is null ? Finding.Ok($"{found.Name} is not set, which means {Route.HttpProtobuf}")
            : Finding.Broken(
                $"{found.Is}: Claude Code knows no such protocol and sends nothing at all; there are {Route.HttpJson}, {Route.HttpProtobuf} and {Route.Grpc}",
                scene.Set(found, Route.HttpJson))]);
    }
}
