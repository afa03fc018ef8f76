using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OtelLite.Storage;

/// <summary>
/// Whether a file is what SQLite wrote. A start looks for as long as nobody notices: a usual file whole, a larger one as far as that goes or not at all, and the rest is read in the background.
/// </summary>
internal static class SoundFile
{
    /// <summary>Opens the database for the writer of a server. One that is damaged is set aside, and a new one is begun: a receiver that is down would lose what comes.</summary>
    /// <param name="say">Tells the operator one sentence.</param>
    /// <param name="isWhole">False where the file is too large to be read to its end now.</param>
    /// <exception cref="StorageException">The folder or file can't be used; the message says what to do.</exception>
    public static SqliteConnection Open(string dataDir, Durability durability, Action<string> say, out bool isWhole)
    {
        string path = Path.Combine(dataDir, Database.FileName);
        isWhole = true;
        if (Directory.Exists(path) || (File.Exists(path) && !FileKind.IsRegular(path)))
        {
            throw new StorageException($"{path} is {(Directory.Exists(path) ? "a folder" : "no regular file")}: move it away, or name another folder with --data-dir DIR.");
        }

        foreach (string done in SetAside.GoOn(dataDir))
        {
            say(done);
        }

        SetAside.RemoveUnfinished(dataDir);
        CarriedOver carried = CarriedOver.Nothing;
        string? damage = CutShort(path);
        if (damage is null)
        {
            try
            {
                SqliteConnection connection = Database.OpenWriter(dataDir, durability);
                (damage, isWhole) = new FileInfo(path).Length > Limits.StartCheckBytesMax ? (null, false) : Look(connection, Limits.StartCheck);
                if (damage is null)
                {
                    return connection;
                }

                carried = CarriedOver.Of(connection);
                KeepLog(connection);
                connection.Dispose();
            }
            catch (StorageException e) when (e.InnerException is SqliteException found && Database.IsDamage(found))
            {
                damage = found.Message;
            }
            catch (SqliteException e)
            {
                throw new StorageException($"the database {path} can't be read: {e.Message.TrimEnd('.')}. Look at the disk, or name another folder with --data-dir DIR.", e);
            }
        }

        isWhole = true;
        PutAside(path, damage, say);
        return carried.Begin(dataDir, durability);
    }

    /// <summary>Reads a file's pages until something is wrong with one, the end, or for so long.</summary>
    /// <returns>What is wrong, and whether all of it was read.</returns>
    /// <exception cref="SqliteException">The disk does not read now, which is no damage.</exception>
    public static (string? Damage, bool IsWhole) Look(SqliteConnection connection, TimeSpan most)
    {
        return Look(connection, "PRAGMA quick_check(1)", After(most), After(most + Limits.DamageCheck));

        static Func<bool> After(TimeSpan time)
        {
            long until = Environment.TickCount64 + (long)time.TotalMilliseconds;
            return () => Environment.TickCount64 > until;
        }
    }

    /// <summary>
    /// The same table by table, and no longer than half of the time: nobody waits for it. While a table is looked at the log can't be begun anew, so one that takes long while much is written is
    /// looked at in parts: its rows, and not its indexes, of which a question tells that meets what is wrong with them.
    /// </summary>
    /// <param name="pause">Waits for as long as was looked.</param>
    public static string? LookAtLeisure(SqliteConnection connection, Action pause, CancellationToken stop)
    {
        long begun = Environment.TickCount64;
        var log = new FileInfo(connection.DataSource + "-wal");
        foreach ((string table, bool hasIds) in Tables(connection))
        {
            long length = LogLength();
            (string? damage, bool isWhole) = Look(connection, $"PRAGMA quick_check('{table}')", () => Pause() || (hasIds && LogLength() - length > Limits.LeisureLogBytes), Pause);
            damage ??= isWhole || stop.IsCancellationRequested ? null : LookInParts(connection, table, Pause);
            if (damage is not null || stop.IsCancellationRequested)
            {
                return damage;
            }
        }

        return null;

        bool Pause()
        {
            if (Environment.TickCount64 - begun > Limits.LeisureSlice.TotalMilliseconds)
            {
                pause();
                begun = Environment.TickCount64;
            }

            return stop.IsCancellationRequested;
        }

        long LogLength()
        {
            log.Refresh();
            return log.Exists ? log.Length : 0;
        }
    }

    private static List<(string Name, bool HasIds)> Tables(SqliteConnection connection)
    {
        List<(string, bool)> tables = [];
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT name, NOT wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT IN ('sqlite_schema', 'sqlite_master')";
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            tables.Add((row.GetString(0), row.GetBoolean(1)));
        }

