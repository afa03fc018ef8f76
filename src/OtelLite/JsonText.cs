using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace OtelLite;

/// <summary>JSON that somebody else wrote. JavaScript's JSON.stringify writes half a surrogate pair for text that was cut inside an emoji, and .NET's own readers throw on it.</summary>
internal static class JsonText
{
    private const int HexDigits = 4;

    // Of \u and its digits.
    private const int EscapeBytes = 6;

    /// <summary>
    /// The same text, in which half a surrogate pair is U+FFFD, as JavaScript's own readers make it where they must write bytes. Everything stands where it stood: each
    /// escape is as long as the one in its place. Usually nothing is to be done, and nothing is copied.
    /// </summary>
    public static ReadOnlySpan<byte> Mended(ReadOnlySpan<byte> utf8) => MendedCopy(utf8) is { } mended ? mended : utf8;

    /// <summary>Reads JSON that may hold such halves.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static JsonDocument Document(ReadOnlyMemory<byte> utf8) => JsonDocument.Parse(MendedCopy(utf8.Span) ?? utf8, new JsonDocumentOptions { MaxDepth = Limits.JsonDepthMax });

    /// <inheritdoc cref="Document(ReadOnlyMemory{byte})"/>
    public static JsonDocument Document(string json) => Document(Encoding.UTF8.GetBytes(json));

    // Null where there is no such half.
    private static byte[]? MendedCopy(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IndexOf("\\ud"u8) < 0 && utf8.IndexOf("\\uD"u8) < 0)
        {
            return null;
        }

        byte[]? mended = null;
        for (int at = Next(utf8, 0); at >= 0; at = Next(utf8, at))
        {
            char? first = EscapedAt(utf8, at);
            if (first is { } high && char.IsHighSurrogate(high) && EscapedAt(utf8, at + EscapeBytes) is { } low && char.IsLowSurrogate(low))
            {
                at += 2 * EscapeBytes;
                continue;
            }

            if (first is { } half && char.IsSurrogate(half))
            {
                mended ??= utf8.ToArray();
                "\\ufffd"u8.CopyTo(mended.AsSpan(at));
            }

            // What a backslash stands before, another backslash too, is its own.
            at += 2;
        }

        return mended;
    }

    private static int Next(ReadOnlySpan<byte> utf8, int from)
    {
        int next = from < utf8.Length ? utf8[from..].IndexOf((byte)'\\') : -1;
        return next < 0 ? -1 : from + next;
    }

    // Null where no such escape stands.
    private static char? EscapedAt(ReadOnlySpan<byte> utf8, int at) =>
        at + EscapeBytes <= utf8.Length && utf8[at] == '\\' && utf8[at + 1] == 'u'
        && Utf8Parser.TryParse(utf8.Slice(at + 2, HexDigits), out ushort unit, out int digits, 'x') && digits == HexDigits
            ? (char)unit
            : null;
}
