namespace OtelLite.Rows;

/// <summary>A table for a person: columns aligned, numbers to the right, one line for each row whatever a text holds, and long texts cut.</summary>
internal sealed class TableRows(TextWriter to) : RowWriter(to)
{
    // Those that are looked at before the first is printed; what comes later may be wider and pushes its line out.
    private readonly List<object?[]> _measured = [];
    private string[] _names = [];
    private int[] _widths = [];
    private bool[] _areNumbers = [];
    private bool _isPrinting;

    public override void Begin(IReadOnlyList<OutColumn> columns) => _names = [.. columns.Select(c => Shown(c.Name))];

    public override void Row(ReadOnlySpan<object?> cells)
    {
        if (_isPrinting)
        {
            Print(cells);
            return;
        }

        _measured.Add(cells.ToArray());
        if (_measured.Count == Limits.TableRowsMeasured)
        {
            PrintMeasured();
        }
    }

    public override void End()
    {
        if (!_isPrinting)
        {
            PrintMeasured();
        }

        base.End();
    }

    private void PrintMeasured()
    {
        _isPrinting = true;
        _widths = [.. _names.Select((name, i) => _measured.Select(r => Width(Shown(r[i]))).Append(Width(name)).Max())];
        _areNumbers = [.. _names.Select((_, i) => _measured.Exists(r => r[i] is not null) && _measured.TrueForAll(r => r[i] is null or long or double or decimal))];
        Line([.. _names]);
        Line([.. _widths.Select(w => new string('-', w))]);
        foreach (object?[] row in _measured)
        {
            Print(row);
        }

        _measured.Clear();
    }

    private void Print(ReadOnlySpan<object?> cells)
    {
        string[] texts = new string[cells.Length];
        for (int i = 0; i < cells.Length; i++)
        {
            texts[i] = Shown(cells[i]);
        }

        Line(texts);
    }

    private void Line(string[] texts)
    {
        IEnumerable<string> padded = texts.Select((text, i) =>
        {
            string blanks = new string(' ', Math.Max(0, _widths[i] - Width(text)));
            return _areNumbers[i] ? blanks + text : text + blanks;
        });
        To.Write(string.Join("  ", padded).TrimEnd(' ') + "\n");
    }

    private static string Shown(object? cell)
    {
        string text = cell is null ? "NULL" : TerminalText.OneLine(TextOf(cell));
        if (text.Length <= Limits.TableCellCharactersMax)
        {
            return text;
        }

        // Not through the middle of a pair of surrogates.
        int end = char.IsHighSurrogate(text[Limits.TableCellCharactersMax - 2]) ? Limits.TableCellCharactersMax - 2 : Limits.TableCellCharactersMax - 1;
        return text[..end] + "…";
    }

    private static int Width(string text) => text.Length - text.Count(char.IsLowSurrogate);
}
