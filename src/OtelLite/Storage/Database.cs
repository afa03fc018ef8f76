using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OtelLite.Storage;

/// <summary>How much an acknowledgement promises: <see cref="Full"/> survives power loss, <see cref="Normal"/> the process being killed.</summary>
internal enum Durability
{
    Full,
    Normal,
}

/// <summary>A condition of the disk or the file that the user can mend; the message is a sentence that says how.</summary>
internal sealed class StorageException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The database file: made, opened and closed here. One connection writes and belongs to the writer's thread; all others are
/// read-only.
/// </summary>
internal static class Database
{
    /// <summary>The schema's version, kept in the file as <c>user_version</c>.</summary>
    public const int SchemaVersion = 10;

    private const int VersionsMax = 1000;

    // The first version in which all is counted that is counted now.
    private const int CountsAsNow = 4;

    // And the first in which is told how numbers are spread, which takes more than SQL.
    private const int SpreadsAsNow = 6;

    public const string FileName = "otellite.db";

    /// <summary>Makes the folder (0700) and the file (0600) where they are missing, and opens the file for the writer.</summary>
    /// <exception cref="StorageException">The folder or file can't be used; the message says what to do.</exception>
    public static SqliteConnection OpenWriter(string dataDir, Durability durability)
    {
        string path = Path.Combine(dataDir, FileName);
        try
        {
            Folders.Make(dataDir);
            MakeFile(path);
            SqliteConnection connection = Open(path, SqliteOpenMode.ReadWrite, gathersLog: durability == Durability.Full);
            try
            {
                MakeReady(connection, path, durability);
                return connection;
            }
            catch
            {
                connection.Dispose();
                RemoveEmpty(path);
                throw;
            }
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_FULL)
        {
            throw new StorageException($"can't use the database {path}: the disk is full. Make room there, or name a folder elsewhere with --data-dir DIR.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new StorageException(
                $"can't use the database {path}: {e.Message.TrimEnd('.')}. Name a folder that you may write to with --data-dir DIR.", e);
        }
    }

