using System.Buffers;
using System.Text;

namespace OtelLite.Telemetry;

/// <summary>The content of a JSON string, with its escapes and without (RFC 8259, section 7).</summary>
internal static class JsonString
{
    /// <summary>What JSON demands to be escaped, and nothing more.</summary>
    public static readonly SearchValues<byte> Escaped = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(c => (byte)c), (byte)'"', (byte)'\\']);

    /// <summary>U+FFFD, what stands for half a surrogate pair.</summary>
    private static ReadOnlySpan<byte> Replacement => [0xEF, 0xBF, 0xBD];

    /// <summary>Bytes that it takes with its quotes.</summary>
    /// <param name="plain">Where the first is that has to be escaped; -1 for none.</param>
    // Counted, and not six times the length for the worst case: a long text seldom has anything to escape. Where it has none, the one look for it (plain, -1 then)
    // is all that a text takes: names and values are short, and looking twice for each of them was 2 % of a metric point's CPU.
    public static int BytesOf(ReadOnlySpan<byte> utf8, int plain)
    {
        int bytes = checked(utf8.Length + 2);
        for (int at = plain; at >= 0; at = utf8.IndexOfAny(Escaped))
        {
            bytes = checked(bytes + EscapeBytes(utf8[at]) - 1);
            utf8 = utf8[(at + 1)..];
        }

        return bytes;
    }

    private static int EscapeBytes(byte c) => c is (byte)'\n' or (byte)'\r' or (byte)'\t' or (byte)'\b' or (byte)'\f' or (byte)'"' or (byte)'\\' ? 2 : 6;

    public static int Write(ReadOnlySpan<byte> from, int plain, Span<byte> to)
    {
        int at = 0;
        to[at++] = (byte)'"';
        while (true)
        {
            ReadOnlySpan<byte> run = plain < 0 ? from : from[..plain];
            run.CopyTo(to[at..]);
            at += run.Length;
            if (plain < 0)
            {
                break;
            }

            at += WriteEscape(from[plain], to[at..]);
            from = from[(plain + 1)..];
            plain = from.IndexOfAny(Escaped);
        }

        to[at++] = (byte)'"';
        return at;
    }

    private static int WriteEscape(byte c, Span<byte> to)
    {
        to[0] = (byte)'\\';
        to[1] = c switch
        {
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            (byte)'\b' => (byte)'b',
            (byte)'\f' => (byte)'f',
            (byte)'"' or (byte)'\\' => c,
            _ => (byte)'u',
        };
        if (to[1] != 'u')
        {
            return 2;
        }

        const string hex = "0123456789abcdef";
        to[2] = (byte)'0';
        to[3] = (byte)'0';
        to[4] = (byte)hex[c >> 4];
        to[5] = (byte)hex[c & 15];
        return 6;
    }

    /// <summary>
    /// Writes a JSON string's content without its escapes; what was read never needs more room than it had. An unpaired
    /// surrogate becomes U+FFFD: JavaScript's JSON.stringify sends one for text that was cut inside an emoji, and .NET's own
    /// GetString and CopyString throw on it.
    /// </summary>
    public static int Unescape(ReadOnlySpan<byte> escaped, Span<byte> to)
    {
        int written = 0;
        while (true)
        {
            int backslash = escaped.IndexOf((byte)'\\');
            ReadOnlySpan<byte> run = backslash < 0 ? escaped : escaped[..backslash];
            run.CopyTo(to[written..]);
            written += run.Length;
            if (backslash < 0)
            {
                return written;
            }

            escaped = escaped[(backslash + 1)..];
            if (escaped[0] != 'u')
            {
                to[written++] = Plain(escaped[0]);
                escaped = escaped[1..];
                continue;
            }

            escaped = UnescapeUnicode(escaped[1..], to, ref written);
        }
    }

    // At the four hex digits of a \u escape; consumes the second half of a pair too.
    private static ReadOnlySpan<byte> UnescapeUnicode(ReadOnlySpan<byte> escaped, Span<byte> to, scoped ref int written)
    {
        char first = Hex4(escaped);
        escaped = escaped[4..];
        if (char.IsHighSurrogate(first) && escaped.Length >= 6 && escaped[0] == '\\' && escaped[1] == 'u'
            && Hex4(escaped[2..]) is var second && char.IsLowSurrogate(second))
        {
            written += new Rune(first, second).EncodeToUtf8(to[written..]);
            return escaped[6..];
        }

        if (Rune.TryCreate(first, out Rune rune))
        {
            written += rune.EncodeToUtf8(to[written..]);
        }
        else
        {
            Replacement.CopyTo(to[written..]);
            written += Replacement.Length;
        }

        return escaped;
    }

    private static byte Plain(byte escape) => escape switch
    {
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        _ => escape,
    };

    // The reader has already checked that these are hex digits.
    private static char Hex4(ReadOnlySpan<byte> digits)
    {
        int value = 0;
        for (int i = 0; i < 4; i++)
        {
            value = value << 4 | (digits[i] <= '9' ? digits[i] - '0' : (digits[i] | 0x20) - 'a' + 10);
        }

        return (char)value;
    }
}
