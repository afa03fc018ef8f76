using System.Diagnostics;
using System.Net.Sockets;

namespace OtelLite.Tests;

/// <summary>What a client that says nothing gets. It takes half a minute, for which the other tests need not wait.</summary>
public sealed class SilentConnectionTests
{
    [Fact]
    public async Task A_connection_that_says_nothing_is_closed_in_time_and_not_before()
    {
        await using RunningServer server = await RunningServer.Start();
        var uri = new Uri(server.Url);
        using var silent = new TcpClient(uri.Host, uri.Port);
        var clock = Stopwatch.StartNew();
        using var patience = new CancellationTokenSource(Limits.FirstBytesTimeout + TimeSpan.FromSeconds(10));
        Assert.Equal(0, await silent.GetStream().ReadAsync(new byte[1], patience.Token));
        Assert.InRange(clock.Elapsed, Limits.FirstBytesTimeout - TimeSpan.FromSeconds(1), Limits.FirstBytesTimeout + TimeSpan.FromSeconds(10));
    }
}
