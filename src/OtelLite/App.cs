using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.Data.Sqlite;
using OtelLite.Access;
using OtelLite.Dashboard;
using OtelLite.Privacy;
using OtelLite.Receiver;
using OtelLite.Storage;

namespace OtelLite;

/// <summary>
/// The whole program as one object. Starting is its table of contents: ports, folder, file, writer, receiver, dashboard, server; stopping is
/// the same backwards, so that everything in flight is answered before the file closes.
/// </summary>
internal sealed class App : IAsyncDisposable
{
    private readonly FolderHold _hold;
    private readonly BatchWriter _writer;
    private readonly NamedTokens _named;
    private readonly WebApplication _server;
    private readonly Task _check;

    private App(
        FolderHold hold, BatchWriter writer, NamedTokens named, WebApplication server, IReadOnlyList<string> urls, ReceivingPorts ports, Token token, bool isFirstStart, Task check)
    {
        _check = check;
        _hold = hold;
        _writer = writer;
        _named = named;
        _server = server;
        Urls = urls;
        OwnUrl = Options.Url(urls[0]) is { IsEverywhere: true } everywhere ? $"http://localhost:{everywhere.Port}" : urls[0];
        Ports = ports;
        Token = token;
        IsFirstStart = isFirstStart;
    }

    /// <summary>The program's version, as <c>--version</c> and the health checks tell it.</summary>
    public static string Version { get; } =
        typeof(App).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Where the dashboard and the API are, with the real ports.</summary>
    public IReadOnlyList<string> Urls { get; }

    /// <summary>Where exports are received: those of <see cref="Urls"/>, and OTLP's own as far as they could be had.</summary>
    public ReceivingPorts Ports { get; }

    public Token Token { get; }

    /// <summary>Where this machine opens it. What listens everywhere has no address of its own, and TLS is not asked for from here.</summary>
    public string OwnUrl { get; }

    /// <summary>The dashboard's address with the token in it, for the first visit.</summary>
    public string SignInUrl => $"{OwnUrl}/?token={Uri.EscapeDataString(Token.Value)}";

    /// <summary>True when this start made the token.</summary>
    public bool IsFirstStart { get; }

