using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using SQLitePCL;

namespace OtelLite.Query;

/// <summary>The database as a command reads it: beside a running server or without one, and never made by asking for it.</summary>
internal static class StoredFile
{
    /// <summary>A read-only connection of its own.</summary>
    /// <exception cref="StorageException">There is no database, it is of another version, or it can't be read; the message says what to do.</exception>
    public static SqliteConnection Open(string dataDir)
    {
        string path = PathIn(dataDir);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ConnectionString);
        try
        {
            connection.Open();
            raw.sqlite3_busy_timeout(connection.Handle, Limits.BusyTimeoutMs);
            CheckVersion(connection, path);
            Uncounted.WaitFor(connection);
            return connection;
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw Database.IsDamage(e)
                ? new StorageException($"the database {path} is damaged ({e.Message.TrimEnd('.')}). With the server stopped, otellite recover {Folders.Flag(dataDir)} {path} brings back what can be read of it; a server that is started sets it aside.", e)
                : new StorageException(
                    $"can't read the database {path}: {e.Message.TrimEnd('.')}. {(e.SqliteErrorCode == raw.SQLITE_CANTOPEN ? "SQLite reads only where it may write its -shm file: if the disk is read-only or the folder another user's, copy the database and the -wal beside it elsewhere, and name that folder" : "Name the folder of the right one")} with --data-dir DIR.", e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The file, for a command that must not make a new one where there is none.</summary>
    /// <exception cref="StorageException">There is none; the message says what to do.</exception>
    public static string PathIn(string dataDir)
    {
        string path = Path.Combine(dataDir, Database.FileName);
        try
        {
            return FileKind.IsThere(path) ? path
                : throw new StorageException($"there is no database {path}: start otellite once, or name the folder of the right one with --data-dir DIR.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"can't look for the database {path}: {e.Message.TrimEnd('.')}. Ask as the user whose it is, or name another folder with --data-dir DIR.", e);
        }
    }

    private static void CheckVersion(SqliteConnection connection, string path)
    {
        long version = DatabaseFileQuery.Read(connection).SchemaVersion;
        if (version != Database.SchemaVersion)
        {
            throw new StorageException(version > Database.SchemaVersion
                ? $"{path} was written by a newer OtelLite (schema {version}, this one knows {Database.SchemaVersion}). Ask the newer program, or name another folder with --data-dir DIR."
                : $"{path} was written by an older OtelLite (schema {version}, this one knows {Database.SchemaVersion}). Start otellite once: it brings the file up to date.");
        }
    }
}
