using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OtelLite.Tests;

/// <summary>What is in the published file, as the list beside it says.</summary>
public sealed class PublishedContentsTests
{
    private static string Dist => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(PublishedExe.Path))!, ".."));

    private static string Rid => Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(PublishedExe.Path)))!;

    private static JsonNode List => JsonNode.Parse(File.ReadAllText(Path.Combine(Dist, $"otellite-{Rid}.cdx.json")))!;

    [PublishedFact]
    public void These_packages_are_in_it_and_no_others()
    {
        string[] expected =
        [
            "Microsoft.AspNetCore.App.Runtime", "Microsoft.Data.Sqlite", "Microsoft.Data.Sqlite.Core", "Microsoft.NETCore.App.Runtime.NativeAOT", "sqlite",
            "SQLitePCLRaw.bundle_e_sqlite3", "SQLitePCLRaw.config.e_sqlite3", "SQLitePCLRaw.core", "SQLitePCLRaw.provider.e_sqlite3", "System.CommandLine", "System.IO.Hashing", "uplot",
        ];
        string[] listed = [.. List["components"]!.AsArray().Select(c => ((string)c!["name"]!).Replace($".{Rid}", "", StringComparison.Ordinal))];
        Assert.Equal(expected.Order(StringComparer.OrdinalIgnoreCase), listed.Order(StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase);
        Assert.All(List["components"]!.AsArray(), c => Assert.Matches("^[0-9]+\\.[0-9]+", (string)c!["version"]!));
    }

    // What would make two builds differ. tests/break.sh same builds twice and compares.
    [PublishedFact]
    public void It_names_neither_the_folder_nor_the_home_in_which_it_was_built()
    {
        byte[] file = File.ReadAllBytes(PublishedExe.Path);
        string root = Path.TrimEndingDirectorySeparator(Recorded.Repository), home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Assert.All((string[])[root, $"{home}/.nuget"], folder =>
        {
            Assert.Equal(-1, file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(folder)));
            Assert.Equal(-1, file.AsSpan().IndexOf(Encoding.Unicode.GetBytes(folder)));
        });
        Assert.NotEqual(-1, file.AsSpan().IndexOf("otellite"u8));
    }

    // SQLite takes fsync unless it is told that the system's fdatasync can be trusted; nothing else in the file names it.
    [PublishedFact]
    public void On_Linux_a_commit_writes_the_data_of_the_log_and_not_when_it_was_written()
    {
        if (OperatingSystem.IsLinux())
        {
            Assert.NotEqual(-1, File.ReadAllBytes(PublishedExe.Path).AsSpan().IndexOf("\0fdatasync\0"u8));
        }
    }

    [PublishedFact]
    public void The_sums_beside_it_are_those_of_what_stands_there()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Dist, $"otellite-{Rid}.sha256"));
        Assert.Equal([$"{Rid}/{Path.GetFileName(PublishedExe.Path)}", $"otellite-{Rid}.cdx.json"], lines.Select(l => l[66..]));
        Assert.All(lines, l => Assert.Equal(l[..64], Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Dist, l[66..]))))));
        Assert.Equal(lines[0][..64], (string)List["metadata"]!["component"]!["hashes"]![0]!["content"]!);
    }
}
