namespace OtelLite;

/// <summary>
/// A file that is its owner's alone (0600) and appears under its name only when it is whole: written beside that name first. What is not kept is
/// deleted.
/// </summary>
internal sealed class NewFile : IDisposable
{
    private readonly string _path;
    private readonly bool _mayReplace;
    private bool _isKept;

    /// <param name="mayReplace">A file of that name may be there, and is replaced at the end; where a link is, the file that it leads to.</param>
    /// <param name="dataDir">Whose own files are not to be replaced; null where there are none.</param>
    /// <exception cref="IOException">It can't be made, or there is one already; the message is a sentence.</exception>
    public NewFile(string path, bool mayReplace, string? dataDir)
    {
        string named = Path.GetFullPath(path);
        _mayReplace = mayReplace;
        if (Directory.Exists(named))
        {
            throw new IOException($"{named} is a folder: name a file.");
        }

        if (File.Exists(named) && !mayReplace)
        {
            throw new IOException($"{named} is there already: name another file, or replace it with --force.");
        }

        try
        {
            _path = Target(named);
            if (File.Exists(_path) && !FileKind.IsRegular(_path))
            {
                throw new IOException("it is no regular file, and can't be replaced");
            }

            Unfinished = $"{_path}.{Guid.NewGuid():N}";
            using (OfOwner(Unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.Read))
            {
            }

            // The same folder, by whatever way it is named, is the one in which what was just made is seen.
            if (dataDir is not null && DataFiles.Has(Path.GetFileName(_path)) && File.Exists(Path.Combine(dataDir, Path.GetFileName(Unfinished))))
            {
                File.Delete(Unfinished);
                throw new IOException("it is in use, as otellite's own. Name another file");
            }
        }
        catch (DirectoryNotFoundException e)
        {
            throw new IOException($"{named} can't be written: its folder does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nobody has typed the name of what is not finished.
            throw new IOException($"{named} can't be written: {(Unfinished is null ? e.Message : e.Message.Replace(Unfinished, named, StringComparison.Ordinal)).TrimEnd('.')}.", e);
        }
    }

    /// <summary>Where a chain of links ends, also when nothing is there yet.</summary>
    /// <exception cref="IOException">It is a ring.</exception>
    public static string Target(string path) => new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;

    /// <summary>Opens a file that is its owner's alone if it is made now.</summary>
    /// <exception cref="IOException">It can't be opened.</exception>
    public static FileStream OfOwner(string path, FileMode mode, FileAccess access, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    /// <summary>Writes a whole file to the disk. Give it one without a buffer: what could not be written must not be tried again as it is closed.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public static void WriteAll(FileStream file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }
        catch (ArgumentOutOfRangeException e)
        {
            // What .NET makes of a limit of the system's (ulimit -f).
            throw new IOException("no file may be so long here", e);
        }
    }

    /// <summary>True when a file can't be opened because another process has it for itself.</summary>
    public static bool IsHeld(IOException e) =>
        // ERROR_SHARING_VIOLATION; EAGAIN of Linux and of macOS.
        OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) == 32 : e.HResult == (OperatingSystem.IsMacOS() ? 35 : 11);

    /// <summary>Where it is until it is kept; it exists, and is empty.</summary>
    public string Unfinished { get; }

    /// <summary>Gives it its name.</summary>
    /// <exception cref="IOException">There is one meanwhile, or the folder can't be written.</exception>
    public void Keep()
    {
        File.Move(Unfinished, _path, _mayReplace);
        _isKept = true;
    }

    public void Dispose()
    {
        if (!_isKept)
        {
            File.Delete(Unfinished);
        }
    }
}
