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

    /// <param name="mayReplace">A file of that name may be there, and is replaced at the end.</param>
    /// <exception cref="IOException">It can't be made, or there is one already; the message is a sentence.</exception>
    public NewFile(string path, bool mayReplace)
    {
        _path = Path.GetFullPath(path);
        _mayReplace = mayReplace;
        if (Directory.Exists(_path))
        {
            throw new IOException($"{_path} is a folder: name a file.");
        }

        if (File.Exists(_path) && !mayReplace)
        {
            throw new IOException($"{_path} is there already: name another file, or replace it with --force.");
        }

        Unfinished = $"{_path}.{Guid.NewGuid():N}";
        try
        {
            using FileStream file = OfOwner(Unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{_path} can't be written: {e.Message.TrimEnd('.')}.", e);
        }
    }

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
