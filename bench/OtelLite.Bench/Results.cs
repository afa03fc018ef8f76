using System.Runtime.InteropServices;

namespace OtelLite.Bench;

/// <summary>Where the figures of this kind of machine are kept.</summary>
internal static class Results
{
    /// <summary>The processor, how many of it, and its architecture.</summary>
    public static string Processor { get; } = Find();

    public static string Folder => Path.Combine(Repository.Root, "bench", "results", Processor);

    public static void Keep(string file, string text)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, file), text);
    }

    private static string Find()
    {
        string cpu = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1] ?? ""
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "";
        return string.Join('-', $"{cpu} {Environment.ProcessorCount} cores {RuntimeInformation.OSArchitecture}".ToLowerInvariant().Split([' ', '(', ')', '@', ',', '/'], StringSplitOptions.RemoveEmptyEntries));
    }
}
