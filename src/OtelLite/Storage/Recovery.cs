using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>What a recovery brought back.</summary>
/// <param name="Lost">Rows that stood on pages that can't be read, as far as their ids tell.</param>
/// <param name="Newer">Rows that had arrived in the database that was begun since.</param>
/// <param name="Before">Where that one is kept; null where there was none.</param>
/// <param name="Damaged">Where the damaged one is kept.</param>
internal sealed record Recovered(long Metrics, long Events, long Spans, long Lost, long Newer, string? Before, string Damaged);

/// <summary>
/// Makes a database out of what can be read of a damaged one, and of what has arrived since it was set aside. It works on a copy, table by table, around the pages that can't be
/// read, and makes every total anew. Both files stay as they are.
/// </summary>
internal static class Recovery
{
    private const string FolderName = "recovering", CopyName = "damaged.db";
    private const int HeaderBytes = 100;

    /// <param name="file">The damaged database. The one of the folder itself is set aside first.</param>
    /// <exception cref="StorageException">Nothing of it can be read, or the folder can't be used.</exception>
    public static Recovered Run(string dataDir, Durability durability, string file)
    {
        string path = Path.Combine(dataDir, Database.FileName), folder = Path.Combine(dataDir, FolderName);
        using FolderHold hold = FolderHold.Take(dataDir);
        try
        {
            file = Path.GetFullPath(file) == Path.GetFullPath(path) ? SetAside.Move(path, SetAside.Damaged) : file;
            RemoveFolder(folder);
            Folders.Make(folder);
            CopyBeside(file, folder);
            // Nothing is in its place before it is whole and flushed.
            long lost = Salvage(folder, Durability.Normal);
            (long newer, PrunedRows rows) = Finish(folder, path, durability);
            string? before = File.Exists(path) ? SetAside.Move(path, SetAside.Merged) : null;
            File.Move(Path.Combine(folder, Database.FileName), path);
            return new Recovered(rows.Metrics, rows.Events, rows.Spans, lost, newer, before, MarkRecovered(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new StorageException($"{file} can't be recovered: {e.Message.TrimEnd('.')}. It is as it was.", e);
        }
        finally
        {
            RemoveFolder(folder);
        }
    }

    private static void RemoveFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Of the folder's own, so that it is told of no longer.
    private static string MarkRecovered(string file)
    {
        if (!Path.GetFileName(file).StartsWith(Database.FileName + SetAside.Damaged, StringComparison.Ordinal) || file.EndsWith(SetAside.Recovered, StringComparison.Ordinal))
        {
            return file;
        }

        string marked = file + SetAside.Recovered;
        if (File.Exists(file + "-wal"))
        {
            File.Move(file + "-wal", marked + "-wal");
        }

        File.Move(file, marked);
        return marked;
    }

    private static void CopyBeside(string file, string folder)
    {
        string copy = Path.Combine(folder, CopyName);
        File.Copy(file, copy);
        if (File.Exists(file + "-wal"))
        {
            File.Copy(file + "-wal", copy + "-wal");
        }

        using var pages = new FileStream(copy, FileMode.Open, FileAccess.ReadWrite);
        byte[] header = new byte[HeaderBytes];
        bool isLong = pages.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) == HeaderBytes, isDatabase = header.AsSpan().StartsWith("SQLite format 3\0"u8);
        if (isLong && isDatabase && !File.Exists(copy + "-wal"))
        {
            // SQLite opens none that is shorter than it says; what is missing is empty pages, which can't be read either.
            pages.SetLength(Math.Max(pages.Length, SoundFile.LengthTold(header)));
        }
        else if (isLong && !isDatabase)
        {
            // Each database of this program begins alike: what is lost of the first page is taken from a new one.
            byte[] first = FirstPage(folder);
            BinaryPrimitives.WriteUInt32BigEndian(first.AsSpan(28), (uint)(pages.Length / first.Length));
            first.AsSpan(32, 8).Clear(); // the list of free pages
            byte[] page = new byte[first.Length];
            pages.Position = 0;
            pages.ReadAtLeast(page, page.Length, throwOnEndOfStream: false);
            bool isTree = page[HeaderBytes] is 0x05 or 0x0D;
            pages.Position = 0;
            pages.Write(isTree ? first.AsSpan(0, HeaderBytes) : first);
        }
    }

    private static byte[] FirstPage(string folder)
    {
        string empty = Path.Combine(folder, "empty");
        Database.OpenWriter(empty, Durability.Normal).Dispose();
        byte[] bytes = File.ReadAllBytes(Path.Combine(empty, Database.FileName));
        return bytes[..((bytes[16] << 8) | bytes[17])];
    }

    // Into a new database of the same version.
    private static long Salvage(string folder, Durability durability)
    {
        string copy = Path.Combine(folder, CopyName);
        using SqliteConnection connection = Begin(folder, copy, durability);
        using (SqliteCommand attach = connection.CreateCommand())
        {
            attach.CommandText = "ATTACH $copy AS damaged";
            attach.Parameters.AddWithValue("$copy", copy);
            attach.ExecuteNonQuery();
        }

        var tables = new SalvagedTables(connection);
        long lost = tables.CopyAll();
        Database.Execute(connection, "DETACH damaged");
        return lost;
    }

    private static SqliteConnection Begin(string folder, string copy, Durability durability)
    {
        List<string> schema = [];
        long version;
        using (var damaged = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = copy, Pooling = false }.ConnectionString))
        {
            damaged.Open();
            using SqliteCommand command = damaged.CreateCommand();
            command.CommandText = "PRAGMA user_version";
            version = (long)command.ExecuteScalar()!;
            command.CommandText = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'table' DESC, rowid";
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                schema.Add(row.GetString(0));
            }

            SoundFile.KeepLog(damaged);
        }

        if (version is 0 || version > Database.SchemaVersion || schema.Count == 0)
        {
            throw new IOException(version > Database.SchemaVersion ? "it was written by a newer OtelLite; recover it with that one" : "no table can be found in it");
        }

        if (version == Database.SchemaVersion)
        {
            return Database.OpenWriter(folder, durability);
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, Database.FileName), Pooling = false }.ConnectionString);
        connection.Open();
        Database.Execute(connection, $"PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; {string.Join(";\n", schema)}; PRAGMA user_version = {version};");
        return connection;
    }

    // Brings it up to date, adds what arrived since, and counts.
    private static (long Newer, PrunedRows Rows) Finish(string folder, string path, Durability durability)
    {
        long newer = 0;
        using SqliteConnection connection = Database.OpenWriter(folder, durability);
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
