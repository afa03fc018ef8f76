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

    private readonly string _dataDir;
    private readonly Lock _looking = new();

    // Null where no file can be made. Replaced by the timer alone.
    private FileStream? _lock;
    private (long, long)? _identity;
    private Watched? _watched;
    private bool _isSaid;

    private FolderHold(string dataDir, FileStream? held) => (_dataDir, _lock, _identity) = (dataDir, held, LockOf(dataDir));

    private sealed record Watched(IReadOnlyList<string> Urls, Func<IReadOnlyList<SmallFile>> Files, Action<string> Say, Timer Timer);

    private string Holder => Path.Combine(_dataDir, HolderName);

    /// <exception cref="StorageException">Another process has it; the message says who and what to do.</exception>
    public static FolderHold Take(string dataDir)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                Folders.Make(dataDir);
                var hold = new FolderHold(dataDir, OpenLock(dataDir));
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

                throw Refusal(Read(Path.Combine(dataDir, HolderName)), dataDir);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A folder in which nothing can be written is told of by who opens its database.
                return new FolderHold(dataDir, null);
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

    /// <summary>False once the folder was deleted, or the lock in it, until it is taken again. Elsewhere than on Windows nothing keeps anybody from that.</summary>
    public bool IsInPlace => _lock is null || LockOf(_dataDir) == _identity;

    private static (long, long)? LockOf(string dataDir) => FileKind.Identity(FileKind.Name(Path.Combine(dataDir, LockName)));

    /// <summary>Who has the folder in place of this process, which held it before; null where nobody has.</summary>
    public FolderHolder? Other => IsInPlace ? null : Of(_dataDir);

    /// <summary>Says where it answers, and looks from now on every <see cref="Limits.FileLookInterval"/> whether the folder is still held. Where it was deleted and there is one again, its
    /// small files are written as they were and the lock is taken anew, so that neither the next start has another token nor a second process the folder.</summary>
    /// <param name="files">The small files as they are to be. One that somebody deleted alone stays deleted: so one begins anew.</param>
    /// <param name="say">Tells the operator one sentence.</param>
    public void Watch(IReadOnlyList<string> urls, Func<IReadOnlyList<SmallFile>> files, Action<string> say)
    {
        Tell(urls);
        _watched = new Watched(urls, files, say, new Timer(_ => Look(), null, Limits.FileLookInterval, Limits.FileLookInterval));
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
            using var file = new StreamWriter(NewFile.OfOwner(Holder, FileMode.Create, FileAccess.Write, FileShare.Read));
            file.Write(string.Join('\n', [Environment.ProcessId.ToString(CultureInfo.InvariantCulture), .. urls]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The lock holds without it.
        }
    }

    public void Dispose()
    {
        _watched?.Timer.Dispose();
        lock (_looking)
        {
            _watched = null;
            if (_lock is null)
            {
                return;
            }

            try
            {
                if (IsInPlace)
                {
                    // Else it is another's.
                    File.Delete(Holder);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The folder is gone, or its disk.
            }

            _lock.Dispose();
        }
    }

    private static FileStream OpenLock(string dataDir) => NewFile.OfOwner(Path.Combine(dataDir, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    private void Look()
    {
        // A slow disk must not let looks pile up.
        if (!_looking.TryEnter())
        {
            return;
        }

        try
        {
            if (_watched is { } watched && !IsInPlace && Directory.Exists(_dataDir) && Of(_dataDir) is null)
            {
                TakeAgain(watched);
            }
        }
        catch (IOException e) when (NewFile.IsHeld(e))
        {
            // Somebody looks, or has just come; the writer says so.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Say($"the folder {_dataDir} was deleted while it was in use, and its small files can't be written again: {e.Message.TrimEnd('.')}.");
        }
        finally
        {
            _looking.Exit();
        }
    }

    // The files come first: who sees that the lock is in place again takes those that are missing then for deleted on purpose.
    private void TakeAgain(Watched watched)
    {
        List<string> written = [];
        foreach (SmallFile file in watched.Files())
        {
            if (file.WriteIfMissing(_dataDir))
            {
                written.Add(file.Name);
            }
        }

        FileStream taken = OpenLock(_dataDir);
        _lock!.Dispose();
        (_identity, _lock) = (LockOf(_dataDir), taken);
        Tell(watched.Urls);
        if (written.Count > 0)
        {
            watched.Say($"the folder {_dataDir} was deleted while it was in use: {string.Join(", ", written)} {(written.Count > 1 ? "are" : "is")} written again as before.");
        }

        _isSaid = false;
    }

    private void Say(string sentence)
    {
        if (!_isSaid)
        {
            _isSaid = true;
            _watched?.Say(sentence);
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
