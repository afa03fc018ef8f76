namespace OtelLite;

/// <summary>When a file that is read again after each change was written last.</summary>
internal static class LastWritten
{
    /// <summary>That time; the year 1601 where there is no such file, which is as good as another time. Where there is no folder, or it can't be looked into, nothing is known to have
    /// changed: a disk that is away for a while is no change of what is on it.</summary>
    /// <remarks>Of what a link leads to: whoever renews a certificate may write that, or lead the link elsewhere.</remarks>
    /// <param name="known">What it was when the file was read.</param>
    public static DateTime Of(string path, DateTime known)
    {
        try
        {
            return Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))) ? File.GetLastWriteTimeUtc(NewFile.Target(path)) : known;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return known;
        }
    }
}
