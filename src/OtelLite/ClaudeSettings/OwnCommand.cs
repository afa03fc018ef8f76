using System.Text.RegularExpressions;

namespace OtelLite.ClaudeSettings;

/// <summary>How Claude Code calls this program, as its settings write it: one line for a shell.</summary>
/// <param name="program">The words that start it.</param>
/// <param name="flags">Settings that it must be told, because Claude Code's environment need not have them.</param>
internal sealed partial class OwnCommand(IReadOnlyList<string> program, IReadOnlyList<string> flags)
{
    private const string Then = " --then ";

    // One word of a shell's line, quoted or not.
    private const string Word = @"('[^']*'|\\'|[^\s'""\\|;&<>()$`]+)+";
    private const string DotNet = @"('[^']*[/]dotnet(\.exe)?'|([^\s']*/)?dotnet(\.exe)?)";
    private const string Self = @"('[^']*[/]otellite(\.exe|\.dll)?'|([^\s']*/)?otellite(\.exe|\.dll)?)";

    public string Hook => Line("hook");

    /// <param name="existing">The command that is there now, which is run too: the status line is one, and nobody's may be displaced.</param>
    public string StatusLine(string? existing) => Line("statusline") + (
        existing is null ? ""
        : !IsOurs(existing, "statusline") ? Then + Quoted(existing)
        : existing.IndexOf(Then, StringComparison.Ordinal) is >= 0 and var then ? existing[then..]
        : "");

    /// <summary>Whether a line is one that setup writes for a command, wherever the program was then. One that does more, in a pipe or by a script, is not.</summary>
    public static bool IsOurs(string line, string command) => Ours().Match(line) is { Success: true } match && match.Groups["command"].Value == command;

    private string Line(string command) => string.Join(' ', [.. program.Select(word => Quoted(word.Replace('\\', '/'))), command, .. flags.Select(Quoted)]);

    // For a POSIX shell, which on Windows is Git's; there slashes lean forward, for PowerShell too.
    private static string Quoted(string word) => Plain().IsMatch(word) ? word : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    [GeneratedRegex("^[A-Za-z0-9_@%+=:,./-]+$")]
    private static partial Regex Plain();

    [GeneratedRegex($@"^({DotNet}\s+)?{Self}\s+(?<command>statusline|hook)(\s+{Word})*\s*$")]
    private static partial Regex Ours();
}
