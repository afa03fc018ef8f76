using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Status;

namespace OtelLite.Tests.Commands;

/// <summary>Is it running, and what does it hold.</summary>
public sealed class StatusCommandTests
{
    [Fact]
    public async Task A_running_server_tells_where_it_is_what_it_stored_and_what_it_refused_last()
    {
        await using RunningServer server = await RunningServer.Start();
        (await server.Post("/v1/logs", Exports.Request())).Dispose();
        (await server.Post("/v1/metrics", "{ broken \u001b[2J")).Dispose();
        CommandRun run = await Status(server, "--token", ServerClient.TestToken);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        string[] lines = run.Out.TrimEnd().Split('\n');
        Assert.StartsWith($"OtelLite {App.Version} runs on {server.Url}, for ", lines[0], StringComparison.Ordinal);
        Assert.Equal($"OTLP over HTTP is received on port {new Uri(server.Url).Port}.", lines[1]);
        Assert.Contains(Path.Combine(server.DataDir, "otellite.db"), lines[2], StringComparison.Ordinal);
        Assert.Matches(@"^Stored are no data points; 1 event, the last one \d+ s ago; no spans\.$", lines[3]);
        Assert.Matches(@"^Last refused, \d+ s ago: 400 on /v1/metrics from ", lines[4]);
        Assert.DoesNotContain('\u001b', run.Out);
        Assert.DoesNotContain(ServerClient.TestToken, run.Out, StringComparison.Ordinal);

        JsonNode json = JsonNode.Parse((await Status(server, "--json", "--token", ServerClient.TestToken)).Out)!;
        Assert.Equal((true, true, App.Version), ((bool)json["server"]!["isRunning"]!, (bool)json["server"]!["canStore"]!, (string)json["server"]!["version"]!));
        Assert.Equal(1, (int)json["database"]!["events"]!["records"]!);
        Assert.Equal(400, (int)json["server"]!["lastRefusal"]!["status"]!);
        Assert.Null(json["problem"]);
        Assert.True((DateTimeOffset)json["server"]!["startedAt"]! <= DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task What_doctor_sent_to_try_is_no_refusal_that_anybody_misses()
    {
        await using RunningServer server = await RunningServer.Start();
        async Task Refuse(string path, string agent)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url + path));
            request.Headers.TryAddWithoutValidation("User-Agent", agent);
            (await server.Http.SendAsync(request)).Dispose();
        }

        await Refuse("/v1/first", $"{RefusedExport.DoctorsAgent} 0123");
        Assert.DoesNotContain("Last refused", (await Status(server, "--token", ServerClient.TestToken)).Out, StringComparison.Ordinal);
        await Refuse("/v1/second", "OTel-OTLP-Exporter-JavaScript/0.208.0");
        await Refuse("/v1/third", $"{RefusedExport.DoctorsAgent} 4567");
        Assert.Matches("Last refused, .* on /v1/second from ", (await Status(server, "--token", ServerClient.TestToken)).Out);
        JsonNode json = JsonNode.Parse((await Status(server, "--json", "--token", ServerClient.TestToken)).Out)!;
        Assert.Equal("/v1/second", (string)json["server"]!["lastRefusal"]!["path"]!);
    }

    [Fact]
    public async Task Without_the_right_token_it_runs_and_the_rest_is_said_to_be_unknown()
    {
        await using RunningServer server = await RunningServer.Start();
        CommandRun run = await Status(server, "--token", "other");
        Assert.Equal(0, run.Exit);
        Assert.Contains("has another token", run.Out, StringComparison.Ordinal);
        run = await Status(server);
        Assert.Equal(0, run.Exit);
        Assert.Contains("holds no token", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("token", Directory.GetFiles(server.DataDir).Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_is_stored_is_told_without_a_server_and_the_exit_code_is_1()
    {
        await using RunningServer server = await RunningServer.Start();
        (await server.Post("/v1/metrics", Exports.Commit())).Dispose();
        string url = server.Url;
        await server.Stop();
        CommandRun run = await CommandRun.Of(server.DataDir, "status", "--urls", url, "--otlp-http-port", "0", "--otlp-grpc-port", "0");
        Assert.Equal((1, ""), (run.Exit, run.Error));
        Assert.StartsWith($"OtelLite does not run on {url}. Start it with: otellite", run.Out, StringComparison.Ordinal);
        Assert.Matches("Stored are 1 data point, the last one", run.Out);

        string empty = Path.Combine(server.DataDir, "none");
        run = await CommandRun.Of(empty, "status", "--urls", url, "--json");
        Assert.Equal(1, run.Exit);
        JsonNode json = JsonNode.Parse(run.Out)!;
        Assert.False((bool)json["server"]!["isRunning"]!);
        Assert.Contains("there is no database", (string)json["problem"]!, StringComparison.Ordinal);
        Assert.False(Directory.Exists(empty));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n{\"hello\":1}", 11)]
    [InlineData("SSH-2.0-OpenSSH\r\n", null)]
    [InlineData("HTTP/1.1 abc\r\n\r\n", null)]
    [InlineData("", null)]
    public async Task An_answer_is_read_as_it_is_and_what_is_none_is_none(string sent, int? length) => Assert.Equal(length, (await Answer(sent))?.Body.Length);

    [Fact]
    public async Task An_answer_that_is_too_long_or_does_not_come_is_none()
    {
        const string head = "HTTP/1.1 200 OK\r\n\r\n";
        Assert.NotNull(await Answer(head + new string('x', Limits.AnswerBytesMax - head.Length)));
        Assert.Null(await Answer(head + new string('x', Limits.AnswerBytesMax - head.Length + 1)));
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        Task<ServerAnswer?> waits = Task.Run(() => ServerAnswer.Get(UrlOf(silent), "/", null));
        Assert.Null(await waits.WaitAsync(Limits.AnswerTimeout + TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void Where_a_machine_has_no_such_addresses_nobody_answers_and_nothing_fails()
    {
        // As IPv6 is on a machine without it: a kind of address that this one does not have either.
        Assert.Null(PendingAnswer.SocketFor(AddressFamily.DecNet));
        using Socket? socket = PendingAnswer.SocketFor(AddressFamily.InterNetwork);
        Assert.NotNull(socket);
    }

    private static ListenUrl UrlOf(TcpListener listener) => new("127.0.0.1", [IPAddress.Loopback], ((IPEndPoint)listener.LocalEndpoint).Port);

    // What is understood of these bytes.
    private static async Task<ServerAnswer?> Answer(string sent)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        ListenUrl url = UrlOf(listener);
        Task<ServerAnswer?> asks = Task.Run(() => ServerAnswer.Get(url, "/", null));
        using Socket client = await listener.AcceptSocketAsync();
        await client.ReceiveAsync(new byte[1000]);
        await client.SendAsync(Encoding.UTF8.GetBytes(sent));
        client.Shutdown(SocketShutdown.Send);
        return await asks;
    }

    private static Task<CommandRun> Status(RunningServer server, params string[] arguments) =>
        CommandRun.Of(server.DataDir, ["status", "--urls", server.Url, "--otlp-http-port", "0", "--otlp-grpc-port", "0", .. arguments]);
}
