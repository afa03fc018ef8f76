namespace OtelLite.Bench;

/// <summary>A folder for one measurement, which goes with all in it.</summary>
internal static class TemporaryFolder
{
    public static void Use(Action<string> measure)
    {
        string folder = Directory.CreateTempSubdirectory("otellite-bench-").FullName;
        try
        {
            measure(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
