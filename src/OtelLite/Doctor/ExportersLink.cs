using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>Metrics and logs are exported, by an exporter that there is.</summary>
internal static class ExportersLink
{
    private static readonly string[] Known = ["otlp", "console", "none", "prometheus"];

    public static Link Of(Scene scene)
    {
        List<Finding> findings = [];
        foreach (Route route in scene.Routes)
        {
            Found found = scene.Origins.Look(ExportVariables.Exporter(route.Signal));
            if (route.Signal != "traces" || found.Value is not null)
            {
                findings.Add(Of(scene, route, found));
            }
        }

        return new Link("exporters", findings);
    }

    private static Finding Of(Scene scene, Route route, Found found)
    {
        if (found.Value is not { } value)
        {
            return scene.IsUnread ? Finding.Unknown($"whether {route.Signal} are exported stands in settings that are not read")
                : Finding.Broken($"{route.Signal} are not exported: nothing sets {found.Name}", scene.Set(found, "otlp"));
        }

        string[] exporters = value.Split(',', StringSplitOptions.TrimEntries);
        if (exporters.FirstOrDefault(e => !Known.Contains(e)) is { } unknown)
        {
            return Finding.Broken($"{found.Is}: there is no exporter \"{unknown}\", and for it Claude Code sends nothing at all", scene.Set(found, "otlp"));
        }

        if (!exporters.Contains("otlp"))
        {
            string says = $"{route.Signal} are not exported: {found.Is}";
            return route.Signal == "traces" ? Finding.Ok($"{says}; nothing needs them") : Finding.Broken($"{says}, so {Missing(route.Signal)}", scene.Set(found, "otlp"));
        }

        return exporters.Contains("console") ? Finding.Odd($"{route.Signal} are exported, and printed among Claude Code's own output too: {found.Is}", scene.Set(found, "otlp"))
            : route.IsOn ? Finding.Ok($"{route.Signal} are exported: {found.Is}")
            : Finding.Ok($"traces are not sent while {ExportVariables.Traces} is not 1; nothing needs them");
    }

    private static string Missing(string signal) => signal == "metrics"
        ? "lines of code, commits, active time and what has no event are missing"
        : "prompts, tools and single requests are missing";
}
