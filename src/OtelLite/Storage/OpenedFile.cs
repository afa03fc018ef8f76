namespace OtelLite.Storage;

/// <summary>
/// Tells whether the names of an open database still lead to what is open. SQLite goes on writing to a file that was deleted or replaced, and so does its log: all of it
/// would be gone with the process.
/// </summary>
internal sealed class OpenedFile
{
    // Looked at with every commit: the names are made once.
    private readonly byte[] _path;
    private readonly byte[] _logPath;
    private readonly (long, long)? _file;

    // A link in its place leads other programs to the same file and to another log.
    private readonly (long, long)? _name;

    // Made with the first transaction, if it is not there yet.
    private (long, long)? _log;

    public OpenedFile(string path)
    {
        (_path, _logPath) = (FileKind.Name(path), FileKind.Name(path + "-wal"));
        (_file, _name, _log) = (FileKind.Identity(_path), FileKind.IdentityOfName(_path), FileKind.Identity(_logPath));
    }

    /// <summary>It, or its log.</summary>
    public bool HasMoved
    {
        get
        {
            (long, long)? log = FileKind.Identity(_logPath);
            _log ??= log;
            return log != _log || IsAway;
        }
    }

    /// <summary>It, and not only its log.</summary>
    public bool IsAway => FileKind.Identity(_path) != _file || FileKind.IdentityOfName(_path) != _name;
}