    /// <param name="say">Tells the operator one sentence.</param>
    /// <exception cref="StorageException">The data folder can't be used.</exception>
    /// <exception cref="ListenException">A port can't be had.</exception>
    public static async Task<App> Start(Options options, Action<string> say)
    {
        SystemMemory.GiveBackAtOnce();
        // A second start stops here and says who was first. Then ports: one that can't be had leaves no folder behind.
        FolderHold.RefuseHeld(options.DataDir);
        ServerCertificate? certificate = OpenCertificate(options, say);
        var sockets = new ListenSockets();
        List<string> urls = [];
        foreach (ListenUrl url in options.Urls)
        {
            bool isTls = certificate is not null && (url.IsTls || !url.IsLoopback);
            urls.Add($"{(isTls ? "https" : "http")}://{url.Host}:{sockets.Bind(url)}");
            if (!url.IsLoopback && options.Insecure)
            {
                say($"{urls[^1]} can be reached from other machines, and the token crosses the network unencrypted (--insecure). Put a TLS proxy before it.");
            }
        }

        bool hasHttpPort = BindStandardPort(options.OtlpHttpPort, "--otlp-http-port", sockets, say);
        bool hasGrpcPort = BindStandardPort(options.OtlpGrpcPort, "--otlp-grpc-port", sockets, say);
        FolderHold hold = FolderHold.Take(options.DataDir);
        try
        {
            return await Serve(options, certificate, sockets, hold, urls, hasHttpPort, hasGrpcPort, say).ConfigureAwait(false);
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    private static async Task<App> Serve(
        Options options, ServerCertificate? certificate, ListenSockets sockets, FolderHold hold, List<string> urls, bool hasHttpPort, bool hasGrpcPort, Action<string> say)
    {
        var log = new IngestLog();
        // Each of the two takes about half of a start, and neither knows the other.
        Task<WebApplication> building = Task.Run(() => SlimHost.Build(options, sockets, new ConnectionProtocols(log, certificate, plainFromAfar: options.Insecure)));
        SqliteConnection connection = SoundFile.Open(options.DataDir, options.Durability, say, out bool isWhole);
        Token token = OpenToken(options, say, out bool isFirstStart);
        NamedTokens named = OpenNamed(options, say, () => hold.IsInPlace);
        var gate = new Gate(token, named);
        Redaction? redaction = OpenRedaction(options);
        var live = new LiveUpdates();
        var writer = new BatchWriter(
            connection, new IngestQueue(), _ => live.Tell(), say, new Retention(options.Retention, options.DbBytesMax, say, Limits.RetentionFirst),
            new Mending(options.DataDir, options.Durability, say, () => hold.Other), live.Tell, defers: true);
        WebApplication server = await building.ConfigureAwait(false);
        var intake = new Intake(options.BodyBytesMax, writer.Write, log, redaction);
        var receiver = new OtlpReceiver(gate, intake);
        var grpc = new GrpcReceiver(gate, intake);
        var ports = new ReceivingPorts(
            [.. urls.Select(u => new Uri(u).Port), .. hasHttpPort ? [options.OtlpHttpPort] : Array.Empty<int>()], hasGrpcPort ? options.OtlpGrpcPort : 0);
        var api = new Api(
            () => Database.OpenReader(options.DataDir),
            (scrapedAt, source, limits, waited) => writer.Write(new Scrape(scrapedAt, source, limits), waited),
            writer.Write,
            () => writer.Trouble,
            live,
            log,
            Version,
            server.Lifetime.ApplicationStopping,
            options.Retention is { } kept ? ShownValues.Duration(kept) : null,
            redaction);
        var site = new DashboardSite(gate, api, new WebAssets(), new KnownHosts(options.Urls.Select(u => u.Host).Concat(options.Hosts)), writer.Settled, Version);
        var requests = new Requests(ports, receiver, grpc, site, say, found => writer.ReportDamage(found));
        var http2 = new Http2Requests(requests.Serve, site.IsKnown);
        server.Run(context => HttpProtocol.IsHttp2(context.Request.Protocol) ? http2.Serve(context) : requests.Serve(context));
        await server.StartAsync().ConfigureAwait(false);
        // A token that was given is no file of the folder's.
        SmallFile? tokenFile = options.Token is null ? token.AsFile() : null;
        hold.Watch(urls, () => [.. ((SmallFile?[])[tokenFile, named.AsFile(), redaction?.AsFile()]).OfType<SmallFile>()], say);
        Task check = isWhole ? Task.CompletedTask : CheckAtLeisure(options.DataDir, writer, server.Lifetime.ApplicationStopping);
        return new App(hold, writer, named, server, urls, ports, token, isFirstStart, check);
    }

    // What a start had no time to read. It has a thread of its own: reading blocks.
    private static Task CheckAtLeisure(string dataDir, BatchWriter writer, CancellationToken stopping) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                using SqliteConnection reader = Database.OpenReader(dataDir);
                if (SoundFile.LookAtLeisure(reader, () => stopping.WaitHandle.WaitOne(Limits.LeisureSlice), stopping) is { } damage)
                {
                    writer.ReportDamage(damage, isSure: true);
                }
            }
            catch (SqliteException)
            {
                // It can't be read now; whoever needs it says so.
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Completes when the program was asked to stop (Ctrl-C, SIGTERM) and every request in flight is answered.</summary>
    public Task WaitForStop() => _server.WaitForShutdownAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync().ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
        await _check.ConfigureAwait(false);
        // Readers first: the last connection to close moves the write-ahead log into the file.
        SqliteConnection.ClearAllPools();
        _writer.Dispose();
        _named.Dispose();
        _hold.Dispose();
    }

    // Where guides and other clients look. Somebody else may have it: a collector, another program; that is no reason to fail.
    private static bool BindStandardPort(int port, string flag, ListenSockets sockets, Action<string> say)
    {
        if (port == 0)
        {
            return false;
        }

        try
        {
            sockets.Bind(new ListenUrl("localhost", [IPAddress.Loopback, IPAddress.IPv6Loopback], port));
            return true;
        }
        catch (ListenException e)
        {
            say($"nothing is received on OTLP's port {port}: {e.Reason}. {flag} 0 silences this.");
            return false;
        }
    }

    private static ServerCertificate? OpenCertificate(Options options, Action<string> say)
    {
        if (options.TlsCert is not null)
        {
            return new ServerCertificate(options.TlsCert, options.TlsKey!, say);
        }

        if (options.Urls.Any(u => u.IsTls))
        {
            throw new UsageException("urls: https needs a certificate: name its files with --tls-cert FILE and --tls-key FILE.", "serve");
        }

        // The token, and everything that is told of people, would cross the network for all to read.
        return options.Insecure || options.Urls.All(u => u.IsLoopback) ? null : throw new UsageException(
            $"urls: http://{options.Urls.First(u => !u.IsLoopback).Host} is reached from other machines, and without TLS the token can be read on the way. "
            + "Name a certificate with --tls-cert FILE and --tls-key FILE, or say --insecure where a TLS proxy or a private network stands before it.", "serve");
    }

    private static NamedTokens OpenNamed(Options options, Action<string> say, Func<bool> isInPlace)
    {
        try
        {
            return new NamedTokens(options.DataDir, say, isInPlace);
        }
        catch (TokenException e)
        {
            throw new StorageException(e.Message, e);
        }
    }

    private static Redaction? OpenRedaction(Options options)
    {
        try
        {
            return Redaction.Of(options.Redact, options.DataDir);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new StorageException(e.Message, e);
        }
    }

    private static Token OpenToken(Options options, Action<string> say, out bool isFirstStart)
    {
        isFirstStart = false;
        try
        {
            if (options.Token is { } given)
            {
                return new Token(given);
            }

            if (Token.TakeFromOthers(options.DataDir))
            {
                say($"other users of this machine could read {Path.Combine(options.DataDir, Token.FileName)}, and it is yours alone now. If somebody may have, delete it: the next start makes a new token, and otellite setup tells Claude Code.");
            }

            return Token.OfDataDir(options.DataDir, out isFirstStart);
        }
        catch (InvalidDataException e)
        {
            throw new StorageException(e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{e.Message.TrimEnd('.')}. Name a folder that you may write to with --data-dir DIR.", e);
        }
    }
}
