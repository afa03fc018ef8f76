using System.Diagnostics;

namespace OtelLite.Tests.Commands;

/// <summary>The first start on a terminal offers to set Claude Code up; <c>script</c> of util-linux is the terminal.</summary>
public sealed class FirstStartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-first-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Settings => Path.Combine(_folder, "claude", "settings.json");

    // The answer is typed once the question is there, and Ctrl-C once what it leads to is.
    private async Task<string> Start(string answer, string until)
    {
        // Ctrl-C reaches every process in the terminal's foreground: without exec, a shell that does not replace itself ends of it too, with 130.
        string line = $"exec dotnet '{Path.Combine(AppContext.BaseDirectory, "otellite.dll")}' --data-dir '{_folder}/data' --urls http://127.0.0.1:{FreePort.Next()} --otlp-http-port 0 --otlp-grpc-port 0";
        var start = new ProcessStartInfo("script", ["-qec", line, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["HOME"] = _folder;
        start.Environment["XDG_CONFIG_HOME"] = _folder;
        start.Environment["CLAUDE_CONFIG_DIR"] = Path.GetDirectoryName(Settings);
        using Process process = Process.Start(start)!;
        var said = new System.Text.StringBuilder();
        bool isAsked = false, isOver = false;
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)) is { } text)
        {
            said.AppendLine(text);
            if (!isAsked && text.Contains("[Y/n]", StringComparison.Ordinal))
            {
                isAsked = true;
                await process.StandardInput.WriteAsync(answer + "\n");
                await process.StandardInput.FlushAsync();
            }

            if (!isOver && text.Contains(until, StringComparison.Ordinal))
            {
                isOver = true;
                await process.StandardInput.WriteAsync('\u0003');
                await process.StandardInput.FlushAsync();
            }
        }

        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return said.ToString();
    }

    [LinuxFact]
    public async Task Yes_sets_it_up_with_status_line_and_hook_and_it_is_not_asked_again()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Settings)!);
        await Start("", "setup --undo takes this back");
        string settings = await File.ReadAllTextAsync(Settings);
        Assert.All((string[])["OTEL_EXPORTER_OTLP_ENDPOINT", "statusLine", "SessionStart"], word => Assert.Contains(word, settings, StringComparison.Ordinal));
        Assert.DoesNotContain("[Y/n]", await Start("", "OTLP over HTTP is received"), StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task No_changes_nothing_and_shows_the_block()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Settings)!);
        Assert.Contains("export OTEL_METRICS_EXPORTER=otlp", await Start("n", "Everything is kept in"), StringComparison.Ordinal);
        Assert.False(File.Exists(Settings));
    }

    [LinuxFact]
    public async Task Who_has_no_Claude_Code_here_is_not_asked()
    {
        string said = await Start("", "Everything is kept in");
        Assert.DoesNotContain("[Y/n]", said, StringComparison.Ordinal);
    }
}
