using System.Net;
using System.Net.Sockets;

namespace OtelLite.Tests;

/// <summary>Ports: which are had, which are taken, and what is said about them.</summary>
public sealed class ListenTests : IDisposable
{
    private readonly string _dataDir = Directory.CreateTempSubdirectory("otellite-listen-").FullName;
    private readonly List<string> _said = [];

    public void Dispose() => Directory.Delete(_dataDir, recursive: true);

    private Task<App> Start(string urls, int otlpHttpPort = 0, params string[] more) => App.Start(
        Options.Read(["--data-dir", _dataDir, "--urls", urls, "--otlp-http-port", $"{otlpHttpPort}", "--otlp-grpc-port", "0", "--token", "t", .. more], _ => null), _said.Add);

    // Another program on a port of its own.
    private static Socket Listen(IPAddress address, out int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        socket.Listen();
        port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }

    // Some machines have no IPv6 at all, or not on loopback.
    internal static bool HasIPv6()
    {
        try
        {
            using Socket socket = Listen(IPAddress.IPv6Loopback, out _);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<bool> Answers(string url)
    {
        using var client = new HttpClient();
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri(url + "/healthz"));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    [Fact]
    public async Task A_taken_port_is_one_clear_sentence_and_nothing_is_made()
    {
        using Socket other = Listen(IPAddress.Loopback, out int port);
        ListenException refused = await Assert.ThrowsAsync<ListenException>(() => Start($"http://localhost:{port}"));
        Assert.Equal($"port {port} is in use by another program. Stop that one, or choose another port with --urls http://localhost:PORT.", refused.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_dataDir));
    }

    [Fact]
    public async Task A_port_that_is_taken_on_one_of_two_addresses_is_taken()
    {
        if (!HasIPv6())
        {
            return;
        }

        using Socket other = Listen(IPAddress.IPv6Loopback, out int port);
        await Assert.ThrowsAsync<ListenException>(() => Start($"http://localhost:{port}"));
    }

    [Fact]
    public async Task Localhost_is_one_port_on_both_loopback_addresses()
    {
        await using App app = await Start("http://localhost:0");
        int port = new Uri(app.Urls.Single()).Port;
        Assert.NotEqual(0, port);
        Assert.True(await Answers($"http://127.0.0.1:{port}"));
        Assert.Equal(HasIPv6(), await Answers($"http://[::1]:{port}"));
        Assert.Empty(_said);
    }

    [Fact]
    public async Task The_standard_port_is_served_too()
    {
        int port = FreePort.Next();
        await using App app = await Start("http://127.0.0.1:0", port);
        Assert.True(await Answers($"http://127.0.0.1:{port}"));
        Assert.Equal(HasIPv6(), await Answers($"http://[::1]:{port}"));
        Assert.Empty(_said);
    }

    [Fact]
    public async Task The_standard_port_in_other_hands_is_a_warning_and_no_failure()
    {
        using Socket other = Listen(IPAddress.Loopback, out int port);
        await using App app = await Start("http://127.0.0.1:0", port);
        Assert.True(await Answers(app.Urls[0]));
        string warning = Assert.Single(_said);
        Assert.Contains($"port {port} is in use by another program", warning, StringComparison.Ordinal);
        Assert.Contains("--otlp-http-port 0", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://localhost:{0}")]
    [InlineData("http://127.0.0.1:{0}")]
    [InlineData("http://[::1]:{0}")]
    [InlineData("http://0.0.0.0:{0}")]
    [InlineData("http://[::]:{0}")]
    public async Task The_standard_port_may_be_the_dashboards_own(string urls)
    {
        if (urls.Contains('[', StringComparison.Ordinal) && !HasIPv6())
        {
            return;
        }

        int port = FreePort.Next();
        await using App app = await Start(urls.Replace("{0}", $"{port}", StringComparison.Ordinal), port, "--insecure");
        Assert.True(await Answers(urls.Contains(":1]", StringComparison.Ordinal) ? $"http://[::1]:{port}" : $"http://127.0.0.1:{port}"));
        Assert.DoesNotContain(_said, s => s.Contains("in use", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://localhost:{0};http://127.0.0.1:{0}")]
    [InlineData("http://127.0.0.1:{0};http://127.0.0.1:{0}")]
    [InlineData("http://0.0.0.0:{0};http://127.0.0.1:{0}")]
    public async Task One_address_named_twice_is_listened_on_once_or_refused_in_a_sentence(string urls)
    {
        string both = urls.Replace("{0}", $"{FreePort.Next()}", StringComparison.Ordinal);
        try
        {
            await using App app = await Start(both, 0, "--insecure");
            Assert.True(await Answers(app.Urls[0].Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)));
        }
        catch (ListenException e)
        {
            Assert.Contains("--urls", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Several_addresses_are_served()
    {
        await using App app = await Start(HasIPv6() ? "http://127.0.0.1:0;http://[::1]:0" : "http://127.0.0.1:0;http://127.0.0.2:0");
        Assert.Equal(2, app.Urls.Count);
        foreach (string url in app.Urls)
        {
            Assert.True(await Answers(url));
        }
    }

    [Fact]
    public async Task An_address_that_others_reach_comes_with_a_warning()
    {
        await using App app = await Start("http://0.0.0.0:0", 0, "--insecure");
        Assert.Contains("other machines", Assert.Single(_said), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://127.0.0.1:0;http://192.0.2.1:0")]
    public async Task An_address_that_others_reach_is_not_listened_on_without_tls_unless_that_is_said(string urls)
    {
        UsageException refused = await Assert.ThrowsAsync<UsageException>(() => Start(urls));
        Assert.Contains("--tls-cert FILE", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--insecure", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_dataDir));
    }

    [Fact]
    public async Task An_address_that_is_not_this_machines_is_a_sentence()
    {
        // 192.0.2.0/24 is for documentation.
        ListenException refused = await Assert.ThrowsAsync<ListenException>(() => Start("http://192.0.2.1:0", 0, "--insecure"));
        Assert.Contains("192.0.2.1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--urls", refused.Message, StringComparison.Ordinal);
    }
}
