using System.ComponentModel;
using System.Diagnostics;

namespace OtelLite.Autostart;

/// <summary>How a program of the system ended, and what it said.</summary>
internal readonly record struct ToolRun(int Exit, string Said);

/// <summary>A program of the system's, which is asked to do one thing.</summary>
internal static class Tool
{
    /// <exception cref="AutostartException">There is none of this name, or it does not end.</exception>
    public static ToolRun Run(string name, params string[] words)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(name, words) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Limits.ToolTimeout))
            {
                process.Kill(entireProcessTree: true);
                throw new AutostartException($"{name} {string.Join(' ', words)} does not end");
            }

            return new ToolRun(process.ExitCode, $"{output.Result}{error.Result}".Trim());
        }
        catch (Win32Exception)
        {
            throw new AutostartException($"there is no {name} here, which would start otellite", "Start it in another way of this system's.");
        }
    }

    /// <summary>The same where it must succeed.</summary>
    /// <param name="else">What to do when it does not.</param>
    /// <exception cref="AutostartException">It failed; the message has what it said.</exception>
    public static void Do(string @else, string name, params string[] words)
    {
        ToolRun run = Run(name, words);
        if (run.Exit != 0)
        {
            throw new AutostartException($"{name} {string.Join(' ', words)} failed: {TerminalText.OneLine(run.Said.ReplaceLineEndings(" ")).TrimEnd('.')}", @else);
        }
    }
}
