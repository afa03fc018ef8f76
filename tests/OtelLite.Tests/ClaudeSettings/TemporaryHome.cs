using System.Diagnostics;
using System.Text.Json.Nodes;
using OtelLite.ClaudeSettings;

namespace OtelLite.Tests.ClaudeSettings;

/// <summary>A home folder for one test, with nothing in it, and the program run there.</summary>
internal sealed class TemporaryHome : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("otellite-home-").FullName;

    public string DataDir => System.IO.Path.Combine(Path, "data");

    public string Claude => System.IO.Path.Combine(Path, ".claude");

    public string Settings => System.IO.Path.Combine(Claude, SettingsLevel.UserFile);

    public string[] Backups => Directory.Exists(Claude) ? [.. Directory.GetFiles(Claude, "*.otellite-backup-*").Order(StringComparer.Ordinal)] : [];

    public JsonNode Env => JsonNode.Parse(File.ReadAllText(Settings))!["env"]!;

    public void Dispose()
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Directory.Delete(Path, recursive: true);
    }

    public void Write(string settings)
    {
        Directory.CreateDirectory(Claude);
        File.WriteAllText(Settings, settings);
    }

    /// <summary>The program as a process that knows of no other home.</summary>
    public Task<(int Exit, string Out, string Error)> Run(params string[] arguments) => RunWith([], arguments);

    public async Task<(int Exit, string Out, string Error)> RunWith(Dictionary<string, string?> environment, params string[] arguments)
    {
        using Process process = Start(environment, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, (await output).ReplaceLineEndings("\n"), error);
    }

    /// <summary>Whether a server says something as it starts; it is ended then.</summary>
    public async Task<bool> Says(string words, params string[] arguments)
    {
        using Process process = Start([], arguments);
        var said = new System.Text.StringBuilder();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            said.AppendLine(line);
            if (line.StartsWith("OTLP over HTTP", StringComparison.Ordinal))
            {
                // All that is said at a start is said at once.
                await Task.Delay(200);
                process.Kill();
            }
        }

        await process.WaitForExitAsync();
        return said.ToString().Contains(words, StringComparison.Ordinal);
    }

    private Process Start(Dictionary<string, string?> environment, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [System.IO.Path.Combine(AppContext.BaseDirectory, "otellite.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("OTEL", StringComparison.Ordinal) || k == ClaudeFolders.DirVariable).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["HOME"] = Path;
        start.Environment["XDG_CONFIG_HOME"] = System.IO.Path.Combine(Path, "config");
        start.Environment["XDG_DATA_HOME"] = System.IO.Path.Combine(Path, "share");
        start.Environment["OTELLITE_DATA_DIR"] = DataDir;
        foreach ((string name, string? value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
