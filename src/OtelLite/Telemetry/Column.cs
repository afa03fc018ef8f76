using System.Runtime.CompilerServices;

namespace OtelLite.Telemetry;

/// <summary>A request holds more than a batch may; the message says what and how many.</summary>
internal sealed class BatchFullException(string message) : Exception(message);

/// <summary>A growing array whose rows are filled in place and which keeps its room from one batch to the next.</summary>
/// <param name="max">The most rows it may have.</param>
internal sealed class Column<T>(int max = Limits.RecordsPerRequestMax)
    where T : struct
{
    private const int RowsKeptMax = 8192;

    private T[] _rows = new T[64];

    public int Count { get; private set; }

    public Span<T> Rows => _rows.AsSpan(0, Count);

    public ref T this[int index] => ref Rows[index];

    /// <summary>A new, empty row at the end. The reference holds until the next row is added.</summary>
    /// <exception cref="BatchFullException">There is no room for one more.</exception>
    public ref T Add()
    {
        if (Count == _rows.Length)
        {
            if (Count >= max)
            {
                throw new BatchFullException($"one request may hold at most {max} of each kind of its parts (here: {typeof(T).Name}); send smaller batches");
            }

            Grow();
        }

        ref T row = ref _rows[Count++];
        row = default;
        return ref row;
    }

    public void Truncate(int count) => Count = count;

    private void Grow()
    {
        T[] larger = _rows.Length < RowsKeptMax ? new T[Math.Min(max, _rows.Length * 2)] : SpareMemory.MakeRoom<T>(max, _rows.Length + 1);
        _rows.CopyTo(larger, 0);
        LetGo(_rows);
        _rows = larger;
    }

    private static void LetGo(T[] rows)
    {
        if ((long)rows.Length * Unsafe.SizeOf<T>() is > Limits.PooledTextBytesMax and var bytes)
        {
            SpareMemory.LetGo(bytes);
        }
    }

    public void Clear()
    {
        Count = 0;
        if (_rows.Length > RowsKeptMax)
        {
            LetGo(_rows);
            _rows = new T[64];
        }
    }
}
