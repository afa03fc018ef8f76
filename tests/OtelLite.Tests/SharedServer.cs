namespace OtelLite.Tests;

/// <summary>One running program for all tests of a class that only ask it, or that leave behind what no other of them counts.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    internal RunningServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await RunningServer.Start();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
