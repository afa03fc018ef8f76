using System.ComponentModel;
using System.Diagnostics;

namespace OtelLite.StatusLine;

/// <summary>The command that was the status line before.</summary>
internal sealed class FormerCommand : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;

    private FormerCommand(Process process, Task<string> output) => (_process, _output) = (process, output);

    /// <summary>Null when there is no shell to start it.</summary>
    public static FormerCommand? Start(string line, byte[] json)
    {
        var start = new ProcessStartInfo(OperatingSystem.IsWindows() ? "cmd.exe" : "/bin/sh", OperatingSystem.IsWindows() ? ["/c", line] : ["-c", line])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        try
        {
            Process process = Process.Start(start)!;
            try
            {
                using Stream input = process.StandardInput.BaseStream;
                input.Write(json);
            }
            catch (IOException)
            {
                // It does not read it.
            }

            return new FormerCommand(process, process.StandardOutput.ReadToEndAsync());
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>What it printed, once it has ended; one that does not end is ended.</summary>
    /// <param name="wait">How long it may take.</param>
    public string Output(TimeSpan wait)
    {
        if (_output.Wait(wait))
        {
            return _output.Result.TrimEnd('\r', '\n');
        }

        End();
        return "";
    }

    /// <summary>Ends it, and all that it started.</summary>
    public void End() => _process.Kill(entireProcessTree: true);

    public void Dispose() => _process.Dispose();
}
