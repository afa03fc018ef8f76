using System.Buffers.Binary;

namespace OtelLite.Storage;

/// <summary>
/// The pages of a database file as bytes, and which tree each one is of (https://www.sqlite.org/fileformat2.html). SQLite goes where a page leads it, also astray and in circles, and not at all
/// where the page above is lost. Here the map of pages that the file keeps (each one's use and the page above it) tells as much as the trees do, and whatever the pages say, each is looked at once.
/// </summary>
internal sealed class DamagedPages : IDisposable
{
    public const int HeaderBytes = 100;

    /// <summary>The page on which the tree of the list of tables begins.</summary>
    public const int SchemaRoot = 1;

    // By their first byte. Those of indexes hold the tables without row ids too.
    private const byte IndexInner = 0x02, TableInner = 0x05, IndexLeaf = 0x0A, TableLeaf = 0x0D;

    // What the map says of a page. A tree is at most so deep in SQLite too.
    private const byte Root = 1, Free = 2, Overflow = 3, OverflowOn = 4, InTree = 5;
    private const int DepthMax = 20;

    private readonly FileStream _file;
    private readonly byte[] _kinds;
    private readonly byte[] _uses;
    private readonly int[] _above;
    private readonly int[] _roots;

    /// <exception cref="IOException">It can't be read, or is larger than any that was written.</exception>
    public DamagedPages(string path)
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        Span<byte> header = stackalloc byte[HeaderBytes];
        header.Clear();
        _file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        int size = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        PageBytes = size == 1 ? 65536 : size;
        Usable = PageBytes - header[20];
        Version = BinaryPrimitives.ReadInt32BigEndian(header[60..]);
        CountTold = BinaryPrimitives.ReadUInt32BigEndian(header[28..]);
        // The last page may be there in part.
        Count = checked((int)((_file.Length + PageBytes - 1) / PageBytes));
        (_kinds, _uses, _above, _roots) = (new byte[Count + 1], new byte[Count + 1], new int[Count + 1], new int[Count + 1]);
        ReadKinds();
        if (BinaryPrimitives.ReadInt32BigEndian(header[52..]) != 0)
        {
            ReadMap();
        }

