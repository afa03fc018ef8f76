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
        IEnumerable<string> lines = StatusLine(text) is { } line ? [line] : [];
        return Ours(OwnCommand.StatusLineWord, lines).Concat(Ours(OwnCommand.HookWord, HookLines(text)));

        static IEnumerable<OwnCall> Ours(string command, IEnumerable<string> lines) => lines.Select(l => OwnCommand.Read(l, command)).OfType<OwnCall>();
    }

    /// <summary>What the status line calls, whoever's it is; null where there is none.</summary>
    public static string? StatusLine(SettingsText text) => text.Find("statusLine", "command") is { } command ? text.Text(command) : null;

    /// <summary>What the hooks at the start of a session call.</summary>
    public static IEnumerable<string> HookLines(SettingsText text) => (text.Find("hooks", "SessionStart")?.Members ?? [])
        .SelectMany(m => m.Value.Member("hooks")?.Members ?? [])
        .Select(m => m.Value.Member("command") is { } command ? text.Text(command) : null)
        .OfType<string>();
}
