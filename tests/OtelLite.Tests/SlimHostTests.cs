using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace OtelLite.Tests;

public sealed class SlimHostTests
{
    [Fact]
    public async Task The_host_has_our_limits_and_none_of_what_settings_would_switch_on()
    {
        await using WebApplication host = Build();

        Assert.IsAssignableFrom<IServer>(host.Services.GetService<IServer>());
        KestrelServerOptions kestrel = host.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
        Assert.Equal(Limits.ConnectionsMax, kestrel.Limits.MaxConcurrentConnections);
        Assert.Equal(Limits.StopTimeout, host.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
        SocketTransportOptions transport = host.Services.GetRequiredService<IOptions<SocketTransportOptions>>().Value;
        Assert.Equal(Limits.ReadAheadBytesMax, transport.MaxReadBufferSize);
        Assert.Same(host.Services.GetRequiredService<IMemoryPoolFactory<byte>>(), Of(transport, "MemoryPoolFactory"));
        Assert.Empty(host.Services.GetServices<IStartupFilter>());
        Assert.Null(host.Services.GetService<IStartupValidator>());
        Assert.Same(NullLoggerFactory.Instance, host.Services.GetService<ILoggerFactory>());
    }

    // A chain of ten generic types, made while the program starts, hangs on each: whoever adds one is told here.
    [Fact]
    public async Task Only_one_kind_of_options_is_made_from_a_chain_of_generic_types()
    {
        await using WebApplication host = Build();
        await host.StartAsync();

        Assert.Equal(["GenericWebHostServiceOptions"], MadeByReflection(host.Services));
        await host.StopAsync();
    }

    private static WebApplication Build()
    {
        var sockets = new ListenSockets();
        sockets.Bind(Options.Url("http://127.0.0.1:0")!);
        return SlimHost.Build(Options.Read([], _ => null), sockets, new ConnectionProtocols(new IngestLog(), null, plainFromAfar: false));
    }

    // The container keeps what it was asked for, and tells nobody.
    private static string[] MadeByReflection(IServiceProvider services)
    {
        object factory = Of(services, "CallSiteFactory");
        var known = (System.Collections.IDictionary)Of(factory, "_callSiteCache");
        return
        [
            .. known.Values.Cast<object>().Select(c => (Type)Of(c, "ServiceType")).Where(t => t.IsGenericType && t.GetGenericTypeDefinition() == typeof(IOptionsFactory<>))
                .Select(t => t.GetGenericArguments()[0].Name).Distinct().Order(StringComparer.Ordinal),
        ];
    }

    private static object Of(object owner, string name)
    {
        const System.Reflection.BindingFlags Any = System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic;
        object? value = owner.GetType().GetProperty(name, Any)?.GetValue(owner) ?? owner.GetType().GetField(name, Any)?.GetValue(owner);
        Assert.True(value is not null, $"{owner.GetType()} has no {name} any more: look for what this test wants to know where ASP.NET keeps it now");
        return value;
    }
}
