using System.Buffers;
using System.Runtime.InteropServices;

namespace OtelLite;

/// <summary>
/// Memory for what is large and soon gone: a body, its text, its rows, an answer. It is the system's own, and from <see cref="Limits.MappedBytesMin"/> on back with it the moment that it is disposed of,
/// while the C library may keep what is smaller for the next. As arrays of the
/// collector the same bodies left 61 MiB behind for ever where something small that lives on lay beside them, and took 245 MiB in place of 200, however often it was
/// made to collect.
/// </summary>
internal sealed unsafe class SystemMemory : MemoryManager<byte>
{
    // M_MMAP_THRESHOLD of glibc's malloc.h.
    private const int MmapThreshold = -3;

    private byte* _at;
    private int _bytes;

    /// <summary>So many bytes with anything in them; what is never written of them takes no memory.</summary>
    /// <exception cref="OutOfMemoryException">There are not so many.</exception>
    public SystemMemory(int bytes)
    {
        try
        {
            _at = (byte*)NativeMemory.Alloc((nuint)bytes);
        }
        catch (OutOfMemoryException)
        {
            // What went with an error may be had back; nothing else would make the collector look for it.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            _at = (byte*)NativeMemory.Alloc((nuint)bytes);
        }

        _bytes = bytes;
    }

    // Of what goes with an error and is never disposed of. Whoever has a span of it disposes of it afterwards, and so holds it for longer than that.
#pragma warning disable CA2015
    ~SystemMemory() => Free();
#pragma warning restore CA2015

    public int Length => _bytes;

    /// <summary>All of it; nothing once it is disposed of, and what was got before then may not be touched any more.</summary>
    public Span<byte> Bytes => new(_at, _bytes);

    /// <summary>All the room that something growing may ever have, for growing step by step would take as much again; where so much can't be had, twice what it needs now.</summary>
    public static SystemMemory Room(long most, long least)
    {
        try
        {
            return new SystemMemory((int)most);
        }
        catch (OutOfMemoryException)
        {
            return new SystemMemory((int)Math.Min(most, 2 * least));
        }
    }

    /// <summary>
    /// Has the C library give every large piece back at once, SQLite's too. Of its own, glibc keeps what it once saw given back for the like of it, up to 64 MiB in each of
    /// its arenas (mallopt(3), "M_MMAP_THRESHOLD"). Others need not be told, and have no such function.
    /// </summary>
    public static void GiveBackAtOnce()
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                _ = mallopt(MmapThreshold, Limits.MappedBytesMin);
            }
            catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
            {
                // musl.
            }
        }
    }

    /// <summary>The same as items that refer to nothing.</summary>
    public Span<T> Of<T>()
        where T : unmanaged
        => new(_at, _bytes / sizeof(T));

    public override Span<byte> GetSpan() => Bytes;

    public override MemoryHandle Pin(int elementIndex = 0) => new(_at + elementIndex);

    public override void Unpin()
    {
    }

    /// <summary>Gives it back.</summary>
    public void Dispose() => ((IDisposable)this).Dispose();

    protected override void Dispose(bool disposing) => Free();

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int mallopt(int parameter, int value);

    private void Free()
    {
        byte* at = _at;
        _at = null;
        _bytes = 0;
        NativeMemory.Free(at);
    }
}
