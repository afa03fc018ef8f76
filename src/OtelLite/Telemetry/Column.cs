using System.Runtime.CompilerServices;

namespace OtelLite.Telemetry;

/// <summary>A request holds more than a batch may; the message says what and how many.</summary>
internal sealed class BatchFullException(string message) : Exception(message);

/// <summary>A growing array whose rows are filled in place and which keeps its room from one batch to the next, unless there were many of them.</summary>
/// <param name="max">The most rows it may have.</param>
internal sealed class Column<T>(int max = Limits.RecordsPerRequestMax)
    where T : unmanaged
{
    private const int RowsKeptMax = 8192;

    // Most requests of a session have a few records of one kind, and several hundred such batches may wait to be counted.
    private const int FirstRows = 16;

    private T[] _rows = [];

    // In place of those, where there are more than are kept.
    private SystemMemory? _many;

    public int Count { get; private set; }

    /// <summary>What it keeps from one batch to the next.</summary>
    public int KeptBytes => _rows.Length * Unsafe.SizeOf<T>();

    public Span<T> Rows => Room[..Count];

    public ref T this[int index] => ref Rows[index];

    private Span<T> Room => _many is null ? _rows : _many.Of<T>();

    /// <summary>A new, empty row at the end. The reference holds until the next row is added.</summary>
    /// <exception cref="BatchFullException">There is no room for one more.</exception>
    public ref T Add()
    {
        Span<T> room = Room;
        if (Count == room.Length)
        {
            if (Count >= max)
            {
                throw new BatchFullException($"one request may hold at most {max} of each kind of its parts (here: {typeof(T).Name}); send smaller batches");
            }

            room = Grow();
        }

        ref T row = ref room[Count++];
        row = default;
        return ref row;
    }

    public void Truncate(int count) => Count = count;

    private Span<T> Grow()
    {
        if (_many is null && _rows.Length < RowsKeptMax)
        {
            Array.Resize(ref _rows, Math.Min(max, Math.Max(FirstRows, _rows.Length * 2)));
            return _rows;
        }

        long row = Unsafe.SizeOf<T>();
        SystemMemory larger = SystemMemory.Room(max * row, (Count + 1) * row);
        Room[..Count].CopyTo(larger.Of<T>());
        _many?.Dispose();
        _many = larger;
        return larger.Of<T>();
    }

    public void Clear()
    {
        Count = 0;
        _many?.Dispose();
        _many = null;
    }
}
