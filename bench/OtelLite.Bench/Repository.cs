namespace OtelLite.Bench;

/// <summary>The folder of the solution, above that of this program.</summary>
internal static class Repository
{
    /// <exception cref="InvalidOperationException">This was not built in one.</exception>
    public static string Root { get; } = Find();

    private static string Find()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "OtelLite.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("this runs in the repository");
        }

        return folder;
    }
}
