using System.Buffers.Binary;
using System.Text;
using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>What a recovery brought back.</summary>
/// <param name="Lost">Rows that stood on pages that can't be read, as far as their ids tell.</param>
/// <param name="Newer">Rows that had arrived in the database that was begun since.</param>
/// <param name="Before">Where that one is kept; null where there was none.</param>
/// <param name="Damaged">Where the damaged one is kept.</param>
/// <param name="WasSound">Nothing was wrong with it.</param>
internal sealed record Recovered(long Metrics, long Events, long Spans, long Lost, long Newer, string? Before, string Damaged, bool WasSound);

/// <summary>
/// Makes a database out of what can be read of a damaged one, and of what has arrived since it was set aside. It works on a copy, page by page, and makes every total anew. Both files stay as they are.
/// </summary>
internal static class Recovery
{
    /// <summary>In the data folder, while one is made.</summary>
    public const string FolderName = "recovering";

    private const string CopyName = "damaged.db";

    /// <param name="file">The damaged database, of which the one of the folder itself is set aside first; null: the newest that was set aside there.</param>
    /// <exception cref="StorageException">Nothing of it can be read, nothing is wrong with the folder's own, or the folder can't be used.</exception>
    public static Recovered Run(string dataDir, Durability durability, string? file)
    {
        string path = Path.Combine(dataDir, Database.FileName), folder = Path.Combine(dataDir, FolderName);
        if (FolderHold.Of(dataDir) is { } holder)
        {
            throw new StorageException($"OtelLite runs already (process {holder.ProcessId}) with the data in {dataDir}: stop it, and give the same command again.");
        }

        using FolderHold hold = FolderHold.Take(dataDir);
        SetAside.GoOn(dataDir);
        SetAside.RemoveUnfinished(dataDir);
        string damaged = Path.GetFullPath(file ?? (SetAside.DamagedIn(dataDir) is [var newest, ..] ? newest
            : throw new StorageException($"no damaged database is set aside in {dataDir}: name the file, or another folder with --data-dir DIR.")));
        if (!File.Exists(damaged))
        {
            throw new StorageException($"there is no file {damaged}: name the damaged database.");
        }

        bool isOfFolder = damaged == Path.GetFullPath(path);
        try
        {
            damaged = isOfFolder ? SetAside.Move(path, SetAside.Damaged) ?? damaged : damaged;
            Folders.Make(folder);
            (byte[] firstPage, Dictionary<string, int> roots) = MakeNew(folder);
            bool wasSound = !CopyBeside(damaged, folder, firstPage) && IsSound(Path.Combine(folder, CopyName));
            if (wasSound && isOfFolder)
            {
                throw new StorageException("SQLite finds nothing wrong with it");
            }

            long lost = Salvage(folder, roots);
            (long newer, PrunedRows rows) = Finish(folder, path, durability, roots);
            // Whole and flushed, it counts from here on, whoever is killed.
            File.Move(Path.Combine(folder, Database.FileName), SetAside.NextOf(path, SetAside.Merged));
            string? before = SetAside.PutNext(path, SetAside.Merged);
            return new Recovered(rows.Metrics, rows.Events, rows.Spans, lost, newer, before, SetAside.MarkRecovered(damaged), wasSound);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException or StorageException)
        {
            if (isOfFolder && !File.Exists(path) && File.Exists(damaged))
            {
                // The next start would begin an empty one.
                SetAside.Rename(damaged, path);
                damaged = path;
            }

            throw new StorageException($"{damaged} can't be recovered: {e.Message.TrimEnd('.')}. It is as it was.", e);
        }
        finally
        {
            SetAside.RemoveUnfinished(dataDir);
        }
    }

    // True where the header had to be mended.
    private static bool CopyBeside(string file, string folder, byte[] firstPage)
    {
        string copy = Path.Combine(folder, CopyName);
        File.Copy(file, copy);
        bool isMended = MendHeader(copy, firstPage);
        if (new FileInfo(file + "-wal") is { Exists: true, Length: > 0 })
        {
            File.Copy(file + "-wal", copy + "-wal");
            Database.MoveLogIntoFile(copy);
            isMended |= MendHeader(copy, firstPage);
        }

        return isMended;
    }

