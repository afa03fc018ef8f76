namespace OtelLite;

/// <summary>Where the program's own files go when nothing else is said: each platform's custom.</summary>
internal static class Folders
{
    private const string Name = "otellite";

    public static string Data(Func<string, string?> environment) =>
        OperatingSystem.IsWindows() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), Name)
        : OperatingSystem.IsMacOS() ? Path.Combine(Home(environment), "Library", "Application Support", Name)
        : Path.Combine(Xdg(environment, "XDG_DATA_HOME", Path.Combine(".local", "share")), Name);

    /// <summary>Null for a user without a home, who has no settings.</summary>
    public static string? Config(Func<string, string?> environment) => HomeOrNone(environment) is null ? null :
        OperatingSystem.IsWindows() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), Name)
        : OperatingSystem.IsMacOS() ? Path.Combine(Home(environment), "Library", "Application Support", Name)
        : Path.Combine(Xdg(environment, "XDG_CONFIG_HOME", ".config"), Name);

    /// <summary>The flag that names a data folder, as it is typed.</summary>
    public static string Flag(string dataDir) => $"--data-dir {(dataDir.Contains(' ', StringComparison.Ordinal) ? $"\"{dataDir}\"" : dataDir)}";

    /// <summary>A leading "~/" is the home folder, also in a file, where no shell sees it.</summary>
    public static string Expand(string path, Func<string, string?> environment) =>
        path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? Path.Join(Home(environment), path.AsSpan(1)) : path;

    // A relative path in an XDG variable is invalid and to be ignored (XDG Base Directory Specification).
    private static string Xdg(Func<string, string?> environment, string variable, string fallback) =>
        environment(variable) is { } path && Path.IsPathRooted(path) ? path : Path.Combine(Home(environment), fallback);

    private static string Home(Func<string, string?> environment) =>
        HomeOrNone(environment) ?? throw new UsageException("you have no home folder: name a folder for the database with --data-dir DIR.");

    /// <summary>Makes a folder of the program's own, for its owner alone, where it is missing.</summary>
    /// <exception cref="IOException">It can't be made; the message says which.</exception>
    public static void Make(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Of a place where none can be, such as /proc, .NET says that it could not find a file.
            string why = File.Exists(path) ? ": there is a file of that name" : e is FileNotFoundException or DirectoryNotFoundException ? "" : $": {e.Message.TrimEnd('.')}";
            throw new IOException($"the folder {path} can't be made{why}.", e);
        }
    }

    /// <summary>The user's home. Without one nothing may fall back to the working folder, which may be anybody's.</summary>
    public static string? HomeOrNone(Func<string, string?> environment)
    {
        string home = environment("HOME") is { Length: > 0 } given ? given
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return Path.IsPathRooted(home) ? home : null;
    }
}
