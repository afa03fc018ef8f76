using System.Diagnostics;

namespace OtelLite.ClaudeSettings;

/// <summary>
/// One setup of a settings file at a time, from reading it to remembering what was done: two at once would remember each other's changes. A file beside the settings that
/// is there no longer than that.
/// </summary>
internal sealed class SettingsLock : IDisposable
{
    public const string Suffix = ".otellite-lock";

    private readonly string _path;
    private readonly FileStream? _file;

    private SettingsLock(string path, FileStream? file) => (_path, _file) = (path, file);

    /// <param name="settings">The file, in a folder that is there.</param>
    /// <exception cref="SettingsException">Another setup has it all the time.</exception>
    public static SettingsLock Take(string settings)
    {
        string path = settings + Suffix;
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(Limits.HoldWait))
        {
            FileStream? file = null;
            try
            {
                file = NewFile.OfOwner(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
                if (IsThere(path, file))
                {
                    return new SettingsLock(path, file);
                }

                file.Dispose();
            }
            catch (Exception e) when (e is UnauthorizedAccessException or DirectoryNotFoundException || (e is IOException && !NewFile.IsHeld((IOException)e)))
            {
                // Where no file can be made, none is written either, and who writes says so.
                file?.Dispose();
                return new SettingsLock(path, null);
            }
            catch (IOException) when (clock.Elapsed < Limits.SetupWait)
            {
                continue;
            }
            catch (IOException e)
            {
                throw new SettingsException($"another otellite setup has been changing {settings} for {Limits.SetupWait.TotalSeconds:0} s now. Let it end, and try again.", e);
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