    // Indexes too: a question that goes by a wrong one finds less than there is.
    private static bool IsSound(string copy)
    {
        try
        {
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = copy, Pooling = false }.ConnectionString);
            connection.Open();
            using SqliteCommand check = connection.CreateCommand();
            check.CommandText = "PRAGMA integrity_check(1)";
            return check.ExecuteScalar() is "ok";
        }
        catch (SqliteException e) when (Database.IsDamage(e))
        {
            return false;
        }
    }

    // Each database of this program begins alike: a header that is lost is taken from a new one.
    private static bool MendHeader(string copy, byte[] firstPage)
    {
        using var pages = new FileStream(copy, FileMode.Open, FileAccess.ReadWrite);
        byte[] header = new byte[DamagedPages.HeaderBytes];
        if (pages.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length && SoundFile.IsHeader(header))
        {
            return false;
        }

        firstPage.AsSpan(0, header.Length).CopyTo(header);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(28), (uint)(pages.Length / firstPage.Length));
        header.AsSpan(32, 8).Clear(); // the list of free pages
        pages.Position = 0;
        pages.Write(header);
        // Without a whole page SQLite takes a file for a new one, and throws its log away.
        pages.SetLength(Math.Max(pages.Length, firstPage.Length));
        return true;
    }

    // A new database, for what one of this version looks like.
    private static (byte[] FirstPage, Dictionary<string, int> Roots) MakeNew(string folder)
    {
        string empty = Path.Combine(folder, "empty");
        Dictionary<string, int> roots = [];
        using (SqliteConnection connection = Database.OpenWriter(empty, Durability.Normal))
        {
            using var tables = new Statement(connection, "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'");
            tables.Begin();
            while (tables.Step())
            {
                roots.Add(Encoding.UTF8.GetString(tables.Utf8(0)), (int)tables.Int64(1));
            }
        }

        byte[] bytes = File.ReadAllBytes(Path.Combine(empty, Database.FileName));
        return (bytes[..((bytes[16] << 8) | bytes[17])], roots);
    }

    // Into a new database of the same version. How many rows are lost.
    private static long Salvage(string folder, Dictionary<string, int> roots)
    {
        string copy = Path.Combine(folder, CopyName);
        using var pages = new DamagedPages(copy);
        var tables = new DamagedTables(pages);
        if (Database.IsNewer(pages.Version))
        {
            throw new IOException("it was written by a newer OtelLite; recover it with that one");
        }

        if (tables.Schema.Count > 0 && !tables.Schema.Any(e => roots.ContainsKey(e.Name) && !IsOfSqlite(e.Name)))
        {
            throw new IOException(SalvagedTables.NothingFound);
        }

        // No version is one that was overwritten.
        bool isOfNow = pages.Version is <= 0 or >= Database.SchemaVersion;
        using SqliteConnection connection = isOfNow ? Database.OpenWriter(folder, Durability.Normal) : BeginOlder(folder, tables.Schema, pages.Version);
        return new SalvagedTables(connection, pages, tables, isOfNow ? roots : []).CopyAll(pages.Count < pages.CountTold);
    }

    // The list of tables of an older version is known from its file alone.
    private static SqliteConnection BeginOlder(string folder, IReadOnlyList<DamagedTables.Entry> schema, int version)
    {
        string[] sql = [.. schema.Where(e => e.Sql is not null && !IsOfSqlite(e.Name)).OrderByDescending(e => e.Type == "table").Select(e => e.Sql!)];
        if (sql.Length == 0)
        {
            throw new IOException(SalvagedTables.NothingFound);
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, Database.FileName), Pooling = false }.ConnectionString);
        connection.Open();
        Database.Execute(connection, $"PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; {string.Join(";\n", sql)}; PRAGMA user_version = {version};");
        return connection;
    }

    private static bool IsOfSqlite(string table) => table.StartsWith("sqlite_", StringComparison.Ordinal);

    // Brings it up to date, adds what arrived since, and counts.
    private static (long Newer, PrunedRows Rows) Finish(string folder, string path, Durability durability, Dictionary<string, int> roots)
    {
        long newer = 0;
        using SqliteConnection connection = Database.OpenWriter(folder, durability);
        IReadOnlyList<TableShape> tables = TableShape.Of(connection);
        if (!roots.Keys.All(name => tables.Any(t => t.Name == name)))
        {
            throw new IOException("it is of an older version, and its list of tables is lost in part");
        }

        if (File.Exists(path))
        {
            // Nothing of another version is added.
            Database.OpenWriter(Path.GetDirectoryName(path)!, durability).Dispose();
            newer = NewerRows.Add(connection, path);
        }

        Recount.Run(connection);
        Uncounted.CountLeft(connection);
        foreach ((string table, string column, _, _) in Prune.Raw)
        {
            // Ids tell how many rows there are: what has none any more is as if removed.
            Database.Execute(connection, $"UPDATE otel_removed SET {column} = coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0) - (SELECT count(*) FROM {table})");
        }

        PrunedRows rows = Count(connection);
        (string? damage, _) = SoundFile.Look(connection, TimeSpan.MaxValue / 2);
        if (damage is not null)
        {
            throw new IOException($"what was made is not sound ({damage})");
        }

        // The file alone is put in its place: nothing of it may still stand in the log.
        using var checkpoint = new Statement(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        return checkpoint.Begin().Scalar() == 0 ? (newer, rows) : throw new IOException("what was made can't be written to the end");
    }

    private static PrunedRows Count(SqliteConnection connection)
    {
        long[] rows = [.. Prune.Raw.Select(raw =>
        {
            using var count = new Statement(connection, $"SELECT count(*) FROM {raw.Table}");
            return count.Begin().Scalar()!.Value;
        })];
        return new PrunedRows(rows[0], rows[1], rows[2], 0);
    }
}
