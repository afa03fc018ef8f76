using OtelLite.Access;
using OtelLite.Privacy;
using OtelLite.Storage;

namespace OtelLite;

/// <summary>The program's own files in its data folder.</summary>
internal static class DataFiles
{
    private static readonly string[] Names =
        [Database.FileName, $"{Database.FileName}-wal", $"{Database.FileName}-shm", $"{Database.FileName}-journal", Token.FileName, TokenFile.Name, Redaction.KeyFileName,
        FolderHold.LockName, FolderHold.HolderName];

    /// <param name="name">Some file systems know no capital letters.</param>
    public static bool Has(string name) => Names.Contains(name, StringComparer.OrdinalIgnoreCase);
}
