using OtelLite.Rows;

namespace OtelLite.Tests.Commands;

/// <summary>Rows in each form, and what a hostile text in them may not do.</summary>
public sealed class RowsTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "\"\"")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a\nb", "\"a\nb\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\t=1", "\"'\t=1\"")]
    [InlineData("\r=1", "\"'\r=1\"")]
    public void A_text_in_csv_is_quoted_where_it_must_be_and_never_a_formula(string text, string field) =>
        Assert.Equal($"x\r\n{field}\r\n", Written(to => new CsvRows(to), text));

    [Fact]
    public void A_number_in_csv_is_a_number_and_nothing_is_nothing() =>
        Assert.Equal("x\r\n-1\r\n0.25\r\n1E+300\r\n0.000000001\r\n\r\n", Written(to => new CsvRows(to), -1L, 0.25, 1e300, 0.000000001m, null));

    [Fact]
    public void A_line_of_json_takes_json_in_and_what_is_none_as_text()
    {
        Assert.Equal("""
            {"x":{"a":[1,"é"]}}
            {"x":"{broken"}
            {"x":"1 2"}
            {"x":"{\n}"}
            {"x":"Infinity"}
            {"x":9007199254740993}

            """, Written(to => new JsonRows(to, asArray: false), isJson: true, """{"a":[1,"é"]}""", "{broken", "1 2", "{\n}", double.PositiveInfinity, 9007199254740993));
        Assert.Equal("[]\n", Written(to => new JsonRows(to, asArray: true)));
        Assert.Equal("[\n{\"x\":1},\n{\"x\":null}\n]\n", Written(to => new JsonRows(to, asArray: true), 1L, null));
    }

    [Fact]
    public void A_cell_of_a_table_is_one_line_without_anything_a_terminal_obeys_and_is_cut_past_its_bound()
    {
        string[] lines = Written(to => new TableRows(to), "a\nb\u001b[2J\u009b\u007f\u202e", new string('x', Limits.TableCellCharactersMax), new string('x', Limits.TableCellCharactersMax + 1)).TrimEnd().Split('\n');
        Assert.Equal("a·b·[2J···", lines[2]);
        Assert.Equal(new string('x', Limits.TableCellCharactersMax), lines[3]);
        Assert.Equal(new string('x', Limits.TableCellCharactersMax - 1) + "…", lines[4]);
    }

    [Fact]
    public void Only_so_many_rows_of_a_table_are_kept_to_measure_them()
    {
        using var text = new StringWriter();
        var table = new TableRows(text);
        table.Begin([new OutColumn("x")]);
        for (int i = 0; i < Limits.TableRowsMeasured - 1; i++)
        {
            table.Row(["a"]);
        }

        Assert.Equal("", text.ToString());
        table.Row(["a"]);
        Assert.Equal(Limits.TableRowsMeasured + 2, text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        table.Row(["wider"]);
        table.End();
        Assert.EndsWith("a\nwider\n", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_goes_to_a_terminal_is_harmless_whoever_writes_it()
    {
        using var terminal = new StringWriter();
        using TextWriter guarded = TerminalText.Guard(terminal);
        guarded.Write("a\u001b]0;x\u0007\r\n");
        guarded.Write('\u009b');
        guarded.Write("b\u2066".AsSpan());
        guarded.Write(['c', '\b'], 0, 2);
        Assert.Equal("a·]0;x·\r\n·b·c·", terminal.ToString());
        Assert.Equal("a··b··c·d\ud83d\ude00\ufe0f", TerminalText.OneLine("a\udb40\udc41b\ud834\udd73c\u3164d\ud83d\ude00\ufe0f"));
        Assert.Equal("a·b·c·d·e·f\u200dg\u200ch", TerminalText.OneLine("a\u200eb\u061cc\ufeffd\u200be\u00adf\u200dg\u200ch"));
    }

    private static string Written(Func<TextWriter, RowWriter> make, params object?[] cells) => Written(make, false, cells);

    private static string Written(Func<TextWriter, RowWriter> make, bool isJson, params object?[] cells)
    {
        using var text = new StringWriter();
        RowWriter rows = make(text);
        rows.Begin([new OutColumn("x", isJson)]);
        foreach (object? cell in cells)
        {
            rows.Row([cell]);
        }

        rows.End();
        return text.ToString();
    }
}