        return tables;
    }

    // A part is one read, after which the log is free. Of each row the list of its types is read to its end.
    private static string? LookInParts(SqliteConnection connection, string table, Func<bool> pause)
    {
        try
        {
            using var last = new Statement(connection, $"SELECT name FROM pragma_table_info('{table}') ORDER BY cid DESC LIMIT 1");
            string column = last.Begin().Step() ? Encoding.UTF8.GetString(last.Utf8(0)) : "rowid";
            last.Reset();
            using var part = new Statement(connection, $"SELECT max(id), count(type) FROM (SELECT rowid AS id, typeof(\"{column}\") AS type FROM {table} NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT {Limits.LeisureRows})");
            for (long? after = long.MinValue; after is { } id && !pause();)
            {
                after = part.Begin().Bind(id).Step() && !part.IsNull(0) ? part.Int64(0) : null;
                part.Reset();
            }

            return null;
        }
        catch (SqliteException e) when (Database.IsDamage(e))
        {
            ReadWhole(connection, pause);
            return e.Message;
        }
    }

    /// <summary>Sets a damaged file aside, and says so.</summary>
    /// <exception cref="StorageException">It can't be renamed.</exception>
    public static void PutAside(string path, string damage, Action<string> say)
    {
        if (SetAside.Move(path, SetAside.Damaged) is { } aside)
        {
            say($"the database {path} is damaged ({damage.TrimEnd('.')}): it is kept as it is in {aside}, what arrives is stored in a new one, and with this server stopped, otellite recover {Folders.Flag(Path.GetDirectoryName(path)!)} brings back what can be read of it.");
        }
    }

    /// <summary>Whether a file begins as SQLite's own do: its name, a size of pages, and what is the same in all that this program writes.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> header)
    {
        int size = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        return header.StartsWith("SQLite format 3\0"u8) && (size == 1 || (size >= 512 && int.IsPow2(size))) && header[20..24].SequenceEqual((ReadOnlySpan<byte>)[0, 64, 32, 32])
            && BinaryPrimitives.ReadInt32BigEndian(header[56..]) == 1;
    }

    // How long a database says that it is, at its beginning.
    private static long LengthTold(ReadOnlySpan<byte> header)
    {
        const int pageSizeAt = 16, pagesAt = 28;
        long pageSize = BinaryPrimitives.ReadUInt16BigEndian(header[pageSizeAt..]);
        return BinaryPrimitives.ReadUInt32BigEndian(header[pagesAt..]) * (pageSize == 1 ? 65536 : pageSize);
    }

    /// <summary>Closing the connection leaves the log beside the file, as it is.</summary>
    public static void KeepLog(SqliteConnection connection)
    {
        const int noCheckpointOnClose = 1006; // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE
        _ = raw.sqlite3_db_config(connection.Handle, noCheckpointOnClose, 1, out _);
    }

    private static (string? Damage, bool IsWhole) Look(SqliteConnection connection, string check, Func<bool> isEnough, Func<bool> isReadEnough)
    {
        raw.sqlite3_progress_handler(connection.Handle, Limits.CheckSteps, _ => isEnough() ? 1 : 0, null);
        try
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = check;
            string found = (string)command.ExecuteScalar()!;
            if (found != "ok")
            {
                ReadWhole(connection, isReadEnough);
            }

            return (found == "ok" ? null : found.Replace("*** in database main ***", "", StringComparison.Ordinal).Trim().ReplaceLineEndings("; "), true);
        }
        catch (SqliteException e) when (Database.IsDamage(e))
        {
            ReadWhole(connection, isReadEnough);
            return (e.Message, true);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_INTERRUPT)
        {
            // Long enough.
            return (null, false);
        }
        finally
        {
            raw.sqlite3_progress_handler(connection.Handle, 0, null, null);
        }
    }

    // What can't be read now SQLite tells of in the same words as of what is damaged. Found by a disk that gave errors for a while, and was then mended. It is read by what SQLite has open itself:
    // who opens the file beside it and closes it takes SQLite's locks away.
    private static void ReadWhole(SqliteConnection connection, Func<bool> isEnough)
    {
        const int filePointer = 7, logPointer = 28; // SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER
        // It reads no more than 128 KiB at a time.
        byte[] buffer = new byte[1 << 16];
        foreach (int pointer in (int[])[filePointer, logPointer])
        {
            if (SqliteCalls.sqlite3_file_control(connection.Handle!.DangerousGetHandle(), 0, pointer, out nint file) != raw.SQLITE_OK || Marshal.ReadIntPtr(file) == 0)
            {
                // No log yet.
                continue;
            }

            SqliteCalls.ReadFile read = SqliteCalls.ReaderOf(file);
            int result = raw.SQLITE_OK;
            for (long offset = 0; result == raw.SQLITE_OK && !isEnough(); offset += buffer.Length)
            {
                result = read(file, buffer, buffer.Length, offset);
            }

            const int endOfFile = 522; // SQLITE_IOERR_SHORT_READ
            if (result is not (raw.SQLITE_OK or endOfFile))
            {
                throw new SqliteException("the disk can't be read", raw.SQLITE_IOERR, result);
            }
        }
    }

    // SQLite finds out only where it reads what is gone. With a log beside it a file may be shorter than it says; but where it is empty, SQLite would throw the log away.
    private static string? CutShort(string path)
    {
        byte[] header = new byte[DamagedPages.HeaderBytes];
        bool hasLog = new FileInfo(path + "-wal") is { Exists: true, Length: > 0 };
        try
        {
            using FileStream file = new(path, hasLog ? FileMode.OpenOrCreate : FileMode.Open, hasLog ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            bool isHeader = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length && IsHeader(header);
            if (isHeader)
            {
                // Damaged or not, it is not for this program to set aside.
                uint version = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(60));
                Database.RefuseNewer(path, version);
                if (version > Database.SchemaVersion)
                {
                    return $"there is no version {version} of it";
                }
            }

            return hasLog ? file.Length == 0 ? "it is empty, and its log is not" : null
                : isHeader && LengthTold(header) is var told && told > file.Length ? $"{told - file.Length} bytes at its end are missing" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
