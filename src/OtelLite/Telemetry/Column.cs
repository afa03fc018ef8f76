namespace OtelLite.Telemetry;

/// <summary>A growing array whose rows are filled in place and which keeps its room from one batch to the next.</summary>
internal sealed class Column<T>
    where T : struct
{
    private const int RowsKeptMax = 8192;

    private T[] _rows = new T[64];

    public int Count { get; private set; }

    public Span<T> Rows => _rows.AsSpan(0, Count);

    public ref T this[int index] => ref Rows[index];

    /// <summary>A new, empty row at the end. The reference holds until the next row is added.</summary>
    public ref T Add()
    {
        if (Count == _rows.Length)
        {
            Array.Resize(ref _rows, _rows.Length * 2);
        }

        ref T row = ref _rows[Count++];
        row = default;
        return ref row;
    }

    public void Truncate(int count) => Count = count;

    public void Clear()
    {
        Count = 0;
        if (_rows.Length > RowsKeptMax)
        {
            _rows = new T[64];
        }
    }
}
