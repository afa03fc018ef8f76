using System.Buffers;
using System.Buffers.Binary;

namespace OtelLite.Storage;

/// <summary>As what SQLite keeps a value.</summary>
internal enum StoredAs
{
    Null,
    Integer,
    Real,
    Text,
    Blob,
}

/// <summary>A value as it stands in a row.</summary>
internal readonly record struct DamagedValue(StoredAs Is, long Integer = 0, double Real = 0, ReadOnlyMemory<byte> Bytes = default);

/// <summary>A row of a table; of one without row ids the id is 0, and the values of its key are the first.</summary>
internal sealed record DamagedRow(long Id, DamagedValue[] Values);

/// <summary>
/// Reads the rows of one page after the other. Each length and place that a page tells is looked at before it is followed: rows of a page are together no larger than it is, and a page on which
/// one goes on is another's no more. So nothing is read for longer than the file is.
/// </summary>
internal sealed class DamagedRows(DamagedPages pages)
{
    private readonly byte[] _page = new byte[pages.PageBytes];
    private readonly byte[] _next = new byte[pages.PageBytes];
    private readonly bool[] _isTaken = new bool[pages.Count + 1];

    // Bytes of the page: behind the end of a file that is cut short are none of any row.
    private int _there;

    // A text of half a gigabyte is not kept as room for the next.
    private ArrayBufferWriter<byte> _long = new();

    /// <summary>How many could not be read so far, on pages that could.</summary>
    public long Unread { get; private set; }

    public List<DamagedRow> Of(int page)
    {
        List<DamagedRow> rows = [];
        _there = Math.Min(pages.Read(page, _page), pages.Usable);
        bool isInner = pages.IsInner(page);
        int header = DamagedPages.HeaderAt(page), list = header + (isInner ? 12 : 8), cells = BinaryPrimitives.ReadUInt16BigEndian(_page.AsSpan(header + 3));
        int left = pages.Usable - list - (2 * cells);
        for (int i = 0; i < cells && left > 0; i++)
        {
            int at = BinaryPrimitives.ReadUInt16BigEndian(_page.AsSpan(list + (2 * i)));
            if (at >= list + (2 * cells) && at < pages.Usable && Row(page, at + (isInner ? 4 : 0), out int length) is { } row)
            {
                left -= length;
                rows.Add(row);
            }
            else
            {
                Unread++;
            }
        }

        return rows;
    }

    private DamagedRow? Row(int page, int at, out int length)
    {
        length = 0;
        ReadOnlySpan<byte> cell = _page.AsSpan(0, _there)[Math.Min(at, _there)..];
        int read = 0;
        bool isOfTable = pages.IsOfTable(page);
        long id = 0;
        if (!Number(cell, ref read, out long bytes) || bytes is <= 0 or > Limits.RecoverRowBytesMax || (isOfTable && !Number(cell, ref read, out id)))
        {
            return null;
        }

        int local = Local((int)bytes, isOfTable);
        length = read + local + (local < bytes ? 4 : 0);
        if (length > cell.Length)
        {
            return null;
        }

        ReadOnlyMemory<byte>? whole = local == bytes ? cell.Slice(read, local).ToArray() : WithOverflow(cell.Slice(read, local), BinaryPrimitives.ReadInt32BigEndian(cell[(read + local)..]), (int)bytes);
        return whole is { } payload && Values(payload) is { } values ? new DamagedRow(id, values) : null;
    }

    // How much of a row stands on its page; the rest goes on elsewhere.
    private int Local(int bytes, bool isOfTable)
    {
        int usable = pages.Usable, most = isOfTable ? usable - 35 : ((usable - 12) * 64 / 255) - 23, least = ((usable - 12) * 32 / 255) - 23;
        int some = least + ((bytes - least) % (usable - 4));
        return bytes <= most ? bytes : some <= most ? some : least;
    }

    private byte[]? WithOverflow(ReadOnlySpan<byte> local, int next, int bytes)
    {
        if (_long.Capacity > Limits.PooledTextBytesMax)
        {
            _long = new ArrayBufferWriter<byte>();
        }

        _long.ResetWrittenCount();
        _long.Write(local);
        while (_long.WrittenCount < bytes)
        {
            if (!pages.MayOverflow(next) || _isTaken[next])
            {
                return null;
            }

            _isTaken[next] = true;
            int more = Math.Min(bytes - _long.WrittenCount, pages.Usable - 4);
            if (pages.Read(next, _next) < 4 + more)
            {
                return null;
            }

            _long.Write(_next.AsSpan(4, more));
            next = BinaryPrimitives.ReadInt32BigEndian(_next);
        }

        return _long.WrittenSpan.ToArray();
    }

    // A list of types, which tell lengths, and then what they are of.
    private static DamagedValue[]? Values(ReadOnlyMemory<byte> row)
    {
        int read = 0;
        if (!Number(row.Span, ref read, out long types) || types > row.Length)
        {
            return null;
        }

        List<DamagedValue> values = [];
        int at = (int)types;
        while (read < types)
        {
            if (!Number(row.Span, ref read, out long type) || type is < 0 or 10 or 11 || Length(type) is var length && length > row.Length - at)
            {
                return null;
            }

            values.Add(Value(type, row.Slice(at, (int)Length(type))));
            at += (int)Length(type);
        }

        return read == types && at == row.Length ? [.. values] : null;
    }

    private static long Length(long type) => type switch
    {
        <= 4 => type,
        5 => 6,
        6 or 7 => 8,
        < 12 => 0,
        _ => (type - 12) / 2,
    };

    private static DamagedValue Value(long type, ReadOnlyMemory<byte> bytes)
    {
        if (type >= 12)
        {
            return new DamagedValue(type % 2 == 0 ? StoredAs.Blob : StoredAs.Text, Bytes: bytes);
        }

        long integer = bytes.Length > 0 ? (sbyte)bytes.Span[0] : type == 9 ? 1 : 0;
        foreach (byte next in bytes.Span[Math.Min(1, bytes.Length)..])
        {
            integer = (integer << 8) | next;
        }

        return type == 0 ? default : type == 7 ? new DamagedValue(StoredAs.Real, Real: BitConverter.Int64BitsToDouble(integer)) : new DamagedValue(StoredAs.Integer, integer);
    }

    // Seven bits a byte, and of the ninth all eight.
    private static bool Number(ReadOnlySpan<byte> bytes, ref int at, out long number)
    {
        number = 0;
        for (int i = 0; i < 9; i++)
        {
            if (at >= bytes.Length)
            {
                return false;
            }

            byte next = bytes[at++];
            number = i == 8 ? (number << 8) | next : (number << 7) | (uint)(next & 0x7F);
            if (next < 0x80)
            {
                return true;
            }
        }

        return true;
    }
}
