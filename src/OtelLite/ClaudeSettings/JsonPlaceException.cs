using System.Text;
using System.Text.Json;

namespace OtelLite.ClaudeSettings;

/// <summary>Where a text is no JSON, and why.</summary>
/// <param name="reason">The beginning of a sentence, without a full stop.</param>
/// <param name="line">From 1.</param>
/// <param name="column">From 1, in characters.</param>
internal sealed class JsonPlaceException(string reason, int line, int column) : Exception(reason)
{
    public int Line => line;

    public int Column => column;

    public static JsonPlaceException Of(JsonException e, ReadOnlySpan<byte> utf8)
    {
        int start = 0;
        for (long i = e.LineNumber ?? 0; i > 0; i--)
        {
            start += utf8[start..].IndexOf((byte)'\n') + 1;
        }

        int at = Math.Min(utf8.Length, start + (int)(e.BytePositionInLine ?? 0));
        // .NET's words, without its own way to say where, and without what a user can't do.
        string reason = utf8[at..].StartsWith("/"u8) || e.Message.StartsWith("'/'", StringComparison.Ordinal) ? "a comment is not JSON"
            : e.Message.Contains("trailing comma", StringComparison.Ordinal) ? "a comma stands before a closing bracket"
            : e.Message.Contains("open JSON object or array", StringComparison.Ordinal) ? "the file ends before its last brace or bracket is closed"
            : e.Message.Contains("start of a property name", StringComparison.Ordinal) ? "a name in double quotes is missing here"
            : e.Message.Contains("start of a value", StringComparison.Ordinal) ? "a value is missing here, or is none: text stands in double quotes"
            : e.Message.Split(" LineNumber:")[0].Split(" Change the reader")[0].TrimEnd('.');
        ReadOnlySpan<byte> before = utf8[..at];
        int lineStart = before.LastIndexOf((byte)'\n') + 1;
        return new JsonPlaceException(reason, before.Count((byte)'\n') + 1, Encoding.UTF8.GetCharCount(before[lineStart..]) + 1);
    }
}
