using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OtelLite.Rows;

/// <summary>Each row as one JSON object: a line each, or all in one array. Of columns that share a name the later ones are numbered.</summary>
internal sealed class JsonRows(TextWriter to, bool asArray) : RowWriter(to)
{
    private readonly ArrayBufferWriter<byte> _line = new();
    private OutColumn[] _columns = [];
    private bool _hasRows;

    public override void Begin(IReadOnlyList<OutColumn> columns)
    {
        HashSet<string> names = [];
        _columns = [.. columns.Select(c => c with { Name = Numbered(c.Name, names) })];
        if (asArray)
        {
            To.Write('[');
        }
    }

    public override void Row(ReadOnlySpan<object?> cells)
    {
        _line.ResetWrittenCount();
        // Escapes controls and leaves letters of all languages as they are; nothing of this is put into a page.
        using (var json = new Utf8JsonWriter(_line, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true }))
        {
            json.WriteStartObject();
            for (int i = 0; i < cells.Length; i++)
            {
                json.WritePropertyName(_columns[i].Name);
                Write(json, cells[i], _columns[i].IsJson);
            }

            json.WriteEndObject();
        }

        To.Write(asArray ? _hasRows ? ",\n" : "\n" : "");
        To.Write(Encoding.UTF8.GetString(_line.WrittenSpan));
        To.Write(asArray ? "" : "\n");
        _hasRows = true;
    }

    public override void End()
    {
        To.Write(asArray ? _hasRows ? "\n]\n" : "]\n" : "");
        base.End();
    }

    private static void Write(Utf8JsonWriter json, object? cell, bool isJson)
    {
        switch (cell)
        {
            case null:
                json.WriteNullValue();
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case decimal number:
                json.WriteNumberValue(number);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            // JSON has no infinity.
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case string text when isJson && IsValid(text):
                json.WriteRawValue(text, skipInputValidation: true);
                break;
            default:
                json.WriteStringValue(TextOf(cell));
                break;
        }
    }

    // The program wrote it, but anybody may have changed the file: a line that is no JSON would spoil the whole document.
    private static bool IsValid(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { MaxDepth = Limits.JsonDepthMax });
        try
        {
            while (reader.Read())
            {
            }

            return !text.Contains('\n', StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Numbered(string name, HashSet<string> names)
    {
        string free = name;
        for (int i = 2; !names.Add(free); i++)
        {
            free = $"{name}_{i}";
        }

        return free;
    }
}
