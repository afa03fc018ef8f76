using System.Globalization;

namespace OtelLite.Storage;

/// <summary>Who serves from a data folder.</summary>
/// <param name="Urls">Where it answers; empty while it starts.</param>
internal sealed record FolderHolder(int ProcessId, IReadOnlyList<string> Urls);

/// <summary>
/// One process serves from a data folder at a time. A lock on a file tells it, which ends with its process however that ends; beside it stands who has it,
/// for whoever comes second.
/// </summary>
internal sealed class FolderHold : IDisposable
{
    public const string LockName = "otellite.lock";
    public const string HolderName = "otellite.pid";

    private readonly FileStream? _lock;
    private readonly string _holder;

    private FolderHold(FileStream? held, string holder) => (_lock, _holder) = (held, holder);

    /// <exception cref="StorageException">Another process has it; the message says who and what to do.</exception>
    public static FolderHold Take(string dataDir)
    {
        string holder = Path.Combine(dataDir, HolderName);
        for (int tries = 1; ; tries++)
        {
            try
            {
                Folders.Make(dataDir);
                var hold = new FolderHold(NewFile.OfOwner(Path.Combine(dataDir, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), holder);
                hold.Tell([]);
                return hold;
            }
            catch (IOException e) when (NewFile.IsHeld(e))
            {
                // Who only looks has it for a moment.
                if (tries < Limits.HoldTries)
                {
                    Thread.Sleep(Limits.HoldWait);
                    continue;
                }

                throw Refusal(Read(holder), dataDir);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A folder in which nothing can be written is told of by who opens its database.
                return new FolderHold(null, holder);
            }
        }
    }

    /// <summary>The same where nothing is to be taken yet.</summary>
    /// <exception cref="StorageException">Another process has it; the message says who and what to do.</exception>
    public static void RefuseHeld(string dataDir)
    {
        if (Of(dataDir) is { } other)
        {
            throw Refusal(other, dataDir);
        }
    }

    /// <summary>Who has a folder now; null where nobody has. It is not waited for.</summary>
    public static FolderHolder? Of(string dataDir)
    {
        try
        {
            using var free = new FileStream(Path.Combine(dataDir, LockName), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return null;
        }
        catch (IOException e) when (NewFile.IsHeld(e))
        {
            return Read(Path.Combine(dataDir, HolderName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Says where it answers.</summary>
    public void Tell(IReadOnlyList<string> urls)
    {
        if (_lock is null)
        {
            return;
        }

        try
        {
            using var file = new StreamWriter(NewFile.OfOwner(_holder, FileMode.Create, FileAccess.Write, FileShare.Read));
            file.Write(string.Join('\n', [Environment.ProcessId.ToString(CultureInfo.InvariantCulture), .. urls]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The lock holds without it.
        }
    }

    public void Dispose()
    {
        if (_lock is not null)
        {
            try
            {
                File.Delete(_holder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The folder is gone, or its disk.
            }

            _lock.Dispose();
        }
    }

    private static StorageException Refusal(FolderHolder? other, string dataDir)
    {
        string where = other is { Urls: [var url, ..] } ? $" on {url}" : "", process = other is null ? "" : $" (process {other.ProcessId})";
        return new StorageException($"OtelLite runs already{where}{process}, with the data in {dataDir}. Use that one, stop it, or name another folder with --data-dir DIR.");
    }

    private static FolderHolder? Read(string path)
    {
        try
        {
            return File.ReadAllLines(path) is [var id, .. var urls] && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int process) ? new FolderHolder(process, urls) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
