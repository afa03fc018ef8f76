using System.Buffers;
using System.Text;

namespace OtelLite.ClaudeSettings;

/// <summary>How Claude Code calls this program, as its settings write it: one line for a shell.</summary>
/// <param name="program">The words that start it.</param>
/// <param name="flags">Settings that it must be told, because Claude Code's environment need not have them.</param>
internal sealed class OwnCommand(IReadOnlyList<string> program, IReadOnlyList<string> flags)
{
    /// <summary>Our commands that Claude Code calls.</summary>
    public const string StatusLineWord = "statusline";
    public const string HookWord = "hook";

    private const string Then = " --then ";

    // What a status line of ours may be told beside settings, each with a value.
    private static readonly string[] LineFlags = ["--format", Then.Trim()];

    // What a POSIX shell takes as it stands; and what it obeys, outside of quotes.
    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-");
    private static readonly SearchValues<char> Obeyed = SearchValues.Create("\"\\|;&<>()$`");

    // And within double ones.
    private static readonly SearchValues<char> ObeyedQuoted = SearchValues.Create("\\$`");

    public string Hook => Line(HookWord);

    /// <param name="existing">The command that is there now, which is run too: the status line is one, and nobody's may be displaced.</param>
    public string StatusLine(string? existing) => Line(StatusLineWord) + (
        existing is null ? ""
        : !IsOurs(existing, StatusLineWord) ? Then + Quoted(existing)
        : Kept(existing));

    // What somebody added to our own line, or what it runs besides.
    private static string Kept(string existing)
    {
        List<string> words = Words(existing);
        return string.Concat(LineFlags.Select(flag => ValueOf(flag, words) is { } value ? $" {flag} {Quoted(value)}" : ""));
    }

    // Behind its flag, or attached to it.
    private static string? ValueOf(string flag, List<string> words)
    {
        int at = words.FindIndex(w => w == flag || w.StartsWith(flag + '=', StringComparison.Ordinal));
        return at < 0 ? null : words[at] != flag ? words[at][(flag.Length + 1)..] : at + 1 < words.Count ? words[at + 1] : null;
    }

    /// <summary>Whether a line is one that setup writes for a command, wherever the program was then. One that does more, in a pipe or by a script, is not.</summary>
    public static bool IsOurs(string line, string command) => Read(line, command) is not null;

    /// <summary>What such a line calls; null for any other line.</summary>
    public static OwnCall? Read(string line, string command)
    {
        List<string> words = Words(line);
        int self = words is [var first, ..] && IsProgram(first, "dotnet", "dotnet.exe") ? 1 : 0;
        if (words.Count <= self + 1 || !IsProgram(words[self], "otellite", "otellite.exe", "otellite.dll") || words[self + 1] != command)
        {
            return null;
        }

        List<string> settings = [];
        for (int i = self + 2; i < words.Count; i++)
        {
            if (LineFlags.Contains(words[i]))
            {
                i++;
            }
            else if (!LineFlags.Contains(words[i].Split('=')[0]))
            {
                settings.Add(words[i]);
            }
        }

        return new OwnCall(command, words[self], settings);
    }

    private static bool IsProgram(string word, params ReadOnlySpan<string> names) => names.Contains(word[(word.LastIndexOf('/') + 1)..]);

    // The words of a line that starts one program and does nothing else; none of any other line. Without regular expressions, which would be
    // a part of the program for this alone.
    private static List<string> Words(string line)
    {
        List<string> words = [];
        StringBuilder? word = null;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (char.IsWhiteSpace(c))
            {
                words.AddRange(word is null ? [] : [word.ToString()]);
                word = null;
                continue;
            }

            word ??= new StringBuilder();
            int quoted = c is '\'' or '"' ? line.IndexOf(c, i + 1) - i : 0;
            bool isEscaped = c == '\\' && i + 1 < line.Length && line[i + 1] == '\'';
            if (quoted < 0 || (quoted == 0 && !isEscaped && Obeyed.Contains(c)) || (c == '"' && line.AsSpan(i, quoted).ContainsAny(ObeyedQuoted)))
            {
                return [];
            }

            word.Append(quoted > 0 ? line.AsSpan(i + 1, quoted - 1) : line.AsSpan(isEscaped ? i + 1 : i, 1));
            i += quoted > 0 ? quoted : isEscaped ? 1 : 0;
        }

        words.AddRange(word is null ? [] : [word.ToString()]);
        return words;
    }

    private string Line(string command) => string.Join(' ', [.. program.Select(word => Quoted(word.Replace('\\', '/'))), command, .. flags.Select(Quoted)]);

    /// <summary>A word for a POSIX shell, which on Windows is Git's; there slashes lean forward, for PowerShell too.</summary>
    public static string Quoted(string word) => word.Length > 0 && !word.AsSpan().ContainsAnyExcept(Plain) ? word : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
