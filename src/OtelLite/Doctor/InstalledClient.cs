using System.Text.Json;
using OtelLite.Status;

namespace OtelLite.Doctor;

/// <summary>The Claude Code that a shell would start, found without running it: whoever runs what lies about in the path runs anybody's program.</summary>
internal static class InstalledClient
{
    /// <summary>Its version; null where there is none or it can't be told.</summary>
    public static string? Version(Func<string, string?> environment)
    {
        foreach (string folder in (environment("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (string name in OperatingSystem.IsWindows() ? (string[])["claude.exe", "claude.cmd"] : ["claude"])
            {
                string path = Path.Combine(folder, name);
                if (File.Exists(path))
                {
                    return VersionOf(path);
                }
            }
        }

        return null;
    }

    private static string? VersionOf(string path)
    {
        try
        {
            // The native one is .../versions/2.1.330; npm's is .../@anthropic-ai/claude-code/cli.js with a package.json near it.
            string target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            if (System.Version.TryParse(Path.GetFileName(target), out System.Version? version))
            {
                return version.ToString();
            }

            string? folder = Path.GetDirectoryName(target);
            string[] packages = [Path.Combine(folder!, "package.json"), Path.Combine(folder!, "..", "package.json"), Path.Combine(folder!, "node_modules", "@anthropic-ai", "claude-code", "package.json")];
            foreach (string package in packages)
            {
                if (File.Exists(package) && new FileInfo(package).Length < Limits.SettingsBytesMax && StatusLook.Parse(File.ReadAllText(package)) is { } json
                    && StatusLook.Text(json, "name") == "@anthropic-ai/claude-code")
                {
                    return StatusLook.Text(json, "version");
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // It is only for a remark.
        }

        return null;
    }
}
