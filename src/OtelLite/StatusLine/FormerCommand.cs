using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OtelLite.StatusLine;

/// <summary>The command that was the status line before. Claude Code ends a line that it does not wait for any more; what that started ends with it.</summary>
internal sealed class FormerCommand : IDisposable
{
    private readonly PosixSignalRegistration _ended;
    private readonly Lock _gate = new();
    private Process? _process;
    private Task<string>? _output;
    private bool _isEnded;

    // Before there is anything to end: the signal may come while it is being started.
    private FormerCommand() => _ended = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => End());

    /// <summary>Null when there is no shell to start it.</summary>
    public static FormerCommand? Start(string line, byte[] json)
    {
        var start = new ProcessStartInfo(OperatingSystem.IsWindows() ? "cmd.exe" : "/bin/sh", OperatingSystem.IsWindows() ? ["/c", line] : ["-c", line])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var former = new FormerCommand();
        if (!former.Run(start, json))
        {
            former.Dispose();
            return null;
        }

        return former;
    }

    private bool Run(ProcessStartInfo start, byte[] json)
    {
        try
        {
            lock (_gate)
            {
                _process = _isEnded ? null : Process.Start(start);
            }
        }
        catch (Win32Exception)
        {
            return false;
        }

        if (_process is null)
        {
            return false;
        }

        try
        {
            using Stream input = _process.StandardInput.BaseStream;
            input.Write(json);
        }
        catch (IOException)
        {
            // It does not read it.
        }

        _output = _process.StandardOutput.ReadToEndAsync();
        return true;
    }

    /// <summary>What it printed, once it has ended; one that does not end is ended.</summary>
    /// <param name="wait">How long it may take.</param>
    public string Output(TimeSpan wait)
    {
        if (_output!.Wait(wait))
        {
            return _output.Result.TrimEnd('\r', '\n');
        }

        End();
        return "";
    }

    private void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            _process?.Kill(entireProcessTree: true);
        }
    }

    public void Dispose()
    {
        _ended.Dispose();
        _process?.Dispose();
    }
}