        ReadFree(BinaryPrimitives.ReadInt32BigEndian(header[32..]), BinaryPrimitives.ReadInt32BigEndian(header[36..]));
        AddRoots([SchemaRoot, .. Enumerable.Range(1, Count).Where(p => _uses[p] == Root)]);
    }

    public int PageBytes { get; }

    /// <summary>Without what is kept free at each page's end.</summary>
    public int Usable { get; }

    public int Version { get; }

    public int Count { get; }

    /// <summary>How many there were.</summary>
    public long CountTold { get; }

    /// <summary>Pages on which the trees of tables and indexes begin.</summary>
    public IEnumerable<int> Roots => Enumerable.Range(1, Count).Where(p => _roots[p] == p);

    /// <summary>Whether something that was in a tree can't be read.</summary>
    public bool HasLost => Enumerable.Range(2, Math.Max(0, Count - 1)).Any(p => _uses[p] is Root or InTree && !IsOfTree(p));

    /// <summary>Takes these for beginnings of trees too, and finds what is below them.</summary>
    public void AddRoots(IEnumerable<int> roots)
    {
        foreach (int root in roots.Where(r => IsPage(r) && _roots[r] == 0))
        {
            _roots[root] = root;
        }

        for (int page = 1; page <= Count; page++)
        {
            _roots[page] = _roots[page] == 0 && IsOfTree(page) ? ByMap(page) : _roots[page];
        }

        ByTrees();
    }

    /// <summary>The pages of each tree that hold rows, in the order of the file; those of no known tree under 0.</summary>
    public ILookup<int, int> PagesWithRows() =>
        Enumerable.Range(1, Count).Where(p => _kinds[p] is TableLeaf or IndexLeaf or IndexInner && (_roots[p] != 0 || _uses[p] is not (Free or Overflow or OverflowOn))).ToLookup(p => _roots[p]);

    public bool IsOfTable(int page) => _kinds[page] is TableLeaf or TableInner;

    public bool IsInner(int page) => _kinds[page] is TableInner or IndexInner;

    /// <summary>Whether a row may go on there.</summary>
    public bool MayOverflow(int page) => IsPage(page) && _uses[page] is not (Root or Free or InTree);

    /// <summary>Whether a tree may begin there: the map says so, or can't be read.</summary>
    public bool MayBeRoot(int page) => IsPage(page) && _uses[page] is not (Free or Overflow or OverflowOn or InTree);

    public bool IsPage(int page) => page >= 1 && page <= Count;

    /// <summary>A page's bytes; zeros where the file ends before it does. How many are there.</summary>
    public int Read(int page, Span<byte> bytes)
    {
        int read = 0;
        for (int got = 1; read < bytes.Length && got > 0; read += got)
        {
            got = RandomAccess.Read(_file.SafeFileHandle, bytes[read..], ((page - 1L) * PageBytes) + read);
        }

        bytes[read..].Clear();
        return read;
    }

    /// <summary>Where a page's own header begins.</summary>
    public static int HeaderAt(int page) => page == SchemaRoot ? HeaderBytes : 0;

    public void Dispose() => _file.Dispose();

    private bool IsOfTree(int page) => _kinds[page] is IndexInner or TableInner or IndexLeaf or TableLeaf;

    private void ReadKinds()
    {
        byte[] many = new byte[256 * PageBytes];
        for (int first = 1; first <= Count; first += 256)
        {
            Read(first, many);
            for (int i = 0; i < 256 && first + i <= Count; i++)
            {
                _kinds[first + i] = many[(i * PageBytes) + HeaderAt(first + i)];
            }
        }
    }

    // Each page of the map tells of the pages behind it, five bytes of each.
    private void ReadMap()
    {
        byte[] map = new byte[PageBytes];
        int each = (Usable / 5) + 1, locked = (0x40000000 / PageBytes) + 1;
        for (long at = 2; at <= Count; at += each)
        {
            int page = (int)at == locked ? (int)at + 1 : (int)at;
            Read(Math.Min(page, Count), map);
            _kinds[page <= Count ? page : 0] = 0;
            for (int i = 0; i < Usable / 5 && page + 1 + i <= Count; i++)
            {
                _uses[page + 1 + i] = map[5 * i];
                _above[page + 1 + i] = BinaryPrimitives.ReadInt32BigEndian(map.AsSpan((5 * i) + 1));
            }
        }

        _kinds[0] = 0;
    }

    // What was removed still stands on them.
    private void ReadFree(int trunk, int most)
    {
        byte[] list = new byte[PageBytes];
        for (int seen = 0; IsPage(trunk) && seen < Count && seen < most; seen++)
        {
            Read(trunk, list);
            _uses[trunk] = Free;
            int pages = Math.Clamp(BinaryPrimitives.ReadInt32BigEndian(list.AsSpan(4)), 0, (Usable / 4) - 2);
            for (int i = 0; i < pages; i++)
            {
                int page = BinaryPrimitives.ReadInt32BigEndian(list.AsSpan(8 + (4 * i)));
                // Where the map knows better the list is damaged.
                _uses[IsPage(page) && _uses[page] is not (Root or InTree) ? page : 0] = Free;
            }

            trunk = BinaryPrimitives.ReadInt32BigEndian(list);
        }

        _uses[0] = 0;
    }

    private int ByMap(int page)
    {
        for (int depth = 0; depth < DepthMax && IsPage(page); depth++)
        {
            if (_roots[page] != 0)
            {
                return _roots[page];
            }

            page = _uses[page] == InTree ? _above[page] : 0;
        }

        return 0;
    }

    // What a page leads to, where the map does not say what it is.
    private void ByTrees()
    {
        var left = new Queue<int>(Enumerable.Range(1, Count).Where(p => _roots[p] != 0 && IsInner(p)));
        byte[] bytes = new byte[PageBytes];
        while (left.TryDequeue(out int page))
        {
            Read(page, bytes);
            int header = HeaderAt(page), cells = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(header + 3)), (Usable - header - 12) / 2);
            for (int i = -1; i < cells; i++)
            {
                int at = i < 0 ? header + 8 : BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(header + 12 + (2 * i)));
                int below = at <= Usable - 4 ? BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at)) : 0;
                if (IsPage(below) && _roots[below] == 0 && IsOfTree(below) && IsOfTable(below) == IsOfTable(page) && _uses[below] is not (Root or Free or Overflow or OverflowOn))
                {
                    _roots[below] = _roots[page];
                    if (IsInner(below))
                    {
                        left.Enqueue(below);
                    }
                }
            }
        }
    }
}
