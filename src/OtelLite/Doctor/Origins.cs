using System.Text;
using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>Whose word a variable is.</summary>
internal enum OriginKind
{
    Managed,
    Given,
    User,
    Shell,
}

/// <summary>One place that can set Claude Code's variables.</summary>
/// <param name="level">Null for the shell.</param>
/// <param name="variable">What it sets a variable to.</param>
internal sealed class Origin(OriginKind kind, SettingsLevel? level, Func<string, string?> variable)
{
    public OriginKind Kind => kind;

    public SettingsLevel? Level => level;

    /// <summary>Of its file; null for the shell.</summary>
    public string? Path => level?.Path;

    public string? Variable(string name) => variable(name);

    public string Name => kind switch
    {
        OriginKind.Managed => "managed settings",
        OriginKind.Given => "--settings",
        OriginKind.User => "user settings",
        _ => "this shell",
    };
}

/// <summary>What one place says a variable is.</summary>
internal sealed class Said(Origin origin, string value)
{
    public Origin Origin => origin;

    public string Value => value;
}

/// <summary>One variable and all who set it, the winner first.</summary>
internal sealed class Found(string name, IReadOnlyList<Said> all)
{
    public string Name => name;

    public IReadOnlyList<Said> All => all;

    public Origin? Winner => All.Count > 0 ? All[0].Origin : null;

    /// <summary>What the client goes by; null where nobody sets it, or to nothing.</summary>
    public string? Value => All.Count > 0 && All[0].Value.Length > 0 ? All[0].Value : null;

    /// <summary>The name and where it is set, within a sentence.</summary>
    public string Named => Winner is { } winner ? $"{Name} ({winner.Name})" : Name;

    /// <summary>What is said of it, within a sentence.</summary>
    public string Is => $"{Named} is \"{Shown(Value ?? "")}\"";

    /// <summary>A value as it may be shown: headers hold tokens.</summary>
    public string Shown(string value)
    {
        string shown = !Name.EndsWith("_HEADERS", StringComparison.Ordinal) ? value : WithoutSecrets(value);
        return shown.Length > Limits.ShownVariableCharactersMax ? $"{shown.AsSpan(0, Limits.ShownVariableCharactersMax)}…" : shown;
    }

    private static string WithoutSecrets(string headers) =>
        string.Join(',', headers.Split(',').Select(h => Route.NameOf(h) is { } name ? $"{name}=…" : "…"));
}

/// <summary>All places that can set Claude Code's variables, the one that wins first: managed, <c>--settings</c>, user, shell (seen with 2.1.330).</summary>
internal sealed class Origins(IReadOnlyList<Origin> all, IReadOnlyList<SettingsLevel> projects, bool leavesUserOut)
{
    /// <summary>They come from the working folder; Claude Code ignores telemetry variables there.</summary>
    public IReadOnlyList<SettingsLevel> Projects => projects;

    public IReadOnlyList<Origin> All => all;

    /// <summary>The client is told not to read the user's settings.</summary>
    public bool LeavesUserOut => leavesUserOut;

    /// <summary>A program of the user's makes the headers, which only the client runs.</summary>
    public bool HasHeadersHelper => all.Any(o => o.Level?.Text?.Find("otelHeadersHelper") is not null);

    /// <param name="folders">Where the client looks.</param>
    /// <param name="given">What the client would be given as <c>--settings</c>: a file or JSON; null for nothing.</param>
    /// <param name="sources">What it would be given as <c>--setting-sources</c>: without "user" it does not read the user's; null for nothing.</param>
    /// <param name="workingFolder">Where the client would be started.</param>
    /// <exception cref="UsageException">There is no such file.</exception>
    public static Origins Read(ClaudeFolders folders, string? given, string? sources, string workingFolder, Func<string, string?> environment)
    {
        IReadOnlyList<SettingsLevel> levels = SettingsLevel.Read(folders);
        bool readsUser = sources is null || sources.Split(',', StringSplitOptions.TrimEntries).Contains("user");
        Origin[] all =
        [
            .. levels.Where(l => l.IsManaged).Select(l => Of(OriginKind.Managed, l)),
            .. given is null ? (Origin[])[] : [Of(OriginKind.Given, Given(given))],
            .. levels.Where(l => !l.IsManaged && readsUser).Select(l => Of(OriginKind.User, l)),
            new Origin(OriginKind.Shell, null, environment),
        ];
        string project = Path.Combine(workingFolder, ".claude");
        string[] files = [.. ((string[])["settings.local.json", SettingsLevel.UserFile]).Select(name => Path.Combine(project, name))];
        // In the home folder the project's file is the user's.
        return new Origins(all, [.. files.Where(path => File.Exists(path) && !all.Any(o => o.Path == path)).Select(path => SettingsLevel.Of(path, isManaged: false))], !readsUser);
    }

    /// <summary>Who sets a variable.</summary>
    public Found Look(string name) => new(name, [.. all.Select(o => o.Variable(name) is { } value ? new Said(o, value) : null).OfType<Said>()]);

    private static Origin Of(OriginKind kind, SettingsLevel level) => new(kind, level, level.Variable);

    private static SettingsLevel Given(string given)
    {
        if (!given.TrimStart().StartsWith('{'))
        {
            string path = Path.GetFullPath(given);
            return File.Exists(path) ? SettingsLevel.Of(path, isManaged: false) : throw new UsageException($"--settings: there is no file {path}.");
        }

        const string name = "the JSON of --settings";
        try
        {
            return new SettingsLevel(name, false, SettingsFile.Parse(name, Encoding.UTF8.GetBytes(given)).Text, null);
        }
        catch (SettingsException e)
        {
            return new SettingsLevel(name, false, null, e.Wrong);
        }
    }
}
