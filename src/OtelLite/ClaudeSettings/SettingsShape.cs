namespace OtelLite.ClaudeSettings;

/// <summary>What makes Claude Code ignore settings as a whole, although they are valid JSON: a value of the wrong kind, also one that has nothing to do with telemetry.</summary>
internal static class SettingsShape
{
    // Seen with 2.1.330 for "allow"; its schema has them all alike.
    private static readonly string[] Lists = ["allow", "ask", "deny", "additionalDirectories"];

    /// <summary>The words that name the first such value; null where none is known to be.</summary>
    public static string? Wrong(SettingsText text)
    {
        if (text.Find("env") is { IsObject: false })
        {
            return "\"env\" is not an object in braces";
        }

        if (text.Find("permissions") is not { } permissions)
        {
            return null;
        }

        return !permissions.IsObject ? "\"permissions\" is not an object in braces"
            : Lists.FirstOrDefault(name => permissions.Member(name) is { } list && !list.IsArray) is { } wrong ? $"\"permissions.{wrong}\" is not a list in brackets"
            : null;
    }
}