    // A file in which nothing could be written was made just now, and is no database to anybody who finds it.
    private static void RemoveEmpty(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: 0 })
        {
            foreach (string suffix in (string[])["", "-wal", "-shm", "-journal"])
            {
                File.Delete(path + suffix);
            }
        }
    }

    /// <summary>A read-only connection; disposing gives it back to the pool.</summary>
    public static SqliteConnection OpenReader(string dataDir)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(dataDir, FileName),
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = true,
            DefaultTimeout = Limits.BusyTimeoutMs / 1000,
        }.ConnectionString);
        connection.Open();
        return connection;
    }

    /// <summary>Puts what is in the log of a file that nobody uses into it, as far as SQLite reads it. A page may be damaged: no table is looked at.</summary>
    public static void MoveLogIntoFile(string path)
    {
        try
        {
            using SqliteConnection connection = Open(path, SqliteOpenMode.ReadWrite);
            // The log is opened with the first read, whatever that finds, and moved by the last connection that closes.
            Execute(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException e) when (IsDamage(e))
        {
            // As far as it goes.
        }
    }

    /// <summary>True for what a retry may mend: the disk is full, the file locked, read-only or unreadable.</summary>
    public static bool IsOfTheWorld(SqliteException e) => e.SqliteErrorCode is raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_FULL
        or raw.SQLITE_IOERR or raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_NOMEM
        or raw.SQLITE_PROTOCOL || IsDamage(e) || IsChanged(e);

    /// <summary>True where another program has taken away a table or column.</summary>
    public static bool IsChanged(SqliteException e) => e.SqliteErrorCode == raw.SQLITE_ERROR
        && (e.Message.Contains("no such ", StringComparison.Ordinal) || e.Message.Contains("no column named", StringComparison.Ordinal));

    /// <summary>True where the file is not what SQLite wrote.</summary>
    public static bool IsDamage(SqliteException e) => e.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    /// <summary>What to do about an error that a command met: a sentence.</summary>
    /// <param name="path">The database.</param>
    /// <param name="otherwise">What holds where it is not damaged.</param>
    public static string AdviceOn(SqliteException e, string path, string otherwise) => !IsDamage(e) ? otherwise
        : $"It is damaged: stop the server if one runs, and otellite recover {path} makes a sound one of what can be read.";

    public static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode, bool gathersLog = false)
    {
        if (gathersLog)
        {
            GatheredLog.Register();
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
            Vfs = gathersLog ? GatheredLog.Name : null,
            // SQLite itself waits (busy_timeout); this is how long its wait is repeated.
            DefaultTimeout = 1,
        }.ConnectionString);
        connection.Open();
        return connection;
    }

    private static void MakeReady(SqliteConnection connection, string path, Durability durability)
    {
        raw.sqlite3_busy_timeout(connection.Handle, Limits.BusyTimeoutMs);
        CreateOrCheckSchema(connection, path);
        // A reference is always to a row that was written or looked up just before; a look at it for each of the seven of a request costs, and a test looks at all of them.
        Execute(connection, $"""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = {(durability == Durability.Full ? "FULL" : "NORMAL")};
            PRAGMA journal_size_limit = 67108864;
            PRAGMA temp_store = MEMORY;
            PRAGMA foreign_keys = OFF;
            """);
    }

    // SQLite gives its -wal and -shm files the mode of the database, so making that one 0600 is enough. One that is there is left to SQLite: a process that closes a file loses, on most systems, all
    // its locks on it (fcntl(2)), those of its open connections too; and then another program that closes the database may take itself for the last, and remove the log
    // (one whose SQLite is older than 3.51).
    private static void MakeFile(string path)
    {
        if (!File.Exists(path))
        {
            NewFile.OfOwner(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        }
    }

    private static void CreateOrCheckSchema(SqliteConnection connection, string path)
    {
        long version = Version(connection);
        RefuseNewer(path, version);
        RefuseOthers(connection, path);

        if (version == 0)
        {
            // Space can only be given back by increments if the file is made for it before its first table.
            Execute(connection, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;");
            CreateSchema(connection);
        }
        else if (version < SchemaVersion)
        {
            // As it was, for who wants to go back. One that is there already is of the first try.
            string copy = $"{path}.schema-{version}";
            if (!File.Exists(copy))
            {
                Backup.Make(connection, copy, mayReplace: false);
            }

            Migrate(connection);
        }
    }

    /// <summary>Whether a file has the tables that this program knows.</summary>
    public static bool IsOfThisVersion(SqliteConnection connection) => Version(connection) == SchemaVersion;

    /// <summary>True of a version that is to come. One beyond these is what stands there where a header was overwritten.</summary>
    public static bool IsNewer(long version) => version is > SchemaVersion and <= VersionsMax;

    /// <exception cref="StorageException">It is of a version that this program does not know.</exception>
    public static void RefuseNewer(string path, long version)
    {
        if (IsNewer(version))
        {
            throw new StorageException(
                $"{path} was written by a newer OtelLite (schema {version}, this one knows {SchemaVersion}). Start the newer program, or name another folder with --data-dir DIR.");
        }
    }

    // One of another program's would get this one's tables beside its own. Both are asked at once: another start may make them in between.
    private static void RefuseOthers(SqliteConnection connection, string path)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT user_version = 0 AND EXISTS (SELECT 1 FROM sqlite_schema) OR user_version <> 0 AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'otel_events') FROM pragma_user_version";
        if ((long)command.ExecuteScalar()! != 0)
        {
            throw new StorageException($"{path} is a database of another program, and is left alone. Name another folder with --data-dir DIR.");
        }
    }

    // One step after the other, all in one transaction: a file is of one version or of the other. What is counted tells more in each version, and
    // what was stored tells it.
    private static void Migrate(SqliteConnection connection)
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        long before = Version(connection);
        for (long version = before + 1; version <= SchemaVersion; version++)
        {
            Execute(connection, $"{Resource($"migrate-{version}.sql")} PRAGMA user_version = {version};");
        }

        if (before < SpreadsAsNow)
        {
            SpreadTable.MakeAll(connection);
        }

        if (before < CountsAsNow)
        {
            Recount.RunWithin(connection);
        }

        transaction.Commit();
    }

    private static string Resource(string name)
    {
        using Stream sql = typeof(Database).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(sql);
        return reader.ReadToEnd();
    }

    // Looked at once more under the lock: two programs may start on a new folder at once.
    private static void CreateSchema(SqliteConnection connection)
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        if (Version(connection) == 0)
        {
            Execute(connection, $"{Resource("schema.sql")} {Resource("schema-sums.sql")} PRAGMA user_version = {SchemaVersion};");
        }

        transaction.Commit();
    }

    private static long Version(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }
}
