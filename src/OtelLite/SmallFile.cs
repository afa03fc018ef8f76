namespace OtelLite;

/// <summary>A small file of the data folder as it is known in memory: a token, a list of them, a key, a note.</summary>
internal sealed record SmallFile(string Name, byte[] Bytes)
{
    /// <summary>Writes it, for its owner alone, in place of one that is there. Under its name it is whole at every moment.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Write(string dataDir) => Write(dataDir, mayReplace: true);

    /// <summary>The same where there is none. False where there is one.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public bool WriteIfMissing(string dataDir)
    {
        if (File.Exists(Path.Combine(dataDir, Name)))
        {
            return false;
        }

        Write(dataDir, mayReplace: false);
        return true;
    }

    private void Write(string dataDir, bool mayReplace)
    {
        using var file = new NewFile(Path.Combine(dataDir, Name), mayReplace, dataDir: null);
        using (var stream = new FileStream(file.Unfinished, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            NewFile.WriteAll(stream, Bytes);
        }

        file.Keep();
    }
}
