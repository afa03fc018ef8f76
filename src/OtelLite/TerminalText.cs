namespace OtelLite;

/// <summary>Text of others on its way to a terminal.</summary>
internal static class TerminalText
{
    /// <summary>The text with every control character (C0, DEL, C1, so also ESC) shown as ·: none may move the cursor, colour or retitle the terminal.</summary>
    public static string Harmless(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '·' : c)) : text;
}
