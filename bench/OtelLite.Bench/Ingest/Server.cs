using System.Diagnostics;
using System.Net.Sockets;
using OtelLite.Tests;

namespace OtelLite.Bench.Ingest;

/// <summary>A program that receives, running on a folder of its own: the published executable, or a peer.</summary>
internal sealed class Server : IDisposable
{
    public const string Token = "bench";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);

    private readonly Process _process;

    /// <summary>Starts the executable; it accepts connections then.</summary>
    public Server(string executable, string dataDir, params string[] options)
        : this(FreePort.Next(), port => [executable, "--data-dir", dataDir, "--urls", $"http://127.0.0.1:{port}", "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", Token, .. options])
    {
    }

    private Server(int port, Func<int, string[]> command)
    {
        Port = port;
        string[] words = command(port);
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardError = true, RedirectStandardOutput = true };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.ErrorDataReceived += (_, e) => Console.Error.Write(e.Data is { } line && line.Contains("stored", StringComparison.Ordinal) ? $"server: {line}\n" : "");
        _process.BeginErrorReadLine();
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(1))
        {
            try
            {
                using var probe = new TcpClient("127.0.0.1", Port);
                return;
            }
            catch (SocketException) when (clock.Elapsed < StartTimeout && !_process.HasExited)
            {
            }
        }
    }

    /// <summary>Starts autotel-devtools, which keeps what it receives in a file of the folder.</summary>
    /// <param name="command">What starts it: node and its script.</param>
    public static Server Peer(string[] command, string dataDir) => new(
        FreePort.Next(), port => [.. command, "--port", $"{port}", "--grpc-port", $"{FreePort.Next()}", "--db", Path.Combine(dataDir, "peer.db")]);

    /// <summary>Starts what receives and keeps nothing.</summary>
    public static Server Bare() => new(FreePort.Next(), BareReceiver.Command);

    public int Port { get; }

    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public Connection Connect(string path, bool isChunked) => new(Port, path, Token, isChunked);

    public void Dispose()
    {
        // As a service manager does, so that all is in the one file afterwards.
        using (Process.Start("kill", [$"{_process.Id}"]))
        {
        }

        if (!_process.WaitForExit(TimeSpan.FromSeconds(15)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
