namespace OtelLite;

/// <summary>A small file of the data folder as it is known in memory: a token, a list of them, a key.</summary>
internal sealed record SmallFile(string Name, byte[] Bytes)
{
    /// <summary>Writes it, for its owner alone, where there is none. False where there is one.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public bool WriteIfMissing(string dataDir)
    {
        string path = Path.Combine(dataDir, Name);
        if (File.Exists(path))
        {
            return false;
        }

        using var file = new NewFile(path, mayReplace: false, dataDir: null);
        using (var stream = new FileStream(file.Unfinished, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            NewFile.WriteAll(stream, Bytes);
        }

        file.Keep();
        return true;
    }
}
