using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace OtelLite.Storage;

/// <summary>
/// A file system for SQLite (sqlite.org/vfs.html) that is the system's own, but for one thing: what is written to the log one piece after the other goes to the system in one. SQLite
/// writes each page there by itself, and what stands before it by itself too: two calls of the system for each of the hundreds of pages of a transaction.
/// Only for a connection that has each commit on the disk before it tells anybody of it (<see cref="Durability.Full"/>): what waits here is written when SQLite says so,
/// before anything else is done with the log, and before the lock is given up under which it was written: a large transaction writes to the log before its commit, and when it is
/// rolled back nobody asks for that to be on the disk. A write that fails then fails the commit, as it would have at once.
/// </summary>
internal static unsafe class GatheredLog
{
    /// <summary>As connections name it.</summary>
    public const string Name = "gathered-log";

    // sqlite3.h: SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL, SQLITE_IOCAP_POWERSAFE_OVERWRITE, SQLITE_SHM_UNLOCK; wal.c: WAL_WRITE_LOCK.
    private const int OpenDatabase = 0x100, OpenLog = 0x80000, PowersafeOverwrite = 0x1000, Unlock = 1, WriteLock = 0;

    private static readonly Lock _lock = new();

    // What this made for databases that are open: one, and another where a file is mended.
    private static readonly HashSet<nint> _databases = [];
    private static Vfs* _system;

    /// <summary>Has SQLite know of it.</summary>
    public static void Register()
    {
        lock (_lock)
        {
            if (_system is not null)
            {
                return;
            }

            var system = (Vfs*)SqliteCalls.sqlite3_vfs_find(0);
            // For as long as the process lives.
            var gathered = (Vfs*)NativeMemory.Alloc((nuint)sizeof(Vfs));
            *gathered = *system;
            gathered->Next = 0;
            gathered->Name = Marshal.StringToCoTaskMemUTF8(Name);
            gathered->Open = &Open;
            _system = system;
            if (SqliteCalls.sqlite3_vfs_register((nint)gathered, 0) is not raw.SQLITE_OK and int error)
            {
                _system = null;
                throw new InvalidOperationException($"SQLite does not take a file system: {error}");
            }
        }
    }

#pragma warning disable CS0649 // SQLite is who fills these in.
    // sqlite3_vfs, as far as it is read here; and the rest of what it has in its third version, the one since 2011.
    private struct Vfs
    {
        internal int Version;
        internal int FileBytes;
        internal int PathMax;
        internal nint Next;
        internal nint Name;
        internal nint AppData;
        internal delegate* unmanaged[Cdecl]<Vfs*, byte*, nint*, int, int*, int> Open;
        internal Others Rest;

        [InlineArray(15)]
        internal struct Others
        {
            private nint _function;
        }
    }

    // sqlite3_io_methods in its third version, the one since 2013.
    private struct Methods
    {
        internal int Version;
        internal delegate* unmanaged[Cdecl]<nint*, int> Close;
        internal delegate* unmanaged[Cdecl]<nint*, byte*, int, long, int> Read;
        internal delegate* unmanaged[Cdecl]<nint*, byte*, int, long, int> Write;
        internal delegate* unmanaged[Cdecl]<nint*, long, int> Truncate;
        internal delegate* unmanaged[Cdecl]<nint*, int, int> Sync;
        internal delegate* unmanaged[Cdecl]<nint*, long*, int> FileSize;
        internal nint Lock, Unlock, CheckReservedLock, FileControl, SectorSize;
        internal delegate* unmanaged[Cdecl]<nint*, int> DeviceCharacteristics;
        internal nint ShmMap;
        internal delegate* unmanaged[Cdecl]<nint*, int, int, int, int> ShmLock;
        internal nint ShmBarrier, ShmUnmap, Fetch, Unfetch;
    }
#pragma warning restore CS0649

    // What an open database has in place of the system's functions, and behind them its log, as long as that is open. A file's first field leads to it.
    private struct Main
    {
        internal Methods Methods;
        internal Methods* System;
        internal nint* Log;
    }

    // The same for an open log, and what waits to be written.
    private struct Log
    {
        internal Methods Methods;
        internal Methods* System;
        internal Main* Main;
        internal long Offset;
        internal int Length;
        internal fixed byte Bytes[Limits.LogWriteBytesMax];
    }

