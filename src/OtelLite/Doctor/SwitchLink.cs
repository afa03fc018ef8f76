using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>The master switch is on.</summary>
internal static class SwitchLink
{
    public static Link Of(Scene scene)
    {
        Found found = scene.Origins.Look(ExportVariables.Switch);
        string?[] on = ["1", "true"], perhaps = ["yes", "on"];
        return new Link("switch", [
            on.Contains(found.Value?.ToLowerInvariant()) ? Finding.Ok($"telemetry is on: {found.Is}")
            : perhaps.Contains(found.Value?.ToLowerInvariant()) ? Finding.Odd($"{found.Is}, which not every version takes for on", scene.Set(found, "1"))
            : scene.IsUnread ? Finding.Unknown("whether telemetry is on stands in settings that are not read")
            : found.Value is null ? Finding.Broken($"telemetry is off: nothing sets {found.Name}", scene.Set(found, "1"))
            : Finding.Broken($"telemetry is off: {found.Is}", scene.Set(found, "1"))]);
    }
}
