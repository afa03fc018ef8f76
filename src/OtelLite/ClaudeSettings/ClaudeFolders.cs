namespace OtelLite.ClaudeSettings;

/// <summary>Where Claude Code looks for its settings.</summary>
/// <param name="User">Null for a user without a home.</param>
/// <param name="Managed">An administrator's, which win over the user's.</param>
internal sealed record ClaudeFolders(string? User, string Managed)
{
    public const string DirVariable = "CLAUDE_CONFIG_DIR";

    public static ClaudeFolders Of(Func<string, string?> environment) => new(UserFolder(environment),
        OperatingSystem.IsWindows() ? @"C:\Program Files\ClaudeCode"
        : OperatingSystem.IsMacOS() ? "/Library/Application Support/ClaudeCode"
        : "/etc/claude-code");

    private static string? UserFolder(Func<string, string?> environment) =>
        environment(DirVariable) is { Length: > 0 } named ? Path.GetFullPath(named)
        : Folders.HomeOrNone(environment) is { } home ? Path.Combine(home, ".claude") : null;
}
