using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>The file as it is on disk.</summary>
/// <param name="WalBytes">Of the write-ahead log beside it: committed, and not yet in its place.</param>
/// <param name="FreeBytes">Of the file, what is free for coming rows.</param>
/// <param name="Damaged">Files that were found damaged, are set aside and not recovered yet; the newest first.</param>
internal sealed record DatabaseFile(long Bytes, long WalBytes, long FreeBytes, long SchemaVersion, IReadOnlyList<string> Damaged);

internal static class DatabaseFileQuery
{
    public static DatabaseFile Read(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT page_count * page_size, freelist_count * page_size, user_version
            FROM pragma_page_count, pragma_page_size, pragma_freelist_count, pragma_user_version
            """;
        using SqliteDataReader row = command.ExecuteReader();
        row.Read();
        var log = new FileInfo(connection.DataSource + "-wal");
        return new DatabaseFile(row.GetInt64(0), log.Exists ? log.Length : 0, row.GetInt64(1), row.GetInt64(2), SetAside.DamagedIn(Path.GetDirectoryName(Path.GetFullPath(connection.DataSource))!));
    }

    /// <summary>Raw rows of what happened before this moment may have been removed; null while all are there.</summary>
    public static DateTimeOffset? RemovedBefore(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT before_unix_nano FROM otel_removed";
        return command.ExecuteScalar() is long nano and > 0 ? UnixNano.ToTime(nano) : null;
    }
}
