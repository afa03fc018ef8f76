using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace OtelLite.StatusLine;

/// <summary>The command that was the status line before. Claude Code ends a line that it does not wait for any more; what that started ends with it.</summary>
internal sealed class FormerCommand : IDisposable
{
    private readonly PosixSignalRegistration _ended;
    private readonly Lock _gate = new();
    private Process? _process;
    private Task? _read;
    private Task? _exited;
    private bool _isEnded;

    // One byte more than is shown tells that there is more.
    private readonly byte[] _kept = new byte[Limits.FormerOutputBytesMax + 1];
    private int _length;
    private volatile bool _isTooMuch;

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

        if (_process is not { } process)
        {
            return false;
        }

        // One that does not read blocks whoever writes more than a pipe holds. On threads of their own, as what is told to OtelLite meanwhile must not wait for one.
        Task.Factory.StartNew(() => Write(process.StandardInput.BaseStream, json), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _read = Task.Factory.StartNew(() => Read(process.StandardOutput.BaseStream), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _exited = process.WaitForExitAsync();
        return true;
    }

    private static void Write(Stream input, byte[] json)
    {
        try
        {
            using (input)
            {
                input.Write(json);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It does not read it.
        }
    }

    private void Read(Stream output)
    {
        while (true)
        {
            int read = output.Read(_kept, _length, _kept.Length - _length);
            if (read == 0)
            {
                return;
            }

            // Whoever looks meanwhile sees what was there before, or all of it.
            Volatile.Write(ref _length, _length + read);
            if (_length == _kept.Length)
            {
                _isTooMuch = true;
                return;
            }
        }
    }

    /// <summary>What it printed, once it has ended; one that does not end, or prints without end, is ended.</summary>
    /// <param name="wait">How long it may take.</param>
    public string Output(TimeSpan wait)
    {
        var clock = Stopwatch.StartNew();
        if (Task.WaitAny([_read!, _exited!], wait) < 0)
        {
            End();
            return "";
        }

        // What it left in the background may hold its output open; what it printed itself is in the pipe by now, and read unless the machine is very busy.
        for (int round = 0, before = -1; round < Limits.FormerOutputGraces && (before != Volatile.Read(ref _length) || before == 0); round++)
        {
            before = Volatile.Read(ref _length);
            TimeSpan left = wait - clock.Elapsed;
            if (_read!.Wait(left < Limits.FormerOutputGrace ? TimeSpan.FromTicks(Math.Max(left.Ticks, 0)) : Limits.FormerOutputGrace))
            {
                break;
            }
        }

        if (_isTooMuch)
        {
            End();
        }

        // The rest of a character that was cut is left out.
        int length = Math.Min(Volatile.Read(ref _length), Limits.FormerOutputBytesMax);
        char[] text = new char[length];
        int characters = Encoding.UTF8.GetDecoder().GetChars(_kept.AsSpan(0, length), text, flush: false);
        return new string(text, 0, characters).TrimStart('\uFEFF').TrimEnd('\r', '\n');
    }

    private void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            try
            {
                _process?.Kill(entireProcessTree: true);
            }
            catch (Exception e) when (e is Win32Exception or AggregateException or InvalidOperationException)
            {
                // It has ended meanwhile, or changed its user.
            }
        }
    }

    public void Dispose()
    {
        _ended.Dispose();
        _process?.Dispose();
    }
}
