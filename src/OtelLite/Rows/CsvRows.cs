using System.Buffers;

namespace OtelLite.Rows;

/// <summary>
/// CSV by RFC 4180, with a line of names. A null is an empty field, an empty text is "". A text that a spreadsheet would take for a formula begins with
/// an apostrophe: what came over the network must not compute, or fetch, anything in whoever opens the file.
/// </summary>
internal sealed class CsvRows(TextWriter to) : RowWriter(to)
{
    private const string FormulaStarts = "=+-@\t\r\n＝＋－＠";

    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n\t ");

    public override void Begin(IReadOnlyList<OutColumn> columns) => Row([.. columns.Select(c => (object?)c.Name)]);

    public override void Row(ReadOnlySpan<object?> cells)
    {
        for (int i = 0; i < cells.Length; i++)
        {
            if (i > 0)
            {
                To.Write(',');
            }

            Write(cells[i]);
        }

        To.Write("\r\n");
    }

    private void Write(object? cell)
    {
        string text = TextOf(cell);
        if (cell is not string)
        {
            To.Write(text);
            return;
        }

        string safe = text.Length > 0 && FormulaStarts.Contains(text[0], StringComparison.Ordinal) ? "'" + text : text;
        if (safe.Length > 0 && !safe.AsSpan().ContainsAny(Quoted))
        {
            To.Write(safe);
            return;
        }

        To.Write('"');
        To.Write(safe.Replace("\"", "\"\"", StringComparison.Ordinal));
        To.Write('"');
    }
}