    private static Log* LogOf(nint* file) => (Log*)*file;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* vfs, byte* name, nint* file, int flags, int* outFlags)
    {
        int answer = _system->Open(_system, name, file, flags, outFlags);
        var system = (Methods*)*file;
        // Where a disk may spoil what lies beside a write, SQLite fills up the sector, and some of that after it has said that all be on the disk.
        if (answer != raw.SQLITE_OK || (flags & (OpenDatabase | OpenLog)) == 0 || system->Version < 2 || (system->DeviceCharacteristics(file) & PowersafeOverwrite) == 0)
        {
            return answer;
        }

        try
        {
            *file = (flags & OpenLog) != 0 ? (nint)NewLog(system, file, (nint*)SqliteCalls.sqlite3_database_file_object((nint)name)) : (nint)NewMain(system);
            return answer;
        }
        catch (OutOfMemoryException)
        {
            _ = system->Close(file);
            *file = 0;
            return raw.SQLITE_NOMEM;
        }
    }

    private static Main* NewMain(Methods* system)
    {
        var main = (Main*)NativeMemory.Alloc((nuint)sizeof(Main));
        *main = new Main { Methods = *system, System = system };
        main->Methods.ShmLock = &LockShared;
        main->Methods.Close = &CloseDatabase;
        lock (_lock)
        {
            _databases.Add((nint)main);
        }

        return main;
    }

    // As it was opened, where the database is none of ours: then nobody tells when a lock is given up.
    private static nint NewLog(Methods* system, nint* file, nint* database)
    {
        var main = (Main*)*database;
        lock (_lock)
        {
            if (!_databases.Contains((nint)main))
            {
                return (nint)system;
            }
        }

        var log = (Log*)NativeMemory.Alloc((nuint)sizeof(Log));
        log->Methods = *system;
        log->System = system;
        log->Main = main;
        log->Offset = 0;
        log->Length = 0;
        log->Methods.Close = &CloseLog;
        log->Methods.Read = &Read;
        log->Methods.Write = &Write;
        log->Methods.Truncate = &Truncate;
        log->Methods.Sync = &Sync;
        log->Methods.FileSize = &FileSize;
        main->Log = file;
        return (nint)log;
    }

    // What could not be written then is of no transaction that was committed.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int LockShared(nint* file, int first, int count, int flags)
    {
        var main = (Main*)*file;
        if ((flags & Unlock) != 0 && first == WriteLock && main->Log is not null)
        {
            _ = WriteOut(main->Log);
        }

        return main->System->ShmLock(file, first, count, flags);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CloseDatabase(nint* file)
    {
        var main = (Main*)*file;
        *file = (nint)main->System;
        int answer = main->System->Close(file);
        lock (_lock)
        {
            _databases.Remove((nint)main);
        }

        NativeMemory.Free(main);
        return answer;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint* file, byte* bytes, int count, long offset)
    {
        Log* log = LogOf(file);
        if (offset != log->Offset + log->Length || count > Limits.LogWriteBytesMax - log->Length)
        {
            if (WriteOut(file) is not raw.SQLITE_OK and int error)
            {
                return error;
            }

            if (count > Limits.LogWriteBytesMax)
            {
                return log->System->Write(file, bytes, count, offset);
            }

            log->Offset = offset;
        }

        Buffer.MemoryCopy(bytes, log->Bytes + log->Length, Limits.LogWriteBytesMax - log->Length, count);
        log->Length += count;
        return raw.SQLITE_OK;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint* file, byte* bytes, int count, long offset) =>
        WriteOut(file) is not raw.SQLITE_OK and int error ? error : LogOf(file)->System->Read(file, bytes, count, offset);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(nint* file, int flags) => WriteOut(file) is not raw.SQLITE_OK and int error ? error : LogOf(file)->System->Sync(file, flags);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(nint* file, long bytes) => WriteOut(file) is not raw.SQLITE_OK and int error ? error : LogOf(file)->System->Truncate(file, bytes);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FileSize(nint* file, long* bytes) => WriteOut(file) is not raw.SQLITE_OK and int error ? error : LogOf(file)->System->FileSize(file, bytes);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CloseLog(nint* file)
    {
        Log* log = LogOf(file);
        int error = WriteOut(file);
        log->Main->Log = null;
        *file = (nint)log->System;
        int answer = log->System->Close(file);
        NativeMemory.Free(log);
        return error != raw.SQLITE_OK ? error : answer;
    }

    // What could not be written is forgotten: the transaction that it is of fails, and the next one writes to the same place.
    private static int WriteOut(nint* file)
    {
        Log* log = LogOf(file);
        if (log->Length == 0)
        {
            return raw.SQLITE_OK;
        }

        int length = log->Length;
        log->Length = 0;
        return log->System->Write(file, log->Bytes, length, log->Offset);
    }
}
