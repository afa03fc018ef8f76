using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>
/// What a running server does about a file that was deleted or replaced under it, or that is damaged: the first is written again from what is still open, so that nothing
/// acknowledged is lost; the second is set aside. Owned by the writer's thread.
/// <para>
/// It has two steps, with the writer's connection open before the first and closed between them. While it is open nothing is pending here: <see cref="Prepare"/> says that there is nothing to mend,
/// or throws, and is called again while the writer knows of damage or of a file that was taken away; or it leaves what <see cref="Open"/> begins with. That is a copy to be put in its place, or a
/// damaged file to be set aside, never both; or neither, where the log alone was taken away. <see cref="Open"/> is called until it opens a file, and what it has done by then it does not do again.
/// </para>
/// </summary>
/// <param name="other">Who has taken the folder meanwhile; null where nobody has.</param>
internal sealed class Mending(string dataDir, Durability durability, Action<string> say, Func<FolderHolder?>? other = null)
{
    private readonly string _path = Path.Combine(dataDir, Database.FileName);

    // Whether a copy of the file that was taken away is to be put in its place.
    private bool _hasCopy;
    private string? _damage;
    private CarriedOver _carried = CarriedOver.Nothing;

    /// <summary>What is to be done before the connection is closed. False where there is nothing to mend after all.</summary>
    /// <exception cref="StorageException">It can't be done now.</exception>
    /// <param name="isSure">It was met again, or found by a look at all of the file.</param>
    public bool Prepare(SqliteConnection connection, OpenedFile file, string? damage, bool isSure)
    {
        if (file.HasMoved)
        {
            RefuseOther("stop this one, which then keeps what it has beside the folder");
            SaveWhatIsOpen(connection, file);
            return true;
        }

        ForgetCopy();

        // A page may have been read wrongly once: of a disk that gives errors SQLite says the same. So it is looked for; in a file that is too large for that it must be met again.
        (string? found, bool isWhole) = damage is null ? (null, true) : SoundFile.Look(connection, Limits.DamageCheck);
        if (found is null && (isWhole || !isSure))
        {
            return false;
        }

        SqliteConnection.ClearAllPools();
        _carried = CarriedOver.Of(connection);
        SoundFile.KeepLog(connection);
        _damage = found ?? damage;
        return true;
    }

    /// <summary>Opens what is to be written from now on, once the connection before is closed.</summary>
    /// <exception cref="StorageException">It can't be opened now.</exception>
    public SqliteConnection Open()
    {
        // Who comes to the folder between the two steps.
        RefuseOther(_hasCopy ? $"stop both and start one, which takes up {SetAside.NextOf(_path, SetAside.Replacing)}" : "stop one of them");
        if (_hasCopy)
        {
            PutBack();
            _hasCopy = false;
        }
        else if (_damage is not null)
        {
            SoundFile.PutAside(_path, _damage, say);
            _damage = null;
        }

        SqliteConnection connection = _carried.Begin(dataDir, durability);
        _carried = CarriedOver.Nothing;
        SqliteConnection.ClearAllPools();
        return connection;
    }

    /// <summary>Keeps what is open somewhere, as its process ends and it can't be put in its place: beside the folder, or where temporary files are.</summary>
    public void Rescue(SqliteConnection connection)
    {
        string name = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(dataDir))}.rescued-{DateTime.UtcNow:yyyyMMdd-HHmmss}.db";
        string why = "";
        foreach (string? folder in (string?[])[Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(dataDir))), Path.GetTempPath()])
        {
            try
            {
                string kept = Path.Combine(folder ?? "", name);
                Backup.Make(connection, kept, mayReplace: false);
                say($"the database {_path} was deleted or replaced while it was in use, and can't be written there again: all of it is kept in {kept}.");
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                why = e.Message.TrimEnd('.');
            }
        }

        say($"the database {_path} was deleted or replaced while it was in use, and is lost: it can be written nowhere ({why}).");
    }

    // Two that put back their own would set aside each other's without end.
    private void RefuseOther(string remedy)
    {
        if (other?.Invoke() is { } holder)
        {
            throw new StorageException($"the folder {dataDir} was deleted while it was in use, and another otellite (process {holder.ProcessId}) has taken it: {remedy}");
        }
    }

    // Of what was away for a moment: it is older than what has arrived since.
    private void ForgetCopy()
    {
        string copy = SetAside.NextOf(_path, SetAside.Replacing);
        if (!File.Exists(copy))
        {
            return;
        }

        try
        {
            File.Delete(copy);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"a copy of the database that is out of date can't be deleted: {e.Message}", e);
        }
    }

    private void SaveWhatIsOpen(SqliteConnection connection, OpenedFile file)
    {
        SqliteConnection.ClearAllPools();
        string copy = SetAside.NextOf(_path, SetAside.Replacing);
        try
        {
            Folders.Make(dataDir);
            bool wasAway = file.IsAway;
            if (wasAway)
            {
                Backup.Make(connection, copy, mayReplace: true);
            }

            // Our log is empty from now on: one in its place that is not is another's. Where only the log was taken, all is in the file now.
            using SqliteCommand checkpoint = connection.CreateCommand();
            checkpoint.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            bool isDone = (long)checkpoint.ExecuteScalar()! == 0;
            if (!file.IsAway && !isDone)
            {
                Backup.Make(connection, copy, mayReplace: true);
            }

            _hasCopy = (wasAway && file.IsAway) || !isDone;
            if (!_hasCopy)
            {
                // It came back meanwhile: the next start would put the copy over what has arrived since.
                ForgetCopy();
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it is, this process has the only copy.
            throw new StorageException($"the database file was deleted or replaced while it was in use, and can't be written again: {e.Message.TrimEnd('.')}", e);
        }
    }

    private void PutBack()
    {
        if (!File.Exists(SetAside.NextOf(_path, SetAside.Replacing)))
        {
            // Another that had the folder meanwhile has put it there as it started.
            return;
        }

        say(SetAside.PutNext(_path, SetAside.Replacing) is { } other
            ? $"the database {_path} was replaced while it was in use: it is written again as it was, and what was put in its place is kept in {other}. To use that one, stop otellite first."
            : $"the database {_path} was deleted while it was in use, and is written again as it was. To begin anew, stop otellite first.");
    }
}
