using OtelLite.ClaudeSettings;

namespace OtelLite.Dashboard;

/// <summary>What to paste into the shell so that Claude Code exports here, for each kind of shell.</summary>
internal static class ExportBlock
{
    public static SetupAnswer Answer(string endpoint, string token) => new(
        endpoint,
        [
            new("bash, zsh", Text(endpoint, token, (name, value) => $"export {name}={Quoted(value)}")),
            new("fish", Text(endpoint, token, (name, value) => $"set -gx {name} {Quoted(value)}")),
            new("PowerShell", Text(endpoint, token, (name, value) => $"$env:{name} = \"{value}\"")),
        ]);

    /// <summary>The block for the shell that this platform's users most likely have.</summary>
    public static string ForThisPlatform(string endpoint, string token) =>
        Answer(endpoint, token).Shells[OperatingSystem.IsWindows() ? 2 : 0].Text;

    /// <summary>The same for Claude Code's own settings file, as JSON.</summary>
    public static string Settings(string endpoint, string token)
    {
        IEnumerable<string> lines = ExportVariables.For(endpoint, token).Select(v => $"    {SettingsText.Quoted(v.Name)}: {SettingsText.Quoted(v.Value)}");
        return $$"""
            {
              "env": {
            {{string.Join(",\n", lines)}}
              }
            }
            """;
    }

    private static string Text(string endpoint, string token, Func<string, string, string> set) =>
        string.Join('\n', ExportVariables.For(endpoint, token).Select(v => set(v.Name, v.Value)));

    private static string Quoted(string value) => value.Contains(' ', StringComparison.Ordinal) ? $"\"{value}\"" : value;
}
