using System.Globalization;
using System.Text;

namespace OtelLite.Storage;

/// <summary>
/// Database files that are in the way are renamed and never touched: under a name that says why and when, in the same folder. A database and its log have two names, and only one can be changed
/// at a time. So what is being done is written down first: where it fails in between, it is ended before anything else is renamed, and who is killed leaves it to the next start.
/// </summary>
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

    private static readonly string[] Sidecars = ["-journal", "-wal", "-shm"];

    // Beside the database: what is renamed, and to what, a line each.
    private const string Note = Database.FileName + ".renaming";

    /// <summary>Renames a database with its log. The new path; null where there is no database.</summary>
    /// <exception cref="StorageException">It can't be renamed.</exception>
    public static string? Move(string path, string why)
    {
        try
        {
            // A name of its own for what is left of one that failed halfway would part a database from its log.
            string? ended = EndRename(FolderOf(path));
            if (!File.Exists(path))
            {
                return ended;
            }

            string stamp = DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture), aside = $"{path}{why}{stamp}";
            for (int i = 2; File.Exists(aside) || File.Exists(aside + "-wal"); i++)
            {
                aside = $"{path}{why}{stamp}-{i}";
            }

            Rename(path, aside);
            return aside;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{path} is in the way and can't be renamed: {e.Message.TrimEnd('.')}. Move it elsewhere yourself.", e);
        }
    }

    /// <summary>One of the folder's own is marked as recovered, so that it is told of no longer. Its path from now on.</summary>
    /// <exception cref="IOException">It can't be renamed.</exception>
    public static string MarkRecovered(string file)
    {
        if (!Path.GetFileName(file).StartsWith(Database.FileName + Damaged, StringComparison.Ordinal) || file.EndsWith(Recovered, StringComparison.Ordinal))
        {
            return file;
        }

        Rename(file, file + Recovered);
        return file + Recovered;
    }

    /// <summary>
    /// Where a database is put that is whole and is to take the place of the one that is there. From then on it is the one that counts: a start that finds it there goes on with it.
    /// </summary>
    /// <param name="why">What the one that is there will be: <see cref="Replacing"/> or <see cref="Merged"/>.</param>
    public static string NextOf(string path, string why) => $"{path}.next{why.TrimEnd('-')}";

    /// <summary>Puts it in its place. Where the one before is now; null where there was none.</summary>
    /// <exception cref="StorageException">It can't be renamed.</exception>
    public static string? PutNext(string path, string why)
    {
        string? before = Move(path, why);
        try
        {
            // A log without a file is of none.
            File.Delete(path + "-wal");
            File.Delete(path + "-shm");
            File.Move(NextOf(path, why), path);
            return before;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{NextOf(path, why)} can't be renamed to {path}: {e.Message.TrimEnd('.')}. It holds the database; move away what is in its place, and start again", e);
        }
    }

    /// <summary>Ends what a process was killed at, or could not do, for who has the folder for itself. What it did, as sentences.</summary>
    /// <exception cref="StorageException">It can't be renamed.</exception>
    public static IReadOnlyList<string> GoOn(string dataDir)
    {
        string path = Path.Combine(dataDir, Database.FileName);
        List<string> done = [];
        try
        {
            if (EndRename(dataDir) is { } aside)
            {
                done.Add($"the database {path} was being set aside when otellite ended: it is kept in {aside}, and with this server stopped, otellite recover {Folders.Flag(dataDir)} brings back what can be read of it.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"what {Path.Combine(dataDir, Note)} names can't be renamed: {e.Message.TrimEnd('.')}", e);
        }

        foreach (string why in (string[])[Replacing, Merged])
        {
            if (File.Exists(NextOf(path, why)))
            {
                string kept = PutNext(path, why) is { } before ? $"; the one that was there is kept in {before}" : "";
                done.Add($"the database {path} was being {(why == Merged ? "recovered" : "written again")} when otellite was killed: it is in its place now{kept}.");
            }
        }

        return done;
    }

    /// <summary>Removes what was being written when a process was killed, and has not got its name: nobody else would. For who has the folder for itself.</summary>
    public static void RemoveUnfinished(string dataDir)
    {
        try
        {
            if (Directory.Exists(Path.Combine(dataDir, Recovery.FolderName)))
            {
                Directory.Delete(Path.Combine(dataDir, Recovery.FolderName), recursive: true);
            }

            foreach (string file in Directory.Exists(dataDir) ? Directory.GetFiles(dataDir, $"{Database.FileName}.*").Where(IsUnfinished) : [])
            {
                File.Delete(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It takes room, and the next start tries again.
        }
    }

    // Of the names that the program itself gives, and as NewFile makes them until they are whole. A copy that somebody else makes in the folder may be under way.
    private static bool IsUnfinished(string path)
    {
        string name = Path.GetFileName(path);
        string suffix = Sidecars.FirstOrDefault(s => name.EndsWith(s, StringComparison.Ordinal)) ?? "";
        string[] parts = name[..^suffix.Length].Split('.');
        return parts.Length > 2 && parts[^1].Length == 32 && parts[^1].All(char.IsAsciiHexDigitLower)
            && (parts[^2] == "renaming" || (parts[^2] == "replacing" && parts[^3] == "next")
                || (parts[^2].StartsWith("schema-", StringComparison.Ordinal) && int.TryParse(parts[^2].AsSpan("schema-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out _)));
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

    /// <summary>Renames a database with its log.</summary>
    /// <exception cref="IOException">It can't be renamed. What is left of it <see cref="Move"/> and <see cref="GoOn"/> end.</exception>
    public static void Rename(string from, string to)
    {
        if (!HasLog(from))
        {
            // One name alone is changed at once.
            RenameFile(from, to);
            return;
        }

        new SmallFile(Note, Encoding.UTF8.GetBytes($"{Path.GetFileName(from)}\n{Path.GetFileName(to)}\n")).Write(FolderOf(from));
        EndRename(FolderOf(from));
    }

    // Does what the note says, as far as it is not done yet: for who has just written it, and for who finds it. Until the note is gone nothing else is renamed and no database begun, else it would
    // name another one. Where the folder's own database is now; null where it was not that, or nothing is noted.
    private static string? EndRename(string folder)
    {
        string note = Path.Combine(folder, Note);
        string? aside = null;
        if (!File.Exists(note))
        {
            return null;
        }

        // Names in this folder, whatever it says.
        if (File.ReadAllLines(note).Select(Path.GetFileName).ToArray() is [{ Length: > 0 } before, { Length: > 0 } after])
        {
            string from = Path.Combine(folder, before), to = Path.Combine(folder, after);
            RenameLog(from, to);
            RenameFile(from, to);
            aside = before == Database.FileName && File.Exists(to) ? to : null;
        }

        File.Delete(note);
        return aside;
    }

    // What is in the log is a part of the database. It goes first: beside a file that is new SQLite would delete it.
    private static void RenameLog(string from, string to)
    {
        if (HasLog(from) && !File.Exists(to + "-wal"))
        {
            File.Move(from + "-wal", to + "-wal");
        }
    }

    // What is of no use without the file goes with it.
    private static void RenameFile(string from, string to)
    {
        if (!File.Exists(from) || File.Exists(to))
        {
            return;
        }

        File.Delete(from + "-shm");
        if (!HasLog(from))
        {
            File.Delete(from + "-wal");
        }

        File.Move(from, to);
    }

    private static bool HasLog(string path) => new FileInfo(path + "-wal") is { Exists: true, Length: > 0 };

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;
}
