using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OtelLite.Storage;

/// <summary>
/// Whether a file is what SQLite wrote. A start looks for as long as nobody notices: a usual file whole, a large one as far as that goes, and the rest is read in the background.
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
        foreach (string done in SetAside.GoOn(dataDir))
        {
            say(done);
        }

        SetAside.RemoveUnfinished(dataDir);
        string? damage = CutShort(path);
        if (damage is null)
        {
            try
            {
                SqliteConnection connection = Database.OpenWriter(dataDir, durability);
                (damage, isWhole) = Look(connection, Limits.StartCheck);
                if (damage is null)
                {
                    return connection;
                }

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
        say(Sentence(path, SetAside.Move(path, SetAside.Damaged), damage));
        return Database.OpenWriter(dataDir, durability);
    }

    /// <summary>Reads a file's pages until something is wrong with one, the end, or for so long.</summary>
    /// <returns>What is wrong, and whether all of it was read.</returns>
    /// <exception cref="SqliteException">The disk does not read now, which is no damage.</exception>
    public static (string? Damage, bool IsWhole) Look(SqliteConnection connection, TimeSpan most)
    {
        long until = Environment.TickCount64 + (long)most.TotalMilliseconds;
        return Look(connection, "PRAGMA quick_check(1)", () => Environment.TickCount64 > until);
    }

    /// <summary>The same table by table, so that no read is so long that the log can't be emptied, and no longer than half of the time: nobody waits for it.</summary>
    public static string? LookAtLeisure(SqliteConnection connection, CancellationToken stop)
    {
        long begun = Environment.TickCount64;
        bool Pause()
        {
            if (Environment.TickCount64 - begun > Limits.LeisureSlice.TotalMilliseconds)
            {
                stop.WaitHandle.WaitOne(Limits.LeisureSlice);
                begun = Environment.TickCount64;
            }

            return stop.IsCancellationRequested;
        }

        List<string> tables = [];
        using (SqliteCommand command = connection.CreateCommand())
        {
            command.CommandText = "SELECT name FROM sqlite_schema WHERE type = 'table'";
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                tables.Add(row.GetString(0));
            }
        }

        return tables.Select(table => Look(connection, $"PRAGMA quick_check('{table}')", Pause).Damage).FirstOrDefault(d => d is not null);
    }

    /// <summary>What is told of a damaged file.</summary>
    public static string Sentence(string path, string aside, string damage) =>
        $"the database {path} is damaged ({damage.TrimEnd('.')}): it is kept as it is in {aside}, what arrives is stored in a new one, and with this server stopped, otellite recover brings back what can be read of it.";

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

    private static (string? Damage, bool IsWhole) Look(SqliteConnection connection, string check, Func<bool> isEnough)
    {
        raw.sqlite3_progress_handler(connection.Handle, Limits.CheckSteps, _ => isEnough() ? 1 : 0, null);
        try
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = check;
            string found = (string)command.ExecuteScalar()!;
            if (found != "ok")
            {
                ReadWhole(connection.DataSource);
            }

            return (found == "ok" ? null : found.Replace("*** in database main ***", "", StringComparison.Ordinal).Trim().ReplaceLineEndings("; "), true);
        }
        catch (SqliteException e) when (Database.IsDamage(e))
        {
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

    // What can't be read now SQLite tells of in the same words as of what is damaged. Found by a disk that gave errors for a while, and was then mended.
    private static void ReadWhole(string path)
    {
        byte[] buffer = new byte[1 << 20];
        foreach (string part in (string[])[path, path + "-wal"])
        {
            try
            {
                using var file = new FileStream(part, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
                while (file.Read(buffer) > 0)
                {
                }
            }
            catch (FileNotFoundException)
            {
                // No log.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new SqliteException($"the disk can't be read: {e.Message}", raw.SQLITE_IOERR);
            }
        }
    }

    // SQLite finds out only where it reads what is gone. With a log beside it a file may be shorter than it says.
    private static string? CutShort(string path)
    {
        const int headerBytes = 100;
        byte[] header = new byte[headerBytes];
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.ReadAtLeast(header, headerBytes, throwOnEndOfStream: false) < headerBytes || new FileInfo(path + "-wal") is { Exists: true, Length: > 0 })
            {
                return null;
            }

            long told = LengthTold(header);
            return header.AsSpan().StartsWith("SQLite format 3\0"u8) && told > file.Length ? $"{told - file.Length} bytes at its end are missing" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
