using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>Claude Code's settings are read: none is ignored as a whole, and none is where the client does not look.</summary>
internal static class SettingsLink
{
    public static Link Of(Scene scene)
    {
        List<Finding> findings = [];
        foreach (Origin origin in scene.Origins.All.Where(o => o.Level is not null))
        {
            SettingsLevel level = origin.Level!;
            int set = level.Variables.Count(ExportVariables.All.Contains);
            findings.Add(level.Trouble is { } trouble
                ? Finding.Broken($"{origin.Name}: {trouble.TrimEnd('.')}", Mend(origin))
                : level.Text is null ? Finding.Ok($"{origin.Name}: there is no {level.Path}")
                : Finding.Ok($"{origin.Name}: {level.Path} sets {ShownValues.Count(set, "telemetry variable")}"));
            if (level.Text?.Find("otelHeadersHelper") is not null)
            {
                findings.Add(Finding.Odd($"\"otelHeadersHelper\" in {level.Path} makes headers that doctor can't see", new Remedy("See that it sends Authorization too, or take it out")));
            }
        }

        if (scene.Origins.LeavesUserOut)
        {
            bool isOn = scene.Origins.Look(ExportVariables.Switch).Value is not null;
            findings.Add(new Finding(isOn ? LinkState.Odd : LinkState.Broken, "user settings are not read: --setting-sources leaves them out", new Remedy("Name user among --setting-sources")));
        }

        foreach (SettingsLevel project in scene.Origins.Projects)
        {
            string[] set = [.. project.Variables.Where(ExportVariables.Deciding.Contains)];
            if (set.Length > 0)
            {
                findings.Add(Finding.Odd($"{project.Path} sets {string.Join(", ", set)}: Claude Code ignores these in a project's settings", TakeOut(scene, project, set)));
            }
        }

        int inShell = scene.Origins.All[^1] is { } shell ? ExportVariables.All.Count(name => shell.Variable(name) is { Length: > 0 }) : 0;
        findings.Add(Finding.Ok($"this shell sets {ShownValues.Count(inShell, "telemetry variable")}"));
        return new Link("settings", findings);
    }

    // Setup leaves a project's file alone, and what it would not write it need not be run for.
    private static Remedy TakeOut(Scene scene, SettingsLevel project, string[] set)
    {
        string[] missing = [.. set.Where(name => !scene.Origins.All.Any(o => o.Kind is OriginKind.Managed or OriginKind.User && o.Variable(name) is not null))];
        string[] bySetup = [.. ExportVariables.For("", "").Select(v => v.Name)];
        return missing.Length == 0 ? new Remedy($"Take them out of {project.Path}: the settings that count set them already")
            : missing.Any(bySetup.Contains) ? new Remedy($"Let setup write them into your user settings, where they count, and take them out of {project.Path}", scene.Setup)
            : new Remedy($"Take them out of {project.Path}; if you want {string.Join(" and ", missing)}, put that into your user settings, where it counts");
    }

    private static Remedy Mend(Origin origin) => new(origin.Kind == OriginKind.Managed
        ? $"Ask whoever administers this machine to correct {origin.Path}; until then nothing in it is in effect"
        : $"Correct it there (claude itself says what it makes of it); until then nothing in {origin.Path} is in effect");
}
