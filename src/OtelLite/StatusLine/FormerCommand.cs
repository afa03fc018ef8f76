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
        (string shell, string[] before) = OperatingSystem.IsWindows() ? WindowsShell(Environment.GetEnvironmentVariable, File.Exists) : ("/bin/sh", ["-c"]);
        var start = new ProcessStartInfo(shell, [.. before, line])
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

    /// <summary>What Claude Code itself runs a status line with on Windows: Git's bash, the named one first, or else PowerShell.</summary>
    public static (string Shell, string[] Words) WindowsShell(Func<string, string?> environment, Func<string, bool> exists)
    {
        List<string?> places = [environment("CLAUDE_CODE_GIT_BASH_PATH")];
        places.AddRange(((string[])["ProgramFiles", "LocalAppData"]).Select(v => environment(v) is { } folder ? $@"{folder}\{(v == "LocalAppData" ? @"Programs\" : "")}Git\bin\bash.exe" : null));
        // Git's own folder on the path is cmd, beside bin.
        places.AddRange((environment("PATH") ?? "").Split(';').Where(f => exists($@"{f}\git.exe")).Select(f => $@"{f}\..\bin\bash.exe"));
        return places.FirstOrDefault(p => p is { Length: > 0 } && exists(p)) is { } bash ? (bash, ["-c"]) : ("powershell.exe", ["-NoProfile", "-Command"]);
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
