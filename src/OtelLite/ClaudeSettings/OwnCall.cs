namespace OtelLite.ClaudeSettings;

/// <summary>What a line of Claude Code's settings calls, where that is this program.</summary>
/// <param name="Command">One of the words that <see cref="OwnCommand"/> has.</param>
/// <param name="Program">The file, or the name that a shell looks for.</param>
/// <param name="Settings">What it is told of where to hand things over.</param>
internal sealed record OwnCall(string Command, string Program, IReadOnlyList<string> Settings)
{
    /// <summary>All in one file of settings: its status line, and its hooks at the start of a session.</summary>
    public static IEnumerable<OwnCall> In(SettingsText text)
    {
        IEnumerable<JsonPart?> hooks = (text.Find("hooks", "SessionStart")?.Members ?? [])
            .SelectMany(m => m.Value.Member("hooks")?.Members ?? [])
            .Select(m => m.Value.Member("command"));
        return Ours(OwnCommand.StatusLineWord, [text.Find("statusLine", "command")]).Concat(Ours(OwnCommand.HookWord, hooks));

        IEnumerable<OwnCall> Ours(string command, IEnumerable<JsonPart?> lines) =>
            lines.Select(l => l is not null && text.Text(l) is { } line ? OwnCommand.Read(line, command) : null).OfType<OwnCall>();
    }
}
