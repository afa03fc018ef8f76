using System.Globalization;

namespace OtelLite.Storage;

/// <summary>Database files that are in the way are renamed and never touched: under a name that says why and when, in the same folder.</summary>
internal static class SetAside
{
    /// <summary>Behind the name of a database that is damaged.</summary>
    public const string Damaged = ".damaged-";

    /// <summary>Behind the name of one that somebody put in the place of one in use.</summary>
    public const string Replacing = ".replacing-";

    /// <summary>Behind the name of one whose rows are in the one that was recovered.</summary>
    public const string Merged = ".merged-";

    /// <summary>Behind all of that, where what could be read of it is recovered.</summary>
    public const string Recovered = ".recovered";

    /// <summary>Renames a database with its log. The new path.</summary>
    /// <exception cref="StorageException">It can't be renamed.</exception>
    public static string Move(string path, string why)
    {
        string stamp = DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture), aside = $"{path}{why}{stamp}";
        for (int i = 2; File.Exists(aside); i++)
        {
            aside = $"{path}{why}{stamp}-{i}";
        }

        try
        {
            // What is in the log is a part of it. The log goes first: beside a file that is new SQLite would delete it.
            if (new FileInfo(path + "-wal") is { Exists: true, Length: > 0 })
            {
                File.Move(path + "-wal", aside + "-wal");
            }

            File.Delete(path + "-wal");
            File.Delete(path + "-shm");
            if (File.Exists(path))
            {
                File.Move(path, aside);
            }

            return aside;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{path} is in the way and can't be renamed: {e.Message.TrimEnd('.')}. Move it elsewhere yourself.", e);
        }
    }

    /// <summary>The damaged ones that nobody has recovered yet, the newest first.</summary>
    public static IReadOnlyList<string> DamagedIn(string dataDir)
    {
        try
        {
            return [.. Directory.GetFiles(dataDir, $"{Database.FileName}{Damaged}*")
                .Where(f => !f.EndsWith(Recovered, StringComparison.Ordinal) && !f.EndsWith("-wal", StringComparison.Ordinal) && !f.EndsWith("-shm", StringComparison.Ordinal))
                .OrderDescending(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
