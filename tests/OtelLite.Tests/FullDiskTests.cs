using System.Diagnostics;
using OtelLite.Storage;

namespace OtelLite.Tests;

/// <summary>What can't be written to its end is not left behind by half. A limit on the length of files stands for a full disk.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-full-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Claude => Path.Combine(_folder, ".claude");

    private string Data => Path.Combine(_folder, "data");

    [LinuxFact]
    public async Task A_token_that_can_not_be_written_is_none()
    {
        (int exit, string error) = await Run(0, "setup");
        Assert.Equal(1, exit);
        Assert.Contains("--data-dir", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Data));
    }

    [LinuxFact]
    public async Task A_setup_that_can_not_be_written_leaves_the_settings_alone()
    {
        Directory.CreateDirectory(Claude);
        string settings = Path.Combine(Claude, "settings.json");
        await File.WriteAllTextAsync(settings, "{}");
        (int exit, string error) = await Run(0, "setup --token t");
        Assert.Equal(1, exit);
        Assert.Contains("nothing was changed", error, StringComparison.Ordinal);
        Assert.Equal([settings], Directory.GetFileSystemEntries(Claude));
        Assert.Equal("{}", await File.ReadAllTextAsync(settings));
    }

    [LinuxFact]
    public async Task A_copy_that_can_not_be_written_is_none()
    {
        Directory.CreateDirectory(Data);
        Database.OpenWriter(Data, Durability.Full).Dispose();
        string copies = Directory.CreateDirectory(Path.Combine(_folder, "copies")).FullName;
        foreach (int blocks in (int[])[100, 400])
        {
            (int exit, string error) = await Run(blocks, "backup \"$HOME/copies/x.db\"");
            Assert.Equal(1, exit);
            Assert.Contains("no copy could be made", error, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(copies));
        }
    }

    /// <param name="blocks">Of 512 or 1024 bytes, the longest that a file may be.</param>
    private async Task<(int Exit, string Error)> Run(int blocks, string words)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"trap '' XFSZ; ulimit -f {blocks}; exec dotnet \"$0\" {words}", Path.Combine(AppContext.BaseDirectory, "otellite.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in ((string, string)[])
            [
                ("HOME", _folder), ("XDG_CONFIG_HOME", _folder), ("CLAUDE_CONFIG_DIR", Claude), ("OTELLITE_DATA_DIR", Data),
                // Without these .NET writes files of its own as it starts.
                ("DOTNET_EnableWriteXorExecute", "0"), ("DOTNET_EnableDiagnostics", "0"), ("COMPlus_EnableWriteXorExecute", "0"),
            ])
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        await output;
        return (process.ExitCode, error);
    }
}
