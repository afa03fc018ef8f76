namespace OtelLite.ClaudeSettings;

/// <summary>One file of Claude Code's settings that can set its telemetry, and what it says. Those of a project can not: the client ignores them there.</summary>
/// <param name="Text">Null where there is no such file, or none that the client takes.</param>
/// <param name="Trouble">Why the client ignores the whole file, in sentences; null where it doesn't.</param>
internal sealed record SettingsLevel(string Path, bool IsManaged, SettingsText? Text, string? Trouble)
{
    public const string UserFile = "settings.json";

    /// <summary>All there are, the one that wins first: an administrator's, then the user's own, which is listed also where it is no file yet.</summary>
    public static IReadOnlyList<SettingsLevel> Read(ClaudeFolders folders)
    {
        string[] managed = [];
        string more = System.IO.Path.Combine(folders.Managed, "managed-settings.d");
        try
        {
            managed = Directory.Exists(more) ? [.. Directory.GetFiles(more, "*.json").OrderDescending(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What this user may not list, a client of this user can't either.
        }

        string first = System.IO.Path.Combine(folders.Managed, "managed-settings.json");
        return
        [
            .. managed.Append(first).Where(File.Exists).Select(path => Of(path, isManaged: true)),
            .. folders.User is { } user ? (SettingsLevel[])[Of(System.IO.Path.Combine(user, UserFile), isManaged: false)] : [],
        ];
    }

    /// <summary>What it sets a variable to, as the client takes it; null where it says nothing of it.</summary>
    public string? Variable(string name) => Text?.Find("env", name) is { } value ? Text.Text(value) : null;

    /// <summary>The variables that it sets.</summary>
    public IEnumerable<string> Variables => Text?.Find("env")?.Members.Where(m => m.Name is not null).Select(m => m.Name!).Distinct() ?? [];

    /// <summary>One file, whoever's it is.</summary>
    public static SettingsLevel Of(string path, bool isManaged)
    {
        try
        {
            return new SettingsLevel(path, isManaged, SettingsFile.Read(path)?.Text, null);
        }
        catch (SettingsException e)
        {
            return new SettingsLevel(path, isManaged, null, e.Wrong);
        }
    }
}
