using System.Globalization;

namespace OtelLite.ClaudeSettings;

/// <summary>A settings file as it was read.</summary>
internal sealed record SettingsFile(byte[] Bytes, SettingsText Text)
{
    private const string BackupMark = ".otellite-backup-";
    private const string NothingIsWritten = " Correct it; until then nothing is written.";

    /// <summary>Null where there is none.</summary>
    /// <exception cref="SettingsException">It can't be read, or Claude Code can't.</exception>
    public static SettingsFile? Read(string path)
    {
        byte[] bytes;
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > Limits.SettingsBytesMax)
            {
                throw new SettingsException($"{path} has more than {Limits.SettingsBytesMax >> 20} MiB, which is no settings file.");
            }

            bytes = new byte[file.Length];
            file.ReadExactly(bytes);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // A pipe has no length.
            throw new SettingsException($"{path} can't be read: {e.Message}", e);
        }

        return Parse(path, bytes);
    }

    /// <summary>Takes the bytes as Claude Code does.</summary>
    /// <param name="path">How they are called.</param>
    /// <exception cref="SettingsException">Claude Code ignores them.</exception>
    public static SettingsFile Parse(string path, byte[] bytes)
    {
        try
        {
            var text = SettingsText.Parse(bytes);
            return SettingsShape.Wrong(text) is { } wrong
                ? throw new SettingsException($"{path}: {wrong}, and Claude Code ignores such a file as a whole.", null, NothingIsWritten)
                : new SettingsFile(bytes, text);
        }
        catch (JsonPlaceException e)
        {
            throw new SettingsException(
                $"{path} is not valid at line {e.Line}, column {e.Column}: {TerminalText.OneLine(e.Message)}. Claude Code ignores such a file as a whole.", e, NothingIsWritten);
        }
    }

    /// <summary>Replaces the file at once, through one beside it: whoever reads sees the old or the new. A link stays one; the mode stays.</summary>
    /// <param name="before">What it was when the change was made; null: there was none.</param>
    /// <exception cref="SettingsException">It can't be written, its owner has made it read-only, or somebody else has changed it since.</exception>
    public static void Write(string path, byte[] bytes, byte[]? before)
    {
        try
        {
            string target = NewFile.Target(path);
            Folders.Make(Path.GetDirectoryName(target)!);
            UnixFileMode mode = Mode(target);
            if (IsReadOnly(target, mode))
            {
                throw new SettingsException($"{path} is read-only. Let it be written (chmod u+w), or paste what otellite setup --print shows.");
            }

            string beside = $"{target}.otellite-{Environment.ProcessId}.tmp";
            try
            {
                WriteNew(beside, bytes, mode);
                if (!IsStill(target, before))
                {
                    throw new SettingsException($"{path} was changed by another program at this moment. Try again.");
                }

                File.Move(beside, target, overwrite: true);
            }
            finally
            {
                File.Delete(beside);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{path} can't be written: {e.Message}", e);
        }
    }

    /// <summary>Removes what setup made.</summary>
    /// <exception cref="SettingsException">It can't be removed.</exception>
    public static void Remove(string path)
    {
        try
        {
            File.Delete(NewFile.Target(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{path} can't be removed: {e.Message}", e);
        }
    }

    /// <summary>The copies that were made of a file and are still there, the oldest first.</summary>
    public static string[] Backups(string path) => Directory.Exists(Path.GetDirectoryName(path))
        ? [.. Directory.GetFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + BackupMark + "*").Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Keeps the bytes beside the file. Of all such copies the first and the last ones stay, <see cref="Limits.SettingsBackupsMax"/> in all.</summary>
    /// <param name="kept">One that stays too: what an undo goes back to, which is not the first after an earlier undo.</param>
    /// <returns>The copy's path.</returns>
    /// <exception cref="SettingsException">It can't be written.</exception>
    public static string BackUp(string path, byte[] bytes, DateTime now, string? kept = null)
    {
        string name = path + BackupMark + now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        try
        {
            string copy = name;
            for (int i = 2; File.Exists(copy); i++)
            {
                copy = $"{name}-{i}";
            }

            // It may hold secrets, whoever may read the file itself.
            WriteNew(copy, bytes, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            string[] all = Backups(path);
            foreach (string old in all.Skip(1).Where(c => c != kept).Take(all.Length - Limits.SettingsBackupsMax))
            {
                File.Delete(old);
            }

            return copy;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{path} can't be backed up, so nothing was changed: {e.Message}", e);
        }
    }

    private static UnixFileMode Mode(string path) =>
        !OperatingSystem.IsWindows() && File.Exists(path) ? File.GetUnixFileMode(path) : UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // A rename would pass over it, also over root's.
    private static bool IsReadOnly(string path, UnixFileMode mode) => OperatingSystem.IsWindows()
        ? File.Exists(path) && File.GetAttributes(path).HasFlag(FileAttributes.ReadOnly)
        : !mode.HasFlag(UnixFileMode.UserWrite);

    private static bool IsStill(string path, byte[]? bytes) =>
        File.Exists(path) ? bytes is not null && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes) : bytes is null;

    private static void WriteNew(string path, byte[] bytes, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        using var file = new FileStream(path, options);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                // The process's mask takes bits from what it makes.
                File.SetUnixFileMode(file.SafeFileHandle, mode);
            }

            NewFile.WriteAll(file, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Dispose();
            File.Delete(path);
            throw;
        }
    }
}
