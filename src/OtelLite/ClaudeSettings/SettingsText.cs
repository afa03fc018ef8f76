using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace OtelLite.ClaudeSettings;

/// <summary>
/// The text of a settings file, changed only where a value is: what stands around it, order, indentation, line ends and how a number is written, stays
/// to the byte. Each change gives another text.
/// </summary>
internal sealed class SettingsText
{
    private const string DefaultIndent = "  ";

    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    private readonly byte[] _utf8;
    private readonly bool _hasMark;

    private SettingsText(byte[] utf8, bool hasMark, JsonPart root)
    {
        _utf8 = utf8;
        _hasMark = hasMark;
        Root = root;
    }

    /// <summary>The whole, always an object.</summary>
    public JsonPart Root { get; }

    /// <summary>The file's bytes, with the mark at its beginning where there was one.</summary>
    public byte[] Bytes => _hasMark ? [.. Mark, .. _utf8] : [.. _utf8];

    /// <summary>Reads JSON as strictly as Claude Code does: no comments, no comma before a closing bracket. Nothing at all is an empty object.</summary>
    /// <exception cref="JsonPlaceException">It does not parse, or is no object.</exception>
    public static SettingsText Parse(ReadOnlySpan<byte> bytes)
    {
        bool hasMark = bytes.StartsWith(Mark);
        byte[] utf8 = bytes[(hasMark ? Mark.Length : 0)..].ToArray();
        if (utf8.AsSpan().Trim(" \t\r\n"u8).IsEmpty)
        {
            utf8 = "{}\n"u8.ToArray();
        }

        if (!Utf8.IsValid(utf8))
        {
            throw new JsonPlaceException("it is not UTF-8", 1, 1);
        }

        var reader = new Utf8JsonReader(JsonText.Mended(utf8), new JsonReaderOptions { MaxDepth = Limits.JsonDepthMax });
        try
        {
            reader.Read();
            var root = JsonPart.Read(ref reader);
            reader.Read();
            return root.IsObject ? new SettingsText(utf8, hasMark, root) : throw new JsonPlaceException("the whole is not an object in braces", 1, 1);
        }
        catch (JsonException e)
        {
            throw JsonPlaceException.Of(e, utf8);
        }
    }

    /// <summary>The value at a path of names, or null.</summary>
    public JsonPart? Find(params ReadOnlySpan<string> path)
    {
        JsonPart? part = Root;
        foreach (string name in path)
        {
            part = part?.Member(name);
        }

        return part;
    }

    /// <summary>A value as it is written.</summary>
    public string Written(JsonPart part) => Encoding.UTF8.GetString(_utf8, part.Start, part.End - part.Start);

    /// <summary>Whether a value means the same as another, however it is written.</summary>
    public bool Means(JsonPart part, string json) => JsonElement.DeepEquals(Element(Written(part)), Element(json));

    /// <summary>The text of a string, also of a number, true and false as Claude Code takes them for variables; null for what is none of these.</summary>
    public string? Text(JsonPart part) => part.Kind switch
    {
        JsonTokenType.String => Element(Written(part)).GetString(),
        JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Written(part),
        _ => null,
    };

    /// <summary>A text as JSON writes it.</summary>
    public static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    /// <summary>With a value at a path, in the place of the one that is there, else behind all others. The object around it must be there.</summary>
    public SettingsText With(ReadOnlySpan<string> path, string json)
    {
        JsonPart around = Find(path[..^1])!;
        return around.Member(path[^1]) is { } old
            ? Splice(old.Start, old.End, Formatted(json, path.Length))
            : Insert(around, path.Length - 1, Quoted(path[^1]) + Colon() + Formatted(json, path.Length));
    }

    /// <summary>With one more element at the end of the array at a path.</summary>
    public SettingsText WithElement(ReadOnlySpan<string> path, string json) => Insert(Find(path)!, path.Length, Formatted(json, path.Length + 1));

    /// <summary>Without the value at a path, which must be there.</summary>
    public SettingsText Without(ReadOnlySpan<string> path)
    {
        JsonPart around = Find(path[..^1])!;
        return Without(around, around.Index(path[^1]));
    }

    /// <summary>Without one element or member.</summary>
    public SettingsText Without(JsonPart around, int index)
    {
        IReadOnlyList<JsonMember> all = around.Members;
        return all.Count == 1 ? Splice(around.Start + 1, around.End - 1, "")
            : index == all.Count - 1 ? Splice(all[index - 1].Value.End, all[index].Value.End, "")
            : Splice(all[index].Start, all[index + 1].Start, "");
    }

    private static JsonElement Element(string json)
    {
        using JsonDocument document = JsonText.Document(json);
        return document.RootElement.Clone();
    }

    private SettingsText Splice(int start, int end, string text) => Parse(
    [
        .. _hasMark ? Mark : [], .. _utf8.AsSpan(0, start), .. Encoding.UTF8.GetBytes(text), .. _utf8.AsSpan(end),
    ]);

    private SettingsText Insert(JsonPart around, int depth, string text)
    {
        if (around.Members is [.., var last])
        {
            return Splice(last.Value.End, last.Value.End, "," + BlankBefore(last.Start) + text);
        }

        (string indent, bool isOneLine) = Layout();
        string end = NewLine() + Repeat(indent, depth);
        return Splice(around.Start + 1, around.End - 1, isOneLine ? text : end + indent + text + end);
    }

    // How the file is laid out is how its first member is.
    private (string Indent, bool IsOneLine) Layout()
    {
        if (Root.Members is not [var first, ..])
        {
            return (DefaultIndent, false);
        }

        string blank = BlankBefore(first.Start);
        int line = blank.LastIndexOf('\n');
        return (blank[(line + 1)..], line < 0);
    }

    private string NewLine() => _utf8.AsSpan().IndexOf("\r\n"u8) >= 0 ? "\r\n" : "\n";

    private string Colon()
    {
        if (Root.Members is not [var first, ..])
        {
            return ": ";
        }

        string name = Encoding.UTF8.GetString(_utf8, first.Start, first.Value.Start - first.Start);
        return name[(name.LastIndexOf('"') + 1)..];
    }

    private string BlankBefore(int index)
    {
        int start = index;
        while (start > 0 && _utf8[start - 1] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            start--;
        }

        return Encoding.UTF8.GetString(_utf8, start, index - start);
    }

    // What a program wrote on one line is laid out like the file; what stood in the file once goes back as it was.
    private string Formatted(string json, int depth)
    {
        (string indent, bool isOneLine) = Layout();
        if (isOneLine || json is "{}" or "[]" || json[0] is not ('{' or '[') || json.Contains('\n', StringComparison.Ordinal))
        {
            return json;
        }

        var options = new JsonWriterOptions
        {
            Indented = true,
            IndentCharacter = indent.StartsWith('\t') ? '\t' : ' ',
            IndentSize = indent.Length,
            NewLine = NewLine(),
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            Element(json).WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan).Replace("\n", "\n" + Repeat(indent, depth), StringComparison.Ordinal);
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
