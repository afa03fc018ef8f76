namespace OtelLite.Rows;

/// <summary>A table for a person: columns aligned, numbers to the right, one line for each row whatever a text holds, and long texts cut.</summary>
internal sealed class TableRows(TextWriter to) : RowWriter(to)
{
    // Those that are looked at before the first is printed, as they will be; what comes later may be wider and pushes its line out.
    private readonly List<string[]> _measured = [];
    private string[] _names = [];
    private int[] _widths = [];
    private bool[] _areNumbers = [];
    private bool[] _hasText = [];
    private bool _isPrinting;

    public override void Begin(IReadOnlyList<OutColumn> columns)
    {
        _names = [.. columns.Select(c => Shown(c.Name))];
        _areNumbers = new bool[_names.Length];
        _hasText = new bool[_names.Length];
    }

    public override void Row(ReadOnlySpan<object?> cells)
    {
        if (_isPrinting)
        {
            Line(Shown(cells));
            return;
        }

        for (int i = 0; i < cells.Length; i++)
        {
            _areNumbers[i] |= cells[i] is long or double or decimal;
            _hasText[i] |= cells[i] is not (null or long or double or decimal);
        }

        _measured.Add(Shown(cells));
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
        _widths = [.. _names.Select((name, i) => _measured.Select(r => Width(r[i])).Append(Width(name)).Max())];
        _areNumbers = [.. _areNumbers.Select((isNumber, i) => isNumber && !_hasText[i])];
        Line([.. _names]);
        Line([.. _widths.Select(w => new string('-', w))]);
        foreach (string[] row in _measured)
        {
            Line(row);
        }

        _measured.Clear();
    }

    private static string[] Shown(ReadOnlySpan<object?> cells)
    {
        string[] texts = new string[cells.Length];
        for (int i = 0; i < cells.Length; i++)
        {
            texts[i] = Shown(cells[i]);
        }

        return texts;
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
        // What is far behind what is shown is not looked at: it may be a hundred megabytes.
        string text = TerminalText.OneLine(cell switch
        {
            null => "NULL",
            string { Length: > Limits.TableCellCharactersMax } whole => whole[..(Limits.TableCellCharactersMax + 1)],
            byte[] { Length: > Limits.TableCellCharactersMax } whole => Convert.ToHexString(whole, 0, Limits.TableCellCharactersMax),
            _ => TextOf(cell),
        });
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
