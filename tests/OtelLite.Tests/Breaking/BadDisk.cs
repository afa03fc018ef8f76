using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace OtelLite.Tests.Breaking;

/// <summary>A disk that goes wrong when it is told to, for the published program alone: bad-disk.c, loaded before libc, beneath SQLite and .NET alike.</summary>
internal sealed class BadDisk : IDisposable
{
    private static readonly Lazy<string> Library = new(Compile);

    private readonly string _command = Path.GetTempFileName();
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _page;
    private readonly TimeSpan _slow;

    /// <param name="slow">How long a flush takes on a slow disk.</param>
    public BadDisk(TimeSpan slow = default)
    {
        _slow = slow;
        File.WriteAllText(_command, " ");
        _file = MemoryMappedFile.CreateFromFile(_command, FileMode.Open);
        _page = _file.CreateViewAccessor(0, 1);
    }

    public IEnumerable<KeyValuePair<string, string>> Environment(string folder) =>
    [
        new("LD_PRELOAD", Library.Value), new("OTELLITE_DISK_FOLDER", folder), new("OTELLITE_DISK_COMMAND", _command),
        new("OTELLITE_DISK_SLOW_MS", $"{_slow.TotalMilliseconds:0}"),
    ];

    public void Fill() => _page.Write(0, (byte)'f');

    public void Break() => _page.Write(0, (byte)'i');

    public void MakeReadOnly() => _page.Write(0, (byte)'r');

    public void KeepName() => _page.Write(0, (byte)'n');

    public void SlowDown() => _page.Write(0, (byte)'s');

    public void Mend() => _page.Write(0, (byte)' ');

    public void Dispose()
    {
        _page.Dispose();
        _file.Dispose();
        File.Delete(_command);
    }

    private static string Compile()
    {
        string library = Path.Combine(AppContext.BaseDirectory, "bad-disk.so");
        using Process cc = Process.Start(new ProcessStartInfo("cc", ["-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, "Breaking", "bad-disk.c"), "-ldl"])
        {
            RedirectStandardError = true,
        })!;
        string error = cc.StandardError.ReadToEnd();
        cc.WaitForExit();
        Assert.True(cc.ExitCode == 0, error);
        return library;
    }
}
