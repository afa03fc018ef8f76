using System.Diagnostics;

namespace OtelLite.Tests.Commands;

/// <summary>The program run as a process of its own with a home of its own, to its end.</summary>
internal sealed record CommandRun(int Exit, string Out, string Error)
{
    /// <summary>What is on stderr, which must be one line.</summary>
    public string Line => Assert.Single(Error.TrimEnd().Split('\n'));

    public static Task<CommandRun> Of(string dataDir, params string[] arguments) => WithStdin(dataDir, "", arguments);

    public static Task<CommandRun> WithStdin(string dataDir, string stdin, params string[] arguments) => With([], dataDir, stdin, arguments);

    /// <param name="environment">Variables beside those of this process.</param>
    public static async Task<CommandRun> With(Dictionary<string, string> environment, string dataDir, string stdin, params string[] arguments)
    {
        using Process process = Start(environment, dataDir, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(stdin);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return new CommandRun(process.ExitCode, await output, await error);
    }

    /// <summary>Started, with all three streams in the test's hands.</summary>
    public static Process Start(string dataDir, params string[] arguments) => Start([], dataDir, arguments);

    private static Process Start(Dictionary<string, string> environment, string dataDir, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "otellite.dll"), .. arguments, "--data-dir", dataDir])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string variable in (string[])["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "CLAUDE_CONFIG_DIR"])
        {
            start.Environment[variable] = Path.Combine(dataDir, "home");
        }

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
