using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>A copy of the database as it is at one moment, made beside a running server, which goes on writing meanwhile.</summary>
internal static class Backup
{
    /// <summary>Copies, checks the copy, and only then gives it its name. The copy is one file, without a log beside it. Its size in bytes.</summary>
    /// <param name="source">A connection that reads.</param>
    /// <param name="mayReplace">A file that is there may be replaced; never one that is in use as a database.</param>
    /// <exception cref="StorageException">The copy can't be made or is not sound; the message says why, and nothing is left behind.</exception>
    public static long Make(SqliteConnection source, string path, bool mayReplace)
    {
        try
        {
            string full = NewFile.Target(Path.GetFullPath(path)), dataDir = Path.GetDirectoryName(Path.GetFullPath(source.DataSource))!;
            if (full == Path.GetFullPath(source.DataSource) || File.Exists(full + "-wal") || File.Exists(full + "-shm"))
            {
                throw new StorageException($"{full} is a database in use: name another file.");
            }

            using var file = new NewFile(full, mayReplace, dataDir);
            using var beside = new Beside(file.Unfinished);
            long bytes = Copy(source, file.Unfinished);
            file.Keep();
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(e.Message, e);
        }
        catch (SqliteException e)
        {
            throw new StorageException($"no copy could be made in {path}: {e.Message.TrimEnd('.')}. Is there room for as much as the database takes?", e);
        }
    }

    private static long Copy(SqliteConnection source, string path)
    {
        using var copy = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ConnectionString);
        copy.Open();
        // One step over all pages is one read transaction: what is committed meanwhile is not in it, in whole.
        source.BackupDatabase(copy);
        Database.Execute(copy, "PRAGMA journal_mode = DELETE");
        // One of an older version, from before a migration, is counted by who opens it.
        if (Database.IsOfThisVersion(copy))
        {
            CountLeft(copy);
        }

        using SqliteCommand check = copy.CreateCommand();
        check.CommandText = "PRAGMA quick_check(1)";
        string found = (string)check.ExecuteScalar()!;
        return found == "ok"
            ? new FileInfo(path).Length
            : throw new StorageException(
                $"the copy is not sound, and neither is the database: {found}. No copy was kept; keep the older ones, and look at the disk. Stop the server if one runs, and otellite recover {source.DataSource} makes a sound one of what can be read.",
                new SqliteException(found, SQLitePCL.raw.SQLITE_CORRUPT));
    }

    // What can't be counted now is at the next start that opens the copy; it stands in it.
    private static void CountLeft(SqliteConnection copy)
    {
        try
        {
            Uncounted.CountLeft(copy);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or SqliteException or IOException))
        {
            // A defect in counting must not cost what is stored: this may be the only copy.
        }
    }

    // What SQLite leaves beside a copy that it could not write to its end.
    private readonly struct Beside(string copy) : IDisposable
    {
        public void Dispose()
        {
            foreach (string suffix in (string[])["-journal", "-wal", "-shm"])
            {
                File.Delete(copy + suffix);
            }
        }
    }
}
