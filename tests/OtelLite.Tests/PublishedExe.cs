using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OtelLite.Tests;

/// <summary>What a run of the executable said, and how it ended.</summary>
internal sealed record Ran(int ExitCode, string Output, string Error);

/// <summary>The published file as a process of its own.</summary>
internal sealed partial class PublishedExe : ServerClient, IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string[] _arguments;
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _said = new();
    private readonly Dictionary<string, string> _environment = [];
    private Process? _process;
    private string _url = "";

    private PublishedExe(string[] arguments)
        : base(null) => _arguments = arguments;

    public override string Url => _url;

    /// <summary>Where it receives gRPC.</summary>
    public string GrpcUrl { get; } = $"http://127.0.0.1:{FreePort.Next()}";

    public static string Path => Needs.PublishedExe ?? throw new InvalidOperationException("OTELLITE_EXE names no file: run ./publish.sh first");

    /// <summary>Starts it and waits until it says where it listens.</summary>
    /// <param name="arguments">Beside those that keep it to itself; the later one of two holds.</param>
    public static async Task<PublishedExe> Start(params string[] arguments)
    {
        var exe = new PublishedExe(arguments);
        await exe.StartProcess();
        return exe;
    }

    /// <summary>The same with variables that are made from its data folder.</summary>
    public static async Task<PublishedExe> StartWith(Func<string, IEnumerable<KeyValuePair<string, string>>> environment, params string[] arguments)
    {
        var exe = new PublishedExe(arguments);
        foreach ((string name, string value) in environment(exe.DataDir))
        {
            exe._environment[name] = value;
        }

        await exe.StartProcess();
        return exe;
    }

    /// <summary>What it said on stderr until now, over all its starts.</summary>
    public string Said => string.Join('\n', _said);

    public int ProcessId => _process!.Id;

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Starts it with a limit for bodies that is beyond the memory that it may still take from the system then.</summary>
    public static async Task<PublishedExe> StartWithin(long moreBytesMax)
    {
        PublishedExe exe = await Start("--max-body", $"{Limits.BodyBytesMaxMax}");
        using Process limited = Process.Start("prlimit", ["--pid", $"{exe._process!.Id}", $"--as={exe.StatusBytes("VmSize:") + moreBytesMax}"]);
        await limited.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(0, limited.ExitCode);
        return exe;
    }

    /// <summary>Runs it to its end.</summary>
    public static Task<Ran> Run(params string[] arguments) => Run(Patience, arguments);

    /// <inheritdoc cref="Run(string[])"/>
    public static async Task<Ran> Run(TimeSpan patience, params string[] arguments)
    {
        using Process process = Process.Start(StartInfo(arguments))!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(patience);
        return new Ran(process.ExitCode, await output, await error);
    }

    public async Task StartProcess()
    {
        ProcessStartInfo start = StartInfo(
        [
            "--retention", "0", "--data-dir", DataDir, "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--otlp-http-port", "0", "--otlp-grpc-port", GrpcUrl.Split(':')[^1],
            "--token", TestToken, .. _arguments,
        ]);
        foreach ((string name, string value) in _environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        string url = "";
        while (url.Length == 0)
        {
            string said = await _process.StandardError.ReadLineAsync().WaitAsync(Patience) ?? throw new InvalidOperationException($"it ended: {Said}");
            _said.Enqueue(said);
            url = said.StartsWith("OtelLite ", StringComparison.Ordinal) ? Address().Match(said).Value : "";
        }

        _url = url;
        _ = Listen(_process.StandardError);
        _ = _process.StandardOutput.ReadToEndAsync();
    }

    private async Task Listen(StreamReader stderr)
    {
        while (await stderr.ReadLineAsync() is { } line)
        {
            _said.Enqueue(line);
        }
    }

    /// <summary>Ends it as power does, at whatever it is doing.</summary>
    public async Task Kill()
    {
        _process!.Kill();
        await _process.WaitForExitAsync().WaitAsync(Patience);
        _process.Dispose();
        _process = null;
    }

    /// <summary>Asks it to stop with a signal (TERM, INT); the exit code.</summary>
    public async Task<int> Signal(string signal)
    {
        await Tell(signal);
        await _process!.WaitForExitAsync().WaitAsync(Patience);
        Disconnect();
        int code = _process.ExitCode;
        _process.Dispose();
        _process = null;
        return code;
    }

    /// <summary>Sends a signal after which it goes on, or is held (STOP, CONT).</summary>
    public async Task Tell(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{_process!.Id}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>The most memory that it has held so far, as the system says; 0 where that can't be asked.</summary>
    public long PeakResidentBytes() => StatusBytes("VmHWM:");

    /// <summary>What it holds now.</summary>
    public long ResidentBytes() => StatusBytes("VmRSS:");

    /// <summary>The libraries that it has loaded, as the system says; null where that can't be asked.</summary>
    public string? Libraries() => OperatingSystem.IsLinux() ? File.ReadAllText($"/proc/{_process!.Id}/maps") : null;

    /// <summary>The names of its threads; null where they can't be asked for.</summary>
    public string[]? Threads() => OperatingSystem.IsLinux() ? [.. Directory.GetDirectories($"/proc/{_process!.Id}/task").Select(t => File.ReadAllText($"{t}/comm").Trim())] : null;

    private long StatusBytes(string name)
    {
        string? line = OperatingSystem.IsLinux() ? File.ReadLines($"/proc/{_process!.Id}/status").First(l => l.StartsWith(name, StringComparison.Ordinal)) : null;
        return line is null ? 0 : 1024 * long.Parse(Number().Match(line).Value, CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        DeleteDataDir();
    }

    private static ProcessStartInfo StartInfo(params string[] arguments) => new(Path, arguments)
    {
        RedirectStandardError = true,
        RedirectStandardOutput = true,
    };

    [GeneratedRegex(@"https?://[^/\s]+")]
    private static partial Regex Address();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
