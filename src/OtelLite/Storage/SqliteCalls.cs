using System.Runtime.InteropServices;

namespace OtelLite.Storage;

/// <summary>
/// The functions of SQLite that are called many times for each record, without what SQLitePCLRaw puts before each call: a provider, and a handle that is counted up and
/// down by interlocked instructions. That was 3 % of the CPU of an acknowledged point. The library is the one that SQLitePCLRaw has loaded, or that is linked in.
/// </summary>
internal static class SqliteCalls
{
    /// <summary>SQLITE_TRANSIENT: SQLite copies the text before it returns.</summary>
    public const nint Transient = -1;

    /// <summary>SQLITE_STATIC: SQLite reads the text where it lies, until something else is bound in its place.</summary>
    public const nint Static = 0;

    private const string Sqlite = "e_sqlite3";

    // What only writes a number into the statement is done before a collection of garbage could wait for it.
    [DllImport(Sqlite), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_bind_int64(nint statement, int index, long value);

    [DllImport(Sqlite), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_bind_double(nint statement, int index, double value);

    [DllImport(Sqlite), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_bind_null(nint statement, int index);

    [DllImport(Sqlite), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern long sqlite3_column_int64(nint statement, int column);

    [DllImport(Sqlite), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_changes(nint database);

    [DllImport(Sqlite), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern long sqlite3_last_insert_rowid(nint database);

    [DllImport(Sqlite), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_bind_text(nint statement, int index, in byte utf8, int length, nint destructor);

    [DllImport(Sqlite), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_bind_blob(nint statement, int index, in byte bytes, int length, nint destructor);

    [DllImport(Sqlite), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_step(nint statement);

    [DllImport(Sqlite), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_reset(nint statement);

    [DllImport(Sqlite), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_file_control(nint database, nint schema, int operation, out nint answer);

    /// <param name="name">0: the one that is taken where none is named.</param>
    [DllImport(Sqlite), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern nint sqlite3_vfs_find(nint name);

    [DllImport(Sqlite), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern int sqlite3_vfs_register(nint vfs, int isDefault);

    /// <param name="name">Of a log, as a file system is given it.</param>
    /// <returns>The file of its database.</returns>
    [DllImport(Sqlite), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern nint sqlite3_database_file_object(nint name);

    /// <summary>Has SQLite call after each commit; in place of what it does then of its own accord, which is to move the log into the file.</summary>
    /// <param name="hook">Is to live as long as the connection.</param>
    [DllImport(Sqlite), DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    public static extern nint sqlite3_wal_hook(nint database, AfterCommit hook, nint argument);

    /// <param name="pages">All that the log has now.</param>
    /// <returns>SQLITE_OK; anything else becomes the commit's own answer.</returns>
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate int AfterCommit(nint argument, nint database, nint name, int pages);

    /// <summary>The function by which SQLite reads a file, the second of those that its <c>sqlite3_io_methods</c> lists behind their version.</summary>
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate int ReadFile(nint file, [Out] byte[] bytes, int count, long offset);

    public static ReadFile ReaderOf(nint file) => Marshal.GetDelegateForFunctionPointer<ReadFile>(Marshal.ReadIntPtr(Marshal.ReadIntPtr(file), 2 * nint.Size));
}
