using System.Diagnostics;

namespace OtelLite;

/// <summary>
/// One process at a time with a file, from reading it to having written it: a file beside it that is there no longer than that.
/// </summary>
internal sealed class FileLock : IDisposable
{
    public const string Suffix = ".otellite-lock";

    private readonly string _path;
    private readonly FileStream? _file;

    private FileLock(string path, FileStream? file) => (_path, _file) = (path, file);

    /// <param name="file">The file that is to be written, in a folder that is there.</param>
    /// <exception cref="IOException">Another process has it for longer than <see cref="Limits.LockWait"/>.</exception>
    public static FileLock Take(string file)
    {
        string path = file + Suffix;
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(Limits.HoldWait))
        {
            FileStream? held = null;
            try
            {
                held = NewFile.OfOwner(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
                if (IsThere(path, held))
                {
                    return new FileLock(path, held);
                }

                held.Dispose();
            }
            catch (Exception e) when (e is UnauthorizedAccessException or DirectoryNotFoundException || (e is IOException && !NewFile.IsHeld((IOException)e)))
            {
                // Where no file can be made, none is written either, and who writes says so.
                held?.Dispose();
                return new FileLock(path, null);
            }
            catch (IOException) when (clock.Elapsed < Limits.LockWait)
            {
                continue;
            }
            catch (IOException e)
            {
                throw new IOException($"another otellite has been changing {file} for {Limits.LockWait.TotalSeconds:0} s now. Let it end, and try again.", e);
            }
        }
    }

    public void Dispose()
    {
        if (_file is null)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            // An open file stays there; whoever opens it now keeps it.
            _file.Dispose();
            Delete();
        }
        else
        {
            Delete();
            _file.Dispose();
        }
    }

    // Elsewhere than on Windows the one before may have deleted the file that was waited for, and the next one would make another: the mark on ours must be seen there. A
    // file that is held can't be opened to look, so it is a time, of whole even seconds as every file system keeps them.
    private static bool IsThere(string path, FileStream file)
    {
        if (OperatingSystem.IsWindows())
        {
            return true;
        }

        DateTime mark = DateTime.UnixEpoch.AddSeconds(2.0 * Random.Shared.Next(1, int.MaxValue / 2));
        File.SetLastWriteTimeUtc(file.SafeFileHandle, mark);
        return File.GetLastWriteTimeUtc(path) == mark;
    }

    private void Delete()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Left there it holds nobody up.
        }
    }
}
