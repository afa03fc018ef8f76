using OtelLite.Storage;

namespace OtelLite.Tests.Storage;

/// <summary>The look, with each commit, whether the database is still where it was.</summary>
public sealed class OpenedFileTests
{
    [Fact]
    public void A_look_whether_the_file_is_still_there_allocates_nothing()
    {
        string folder = Directory.CreateTempSubdirectory("otellite-opened-").FullName, path = Path.Combine(folder, "otellite.db");
        File.WriteAllText(path, "");
        File.WriteAllText(path + "-wal", "");
        var file = new OpenedFile(path);
        Assert.False(file.HasMoved);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Assert.False(file.HasMoved);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        File.Move(path, path + ".away");
        // Windows lets nobody take away what is in use, and is not asked.
        Assert.Equal(!OperatingSystem.IsWindows(), file.HasMoved);
        Directory.Delete(folder, recursive: true);
    }
}
