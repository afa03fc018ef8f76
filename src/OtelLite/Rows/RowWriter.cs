namespace OtelLite.Rows;

/// <summary>A column of what is written.</summary>
/// <param name="IsJson">Its texts are JSON, which a JSON document takes in as it is.</param>
internal readonly record struct OutColumn(string Name, bool IsJson = false);

/// <summary>
/// Writes rows one after the other in one form, and keeps none that is written. A cell is null, <see cref="long"/>, <see cref="double"/>,
/// <see cref="decimal"/>, <see cref="bool"/>, <see cref="string"/> or an array of bytes.
/// </summary>
internal abstract class RowWriter(TextWriter to)
{
    protected TextWriter To => to;

    public abstract void Begin(IReadOnlyList<OutColumn> columns);

    public abstract void Row(ReadOnlySpan<object?> cells);

    /// <summary>What comes behind the last row.</summary>
    public virtual void End() => to.Flush();

    /// <summary>A number or text as text; bytes in hex. Null is empty.</summary>
    protected static string TextOf(object? cell) => cell switch
    {
        null => "",
        string text => text,
        byte[] bytes => Convert.ToHexString(bytes),
        bool flag => flag ? "true" : "false",
        _ => ((IFormattable)cell).ToString(null, System.Globalization.CultureInfo.InvariantCulture),
    };
}
