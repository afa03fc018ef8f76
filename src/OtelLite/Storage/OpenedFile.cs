namespace OtelLite.Storage;

/// <summary>
/// Tells whether the names of an open database still lead to what is open. SQLite goes on writing to a file that was deleted or replaced, and so does its log: all of it
/// would be gone with the process.
/// </summary>
internal sealed class OpenedFile(string path)
{
    private readonly (long, long)? _file = FileKind.Identity(path);

    // A link in its place leads other programs to the same file and to another log.
    private readonly (long, long)? _name = FileKind.IdentityOfName(path);

    // Made with the first transaction, if it is not there yet.
    private (long, long)? _log = FileKind.Identity(path + "-wal");

    /// <summary>It, or its log.</summary>
    public bool HasMoved
    {
        get
        {
            (long, long)? log = FileKind.Identity(path + "-wal");
            _log ??= log;
            return log != _log || IsAway;
        }
    }

    /// <summary>It, and not only its log.</summary>
    public bool IsAway => FileKind.Identity(path) != _file || FileKind.IdentityOfName(path) != _name;
}
