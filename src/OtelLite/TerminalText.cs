using System.Globalization;
using System.Text;

namespace OtelLite;

/// <summary>
/// Text that somebody else wrote, on its way to a terminal: a name or prompt in telemetry may hold what moves the cursor, renames the window or turns
/// the line around. All of that is shown as a dot.
/// </summary>
internal static class TerminalText
{
    private const char Harmless = '·';

    /// <summary>The text in one line, without anything that a terminal obeys.</summary>
    public static string OneLine(string text) => text.Any(IsObeyed)
        ? string.Create(text.Length, text, (made, from) =>
        {
            for (int i = 0; i < made.Length; i++)
            {
                made[i] = IsObeyed(from[i]) ? Harmless : from[i];
            }
        })
        : text;

    /// <summary>Writes through to a terminal; ends of lines stay.</summary>
    public static TextWriter Guard(TextWriter terminal) => new Guarded(terminal);

    // C0 with ESC and DEL, C1, ends of lines, and the marks that nobody sees and that change how what follows is read: its direction above all. Two of these join letters and pictures of
    // real text.
    private static bool IsObeyed(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' || (c is not ('\u200c' or '\u200d') && char.GetUnicodeCategory(c) == UnicodeCategory.Format);

    private sealed class Guarded(TextWriter terminal) : TextWriter
    {
        public override Encoding Encoding => terminal.Encoding;

        public override void Write(char value) => terminal.Write(value is not ('\n' or '\r') && IsObeyed(value) ? Harmless : value);

        public override void Write(ReadOnlySpan<char> buffer)
        {
            char[] made = buffer.ToArray();
            for (int i = 0; i < made.Length; i++)
            {
                made[i] = made[i] is not ('\n' or '\r') && IsObeyed(made[i]) ? Harmless : made[i];
            }

            terminal.Write(made, 0, made.Length);
        }

        public override void Write(string? value) => Write(value.AsSpan());

        public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

        public override void Flush() => terminal.Flush();
    }
}
