using System.Diagnostics;
using OtelLite.Storage;

namespace OtelLite.Tests.Commands;

/// <summary>A stdout that takes nothing: said in one sentence by every command, and nothing at all where a reader has enough.</summary>
public sealed class StdoutTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-stdout-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string> Commands => new(
        "--help", "--version", "query --help", "completion bash", "status --urls http://127.0.0.1:1", "doctor --urls http://127.0.0.1:1", "setup --print --token t",
        "query 'select 1'", "backup \"$1/copy.db\" --force", "export sessions", "import \"$1\" --urls http://127.0.0.1:1 --dry-run", "statusline --urls http://127.0.0.1:1");

    [LinuxTheory]
    [MemberData(nameof(Commands))]
    public async Task One_that_is_full_or_closed_is_said_in_a_sentence(string command)
    {
        Database.OpenWriter(_folder, Durability.Full).Dispose();
        foreach (string stdout in (string[])["> /dev/full", ">&-"])
        {
            (int exit, _, string error) = await Shell($"{command} {stdout}");
            Assert.True(exit == 1, $"{stdout}: {exit} {error}");
            Assert.Matches("^otellite: standard output can't be written: [^\n]+\\.\n$", error);
        }

        string quiet = (await Shell($"{command} | true")).Error;
        Assert.DoesNotContain("standard output", quiet, StringComparison.Ordinal);
        Assert.DoesNotContain("xception", quiet, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_stderr_that_is_full_or_closed_ends_nothing()
    {
        foreach (string stderr in (string[])["2> /dev/full", "2>&-"])
        {
            Assert.Equal(1, (await Shell($"query 'no sql' {stderr}")).Exit);
            Assert.Equal(2, (await Shell($"--no-such-flag {stderr}")).Exit);
        }
    }

    // By the shell, which alone can give a program a closed stdout.
    private async Task<(int Exit, string Out, string Error)> Shell(string line)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"printf '%s' '{{\"session_id\":\"a\",\"model\":\"m\"}}' | dotnet \"$0\" --data-dir \"$1\" {line}", Path.Combine(AppContext.BaseDirectory, "otellite.dll"), _folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = _folder;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, error);
    }
}
