using System.Net;
using System.Net.Sockets;
using System.Text;
using OtelLite.ClaudeSettings;
using OtelLite.Doctor;
using OtelLite.Status;

namespace OtelLite.Tests.Doctor;

/// <summary>What doctor finds of the server, and what its test exports do there.</summary>
public sealed class DoctorServerTests
{
    private static Link LinkOf(Diagnosis diagnosis, string name) => diagnosis.Links.Single(l => l.Name == name);

    [Fact]
    public async Task A_test_export_is_counted_as_accepted_and_is_no_usage_no_record_and_no_signal_that_came()
    {
        await using RunningServer server = await RunningServer.StartWithGrpc();
        using var patient = Patient.Of(server);
        foreach ((string protocol, string endpoint) in ((string, string)[])[("http/json", server.Url), ("http/protobuf", server.Url), ("grpc", server.GrpcUrl)])
        {
            Diagnosis diagnosis = patient.With(ExportVariables.Protocol, protocol).With(ExportVariables.Endpoint, endpoint)
                .With("OTEL_TRACES_EXPORTER", "otlp").With(ExportVariables.Traces, "1").Look();
            Assert.True(diagnosis.IsSeenToArrive, string.Join('\n', LinkOf(diagnosis, "export").Findings.Select(f => f.Says)));
            Assert.Equal(3, LinkOf(diagnosis, "export").Findings.Count);
            Assert.Contains("metrics and logs and traces never came", LinkOf(diagnosis, "arrived").Worst.Says, StringComparison.Ordinal);
        }

        System.Text.Json.Nodes.JsonNode ingest = await server.Get("/api/ingest"), summary = await server.Get("/api/summary");
        Assert.Equal((9, 0, 0), ((int)ingest["bodies"]!["accepted"]!, (int)ingest["bodies"]!["repeated"]!, (int)ingest["bodies"]!["refused"]!));
        Assert.All(ingest["arrived"]!.AsArray(), a => Assert.Equal((1, 0), ((int)a!["exports"]!, (int)a["records"]!)));
        Assert.Equal((0, 0), ((int)summary["sessions"]!["total"]!, (int)summary["apiRequests"]!));
        Assert.Equal(0L, server.Sql("SELECT (SELECT count(*) FROM otel_metrics) + (SELECT count(*) FROM otel_events) + (SELECT count(*) FROM otel_spans)"));
    }

