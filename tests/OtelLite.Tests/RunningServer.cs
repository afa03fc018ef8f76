namespace OtelLite.Tests;

/// <summary>The real program in this process on a free port, with a real file in a folder of its own.</summary>
internal sealed class RunningServer : ServerClient, IAsyncDisposable
{
    private App? _app;

    private RunningServer(string? dataDir)
        : base(dataDir)
    {
    }

    public override string Url => _app!.Urls[0];

    public string SignInUrl => _app!.SignInUrl;

    /// <summary>Where gRPC is received, of a server that was started with it.</summary>
    public string GrpcUrl { get; private init; } = "";

    /// <summary>A client for it.</summary>
    public GrpcCalls Grpc { get; private init; } = null!;

    public List<string> Said { get; } = [];

    public static async Task<RunningServer> Start(string? dataDir = null, params string[] arguments)
    {
        var server = new RunningServer(dataDir);
        await server.StartApp(arguments);
        return server;
    }

    /// <summary>With a port for gRPC too.</summary>
    public static async Task<RunningServer> StartWithGrpc(params string[] arguments)
    {
        int port = FreePort.Next();
        var server = new RunningServer(null) { GrpcUrl = $"http://127.0.0.1:{port}", Grpc = new GrpcCalls($"http://127.0.0.1:{port}") };
        await server.StartApp(["--otlp-grpc-port", $"{port}", .. arguments]);
        return server;
    }

    /// <summary>Stops and starts again on the same file.</summary>
    public async Task Restart()
    {
        await Stop();
        await StartApp([]);
    }

    /// <param name="keepClient">Leaves this side's connections open, as a page would.</param>
    public async Task Stop(bool keepClient = false)
    {
        if (!keepClient)
        {
            Disconnect();
        }

        await _app!.DisposeAsync();
        _app = null;
    }

    public async ValueTask DisposeAsync()
    {
        Grpc?.Dispose();
        if (_app is not null)
        {
            await Stop();
        }

        DeleteDataDir();
    }

    private async Task StartApp(string[] arguments)
    {
        // Recordings are of some day in the past, and stay.
        Options options = Options.Read(
            ["--retention", "0", "--data-dir", DataDir, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", TestToken, .. arguments], _ => null);
        _app = await App.Start(options, Said.Add);
    }
}
