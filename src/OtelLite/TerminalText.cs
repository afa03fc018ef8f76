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
    public static string OneLine(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (IsObeyed(text, i))
            {
                return string.Create(text.Length, text, (made, from) =>
                {
                    for (int at = 0; at < made.Length; at++)
                    {
                        made[at] = IsObeyed(from, at) ? Harmless : from[at];
                    }
                });
            }
        }

        return text;
    }

    /// <summary>Writes through to a terminal; ends of lines stay.</summary>
    public static TextWriter Guard(TextWriter terminal) => new Guarded(terminal);

    // C0 with ESC and DEL, C1, ends of lines, and the marks that nobody sees and that change how what follows is read: its direction above all. Two of these join letters and pictures of
    // real text. Beyond them fillers, which are letters that show nothing.
    private static bool IsObeyed(char c) => char.IsControl(c)
        || c is '\u2028' or '\u2029' or '\u034f' or '\u115f' or '\u1160' or '\u17b4' or '\u17b5' or '\u2800' or '\u3164' or '\uffa0'
        || (c is not ('\u200c' or '\u200d') && char.GetUnicodeCategory(c) == UnicodeCategory.Format);

    // Of a pair both halves are: tags and the marks of some scripts lie beyond 16 bits.
    private static bool IsObeyed(ReadOnlySpan<char> text, int at) => !char.IsSurrogate(text[at]) ? IsObeyed(text[at])
        : (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) && IsHidden(char.ConvertToUtf32(text[at], text[at + 1])))
            || (at > 0 && char.IsSurrogatePair(text[at - 1], text[at]) && IsHidden(char.ConvertToUtf32(text[at - 1], text[at])));

    // The variants of signs (E0100 and on) have no category of their own.
    private static bool IsHidden(int sign) => CharUnicodeInfo.GetUnicodeCategory(sign) == UnicodeCategory.Format || sign is >= 0xE0000 and <= 0xE0FFF;

    private sealed class Guarded(TextWriter terminal) : TextWriter
    {
        public override Encoding Encoding => terminal.Encoding;

        public override void Write(char value) => terminal.Write(value is not ('\n' or '\r') && IsObeyed(value) ? Harmless : value);

        public override void Write(ReadOnlySpan<char> buffer)
        {
            char[] made = buffer.ToArray();
            for (int i = 0; i < made.Length; i++)
            {
                made[i] = buffer[i] is not ('\n' or '\r') && IsObeyed(buffer, i) ? Harmless : buffer[i];
            }

            terminal.Write(made, 0, made.Length);
        }

        public override void Write(string? value) => Write(value.AsSpan());

        public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

        public override void Flush() => terminal.Flush();
    }
}