    [Fact]
    public void Where_nothing_runs_that_is_the_first_broken_link_and_the_rest_is_looked_at_all_the_same()
    {
        using var patient = Patient.At($"http://127.0.0.1:{FreePort.Next()}");
        Diagnosis diagnosis = patient.With(ExportVariables.Protocol, "http").Look();
        Assert.Equal(("server", "otellite"), (diagnosis.Broken!.Name, diagnosis.Broken.Worst.Remedy!.Command));
        Assert.Equal(LinkState.Broken, LinkOf(diagnosis, "protocol").State);
        Assert.Contains("nothing listens", LinkOf(patient.With(ExportVariables.Protocol, "http/json").Look(), "export").Worst.Says, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_runs_and_the_client_sends_to_another_machine_nothing_is_broken_here()
    {
        using var patient = Patient.At($"http://127.0.0.1:{FreePort.Next()}");
        Diagnosis diagnosis = patient.With(ExportVariables.Endpoint, "https://hub.example:8443").Look();
        Assert.Null(diagnosis.Broken);
        Assert.Contains("Claude Code sends to https://hub.example:8443, another machine", LinkOf(diagnosis, "server").Worst.Says, StringComparison.Ordinal);
        Assert.False(diagnosis.IsSeenToArrive);

        // Nor does what mends it lead here.
        diagnosis = patient.With(ExportVariables.Protocol, "http").Look();
        Assert.Equal("otellite setup --to https://hub.example:8443 --token TOKEN", diagnosis.Broken!.Worst.Remedy!.Command);
        diagnosis = patient.With(ExportVariables.Protocol, "http/json").With(ExportVariables.Headers, null).Look();
        Assert.Contains("made there", diagnosis.Broken!.Worst.Remedy!.Says, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_program_on_the_port_is_not_taken_for_otellite()
    {
        using var other = new Listening("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        using var patient = Patient.At(other.Url);
        Diagnosis diagnosis = patient.Look();
        Assert.Contains("another program has", diagnosis.Broken!.Worst.Says, StringComparison.Ordinal);

        // It takes everything, and yet nothing arrives.
        await using RunningServer server = await RunningServer.Start();
        using var sender = Patient.Of(server);
        diagnosis = sender.InShell("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", other.Url).Look();
        Assert.Contains("was taken by something that is not the OtelLite on", LinkOf(diagnosis, "export").Worst.Says, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_only_where_the_client_sends_is_found_there()
    {
        await using RunningServer server = await RunningServer.Start();
        using var patient = Patient.Of(server);
        Diagnosis diagnosis = patient.Look(options: Options.Read(["--data-dir", patient.DataDir, "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--otlp-http-port", "0", "--otlp-grpc-port", "0"], _ => null));
        Assert.Null(diagnosis.Broken);
        Assert.True(diagnosis.IsSeenToArrive);
        Assert.Contains(LinkOf(diagnosis, "server").Findings, f => f.Says.StartsWith("that is where Claude Code sends", StringComparison.Ordinal));
        Assert.Contains(LinkOf(diagnosis, "server").Findings, f => f.Says.StartsWith("it takes the token that Claude Code sends, and not", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_the_data_folder_tells_of_is_asked_where_it_is_and_setup_is_told_that_place()
    {
        await using RunningServer server = await RunningServer.Start();
        using var patient = Patient.Of(server);
        var told = Options.Read(["--data-dir", server.DataDir, "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", ServerClient.TestToken], _ => null);
        Diagnosis diagnosis = patient.Look(options: told);
        Assert.True(diagnosis.IsSeenToArrive, diagnosis.Broken?.Worst.Says);
        Assert.Equal(LinkState.Ok, LinkOf(diagnosis, "server").State);
        Assert.Contains(LinkOf(diagnosis, "server").Findings, f => f.Says.StartsWith($"that is who has {server.DataDir}; doctor was told of", StringComparison.Ordinal));
        Assert.Equal($"otellite setup --urls {server.Url}", patient.With(ExportVariables.Switch, null).Look(options: told).Broken!.Worst.Remedy!.Command);
    }

    [Fact]
    public async Task Where_localhost_is_only_half_the_servers_that_is_odd()
    {
        await using RunningServer server = await RunningServer.Start();
        using var patient = Patient.Of(server);
        int port = new Uri(server.Url).Port;
        Link endpoint = LinkOf(patient.With(ExportVariables.Endpoint, $"http://localhost:{port}").Look(), "endpoint");
        using var probe = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        if (Record.Exception(() => probe.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0))) is null)
        {
            Assert.Equal(LinkState.Odd, endpoint.State);
            Assert.Contains("OtelLite is only on 127.0.0.1; on [::1] nothing answers", endpoint.Worst.Says, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(LinkState.Ok, endpoint.State);
        }
    }

    [Fact]
    public async Task What_was_refused_is_told_with_who_sent_it_and_doctors_own_is_not()
    {
        await using RunningServer server = await RunningServer.Start();
        for (int i = 0; i <= Limits.RefusalsToldMax; i++)
        {
            (await server.Post($"/v1/nosuch{i}", "{}")).Dispose();
        }

        using var patient = Patient.Of(server);
        patient.With(ExportVariables.Headers, "Authorization=Bearer other").Look();
        Link refused = LinkOf(patient.Look(), "refused");
        Assert.Equal(Limits.RefusalsToldMax + 1, refused.Findings.Count);
        Assert.All(refused.Findings, f => Assert.Equal(LinkState.Odd, f.State));
        Assert.StartsWith($"/v1/nosuch{Limits.RefusalsToldMax} from 127.0.0.1 was refused with 404", refused.Findings[0].Says, StringComparison.Ordinal);
        Assert.StartsWith("and 1 more", refused.Findings[^1].Says, StringComparison.Ordinal);
        Assert.DoesNotContain(refused.Findings, f => f.Says.Contains(RefusedExport.DoctorsAgent, StringComparison.Ordinal));
    }

    [Fact]
    public void A_refusal_is_recent_for_a_day()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Assert.True(RefusedLink.IsRecent(now - Limits.RecentRefusal + TimeSpan.FromSeconds(1), now));
        Assert.False(RefusedLink.IsRecent(now - Limits.RecentRefusal, now));
    }

    [Fact]
    public async Task Signals_that_came_and_the_version_that_sent_them_are_told_and_a_bad_one_is_odd()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("json", "s02"));
        (await server.Post("/v1/logs", Exports.Request().Replace("{\"resourceLogs\":[{", "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"claude-code\"}},{\"key\":\"service.version\",\"value\":{\"stringValue\":\"2.1.252\"}}]},", StringComparison.Ordinal))).Dispose();
        using var patient = Patient.Of(server);
        Options own = Options.Read(["--data-dir", server.DataDir, "--urls", server.Url, "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", ServerClient.TestToken], _ => null);
        patient.Put("bin/claude-2.1.330/package.json", """{"name":"@anthropic-ai/claude-code","version":"2.1.150"}""").Put("bin/claude-2.1.330/claude", "");
        Diagnosis diagnosis = patient.InShell("PATH", Path.Combine(patient.Path, "bin", "claude-2.1.330")).Look(options: own);
        Link arrived = LinkOf(diagnosis, "arrived"), client = LinkOf(diagnosis, "client");
        Assert.Equal(LinkState.Ok, arrived.State);
        Assert.Matches(@"^metrics: the last data point came \d+ s ago", arrived.Findings[0].Says);
        Assert.Equal(LinkState.Odd, client.State);
        Assert.Contains(client.Findings, f => f.Says.StartsWith("Claude Code 2.1.150 is installed, and is one of those up to 2.1.179", StringComparison.Ordinal));
        Assert.Contains(client.Findings, f => f.Says == "claude-code 2.1.252 sent last, and is reported to send no metrics, whatever is set");
        Assert.Contains(client.Findings, f => f is { State: LinkState.Ok } && f.Says.StartsWith("claude-code 2.1.330 sent last", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1.0.60", 1)]
    [InlineData("2.0.60", 1)]
    [InlineData("2.1.100", 1)]
    [InlineData("2.1.113", 2)]
    [InlineData("2.1.180", 1)]
    [InlineData("2.1.330", 0)]
    [InlineData("dev", 0)]
    public void Of_a_version_is_known_what_was_seen_or_reported(string version, int known) => Assert.Equal(known, KnownVersions.Of(version).Count);

    [Theory]
    [InlineData("http/json", "")]
    [InlineData("grpc", "")]
    [InlineData("http/json", "HTTP/1.1 200 OK\r\n")]
    [InlineData("grpc", "\0\0\0\u0004")]
    public void What_takes_a_connection_and_never_answers_ends_in_time(string protocol, string answer)
    {
        using var silent = new Listening(answer, closes: false);
        ExportAnswer ended = TestExport.Send(RouteTo(silent.Url, protocol), "mark", TimeSpan.FromMilliseconds(300));
        Assert.Equal((ExportOutcome.NoAnswer, true), (ended.Outcome, ended.Why.Contains("does not answer in time", StringComparison.Ordinal)));
        // And so does each real one, well within a person's patience.
        Assert.InRange(Limits.TestExportTimeout, Limits.AnswerTimeout, TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("http/json", "SSH-2.0-x\r\n", ExportOutcome.OtherProtocol)]
    [InlineData("http/json", "HTTP/1.1 503 Busy\r\n\r\n", ExportOutcome.Refused)]
    [InlineData("http/json", "HTTP/1.1 204 None\r\n\r\n", ExportOutcome.Taken)]
    [InlineData("http/protobuf", "", ExportOutcome.OtherProtocol)]
    [InlineData("grpc", "HTTP/1.1 400 Bad Request\r\n\r\n", ExportOutcome.OtherProtocol)]
    [InlineData("grpc", "", ExportOutcome.OtherProtocol)]
    [InlineData("grpc", "\0\0\0\u0004\0\0\0\0\0", ExportOutcome.Refused)]
    [InlineData("grpc", "\0\0\0\u0004\0\0\0\0\0\0\0\0\u0007\0\0\0\0\0", ExportOutcome.Refused)]
    [InlineData("grpc", "\0\0\0\u0004\0\0\0\0\0\0\0\u0005\u0001\u0005\0\0\0\u0001hello", ExportOutcome.Refused)]
    [InlineData("grpc", "\0\0\0\u0004\0\0\0\0\0\0\0\u000B\u0001\u0005\0\0\0\u0001grpc-status", ExportOutcome.Refused)]
    [InlineData("grpc", "\0\0\0\u0004\0\0\0\0\0\0\0\u000D\u0001\u0005\0\0\0\u0001grpc-status\u00010", ExportOutcome.Taken)]
    [InlineData("grpc", "\0\0\0\u0004\0\0\0\0\0\0\0\u000E\u0001\u0005\0\0\0\u0001grpc-status\u000216", ExportOutcome.Unauthorized)]
    public void An_answer_is_understood_or_said_not_to_be(string protocol, string answer, object outcome)
    {
        using var listening = new Listening(answer);
        Assert.Equal(outcome, TestExport.Send(RouteTo(listening.Url, protocol), "mark", TimeSpan.FromSeconds(10)).Outcome);
    }

    [Fact]
    public void A_name_that_there_is_not_is_no_answer() =>
        Assert.Equal(ExportOutcome.NoAnswer, TestExport.Send(RouteTo("http://no-such-host.invalid:4318", "http/json"), "mark").Outcome);

    private static Route RouteTo(string url, string protocol)
    {
        Dictionary<string, string> shell = new() { [ExportVariables.Endpoint] = url, [ExportVariables.Protocol] = protocol };
        return Route.Of("logs", new Origins([new Origin(OriginKind.Shell, null, shell.GetValueOrDefault)], [], false));
    }

    /// <summary>A program on a port that reads what comes and answers everyone with the same bytes.</summary>
    private sealed class Listening : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<Socket> _open = [];

        public Listening(string answer, bool closes = true)
        {
            _listener.Start();
            _ = Task.Run(async () =>
            {
                while (true)
                {
                    Socket client = await _listener.AcceptSocketAsync();
                    _open.Add(client);
                    _ = Task.Run(async () =>
                    {
                        await client.ReceiveAsync(new byte[4096]);
                        await client.SendAsync(Encoding.Latin1.GetBytes(answer));
                        if (closes)
                        {
                            client.Shutdown(SocketShutdown.Send);
                        }
                    });
                }
            });
        }

        public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

        public void Dispose()
        {
            _listener.Dispose();
            _open.ForEach(s => s.Dispose());
        }
    }
}
