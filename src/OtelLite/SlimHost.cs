using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace OtelLite;

/// <summary>
/// ASP.NET's slim host with the sockets that are bound already, and less than that brings of its own accord: all our settings are in <see cref="Options"/>, nothing is logged, and what
/// a host may be asked for is said by <see cref="KnownHosts"/>.
/// </summary>
internal static class SlimHost
{
    public static WebApplication Build(Options options, ListenSockets sockets, ConnectionProtocols protocols)
    {
        // The host would read appsettings.json of its content root and ASPNETCORE_ variables.
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
            // No folder of the user's: what lies about there as appsettings.json is not for us.
            ContentRootPath = Path.GetPathRoot(options.DataDir),
        });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection();
        builder.WebHost.UseSetting(WebHostDefaults.PreferHostingUrlsKey, "false");
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, "");
        IServiceCollection services = builder.Services;
        RemoveUnused(services);
        services.AddSingleton<IConnectionListenerFactory, ConnectionProtocols.Nowhere>();
        Give(services, new HostOptions { ShutdownTimeout = Limits.StopTimeout });
        Give(services, new ConsoleLifetimeOptions());
        Give(services, new FormOptions());
        services.AddSingleton(provider => Microsoft.Extensions.Options.Options.Create(Transport(provider, sockets)));
        services.AddSingleton(provider => Microsoft.Extensions.Options.Options.Create(Kestrel(provider, sockets, protocols)));
        return builder.Build();
    }

    // Filters for hosts and proxies that ASP.NET's settings switch on; checks of settings, with which .NET's metrics begin; and a log's settings.
    private static void RemoveUnused(IServiceCollection services)
    {
        services.RemoveAll<IStartupFilter>();
        services.RemoveAll<IStartupValidator>();
        services.RemoveAll<ILoggerFactory>();
        services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
    }

    // What nobody gives is asked of a chain of ten generic types, which exist for none of these in the executable, and are made one by one while the program starts: with the
    // filters and the log's settings that was 27 of 100 samples of a start, on its second thread, and 9 of 72 ms.
    private static void Give<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(IServiceCollection services, T options)
        where T : class => services.AddSingleton(Microsoft.Extensions.Options.Options.Create(options));

    // Its pool of memory, which is Kestrel's, can be given by nobody but by what Kestrel has registered for that.
    private static SocketTransportOptions Transport(IServiceProvider provider, ListenSockets sockets)
    {
        var transport = new SocketTransportOptions();
        foreach (IConfigureOptions<SocketTransportOptions> given in provider.GetServices<IConfigureOptions<SocketTransportOptions>>())
        {
            given.Configure(transport);
        }

        transport.CreateBoundListenSocket = sockets.Take;
        transport.MaxReadBufferSize = Limits.ReadAheadBytesMax;
        return transport;
    }

    private static KestrelServerOptions Kestrel(IServiceProvider provider, ListenSockets sockets, ConnectionProtocols protocols)
    {
        var kestrel = new KestrelServerOptions { ApplicationServices = provider, AddServerHeader = false };
        kestrel.Limits.KeepAliveTimeout = Limits.KeepAliveTimeout;
        kestrel.Limits.MaxConcurrentConnections = Limits.ConnectionsMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = Limits.HeadersBytesMax;
        kestrel.Limits.MaxRequestBufferSize = Limits.ReadAheadBytesMax;
        kestrel.Limits.Http2.MaxStreamsPerConnection = Limits.StreamsPerConnectionMax;
        kestrel.Limits.Http2.InitialStreamWindowSize = Limits.ReadAheadBytesMax;
        kestrel.Limits.Http2.InitialConnectionWindowSize = Limits.StreamsReadAheadBytesMax;
        // The receiver counts the bytes itself: Kestrel's own 413 has an empty body.
        kestrel.Limits.MaxRequestBodySize = null;
        protocols.Listen(kestrel, sockets.EndPoints);
        return kestrel;
    }
}
