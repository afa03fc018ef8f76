using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>Section 10 of the checklist (who is let in, starting and stopping), and of section 13 what is known of the JavaScript exporters.</summary>
public sealed class ConnectionTests : IAsyncLifetime
{
    private const string Metrics = "/v1/metrics";
    private const string Evil = "Origin: https://evil.example";

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private long Stored => (long)_server.Sql(Wire.CountAll)!;

    private static Options OptionsOf(string dataDir, params string[] arguments) => Options.Read(["--data-dir", dataDir, "--token", "t", .. arguments], _ => null);

    private static async Task<Ran> Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "otellite.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new(process.ExitCode, await output, error);
    }

    [Fact]
    public async Task X_01_Every_port_is_on_loopback_alone_and_localhost_is_all_of_it()
    {
        int http = FreePort.Next(), grpc = FreePort.Next();
        Options options = OptionsOf(Path.Combine(_server.DataDir, "other"), "--otlp-http-port", $"{http}", "--otlp-grpc-port", $"{grpc}");
        Assert.All(options.Urls, url => Assert.True(url.IsLoopback));
        await using App app = await App.Start(options with { Urls = [options.Urls.Single() with { Port = 0 }] }, _ => { });
        foreach (int port in (int[])[new Uri(app.Urls.Single()).Port, http, grpc])
        {
            IPEndPoint[] listeners = [.. IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(l => l.Port == port)];
            Assert.All(listeners, l => Assert.True(IPAddress.IsLoopback(l.Address), l.ToString()));
            Assert.Contains(listeners, l => l.Address.Equals(IPAddress.Loopback));

            // A client whose localhost is ::1 first.
            Assert.Equal(Socket.OSSupportsIPv6 && ListenTests.HasIPv6(), listeners.Any(l => l.Address.Equals(IPAddress.IPv6Loopback)));
        }
    }

    [PublishedFact]
    public async Task X_02_Asked_to_stop_it_answers_what_is_on_its_way_and_stores_no_more()
    {
        int port = FreePort.Next();
        await using PublishedExe exe = await PublishedExe.Start("--otlp-grpc-port", $"{port}");
        using var grpc = new GrpcCalls($"http://127.0.0.1:{port}");
        int taken = 0;
        async Task Send(int sender)
        {
            for (int i = 0; ; i++)
            {
                long second = Exports.Noon + sender * 100_000 + i;
                try
                {
                    if (sender % 2 == 0)
                    {
                        using HttpResponseMessage answer = await exe.Post(Metrics, Exports.Commit(second));
                        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                    }
                    else
                    {
                        GrpcAnswer answer = await grpc.Export("metrics", Wire.ProtobufBody("metrics", 1, second));
                        Assert.Equal(0, answer.Status);
                    }

                    Interlocked.Increment(ref taken);
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException or ObjectDisposedException)
                {
                    return;
                }
            }
        }

        Task sending = Task.WhenAll(Enumerable.Range(0, 6).Select(Send));
        while (Volatile.Read(ref taken) < 100)
        {
            await Task.Delay(1);
        }

        Assert.Equal(0, await exe.Signal("TERM"));
        await sending;
        Assert.Equal((long)taken, exe.Sql("SELECT count(DISTINCT time_unix_nano) FROM otel_metrics"));
        Assert.Equal((long)taken, exe.Sql(Wire.CountAll));
        await Assert.ThrowsAnyAsync<SocketException>(() => RawConnection.Open(exe.Url));
    }

    [Fact]
    public async Task X_02_A_stopping_server_still_takes_the_export_that_is_on_its_way()
    {
        byte[] body = Exports.OfLength(1000);
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Send(RawConnection.Head("POST", Metrics, Wire.Token, Wire.Json, $"Content-Length: {body.Length}", "Expect: 100-continue"));
        Assert.Equal(100, (await connection.Read()).Status);
        await connection.Send(body[..500]);
        Task stop = _server.Stop();
        await Task.Delay(100);
        Assert.False(stop.IsCompleted);
        await connection.Send(body[500..]);
        Assert.Equal(200, (await connection.Read()).Status);
        await stop;
        Assert.Equal(1, Stored);
    }

    [Fact]
    public async Task X_03_A_second_start_on_the_same_port_ends_with_one_clear_sentence()
    {
        string other = Path.Combine(_server.DataDir, "other");
        Ran taken = await Run("--urls", _server.Url, "--data-dir", other, "--otlp-http-port", "0", "--otlp-grpc-port", "0");
        Assert.Equal((1, ""), (taken.ExitCode, taken.Output));
        string sentence = Assert.Single(taken.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"port {new Uri(_server.Url).Port} is in use by another program", sentence, StringComparison.Ordinal);
        Assert.Contains("--urls", sentence, StringComparison.Ordinal);
        Assert.False(Directory.Exists(other));
    }

    [Theory]
    [InlineData("--otlp-http-port")]
    [InlineData("--otlp-grpc-port")]
    public async Task X_03_A_standard_port_in_other_hands_is_said_and_no_other_is_taken_instead(string flag)
    {
        // Not a failure: the dashboard's own port takes exports too.
        int port = new Uri(_server.Url).Port;
        string other = flag == "--otlp-http-port" ? "--otlp-grpc-port" : "--otlp-http-port";
        List<string> said = [];
        await using App app = await App.Start(OptionsOf(Path.Combine(_server.DataDir, "other"), "--urls", "http://127.0.0.1:0", flag, $"{port}", other, "0"), said.Add);
        Assert.Contains($"port {port} is in use by another program", Assert.Single(said), StringComparison.Ordinal);
        Assert.Contains(flag, said[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OPTIONS", Wire.Json)]
    [InlineData("POST", Wire.Json)]
    [InlineData("POST", Wire.Protobuf)]
    public async Task X_04_No_other_origin_is_let_read_an_answer(string method, string type)
    {
        RawAnswer answer = await _server.Ask(method, Metrics, Wire.Body("metrics", type), type, Evil, "Access-Control-Request-Method: POST");
        Assert.DoesNotContain(answer.Headers.Keys, name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(method == "POST" ? 200 : 405, answer.Status);
    }

    [Theory]
    [InlineData("text/plain", Wire.Token, 415)]
    [InlineData("text/plain", "Accept: */*", 401)]
    [InlineData("application/x-www-form-urlencoded", Wire.Token, 415)]
    [InlineData("multipart/form-data; boundary=x", Wire.Token, 415)]
    public async Task X_05_What_a_page_may_post_without_asking_is_not_taken(string type, string header, int status)
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Request("POST", Metrics, Wire.Bytes(Wire.Body("metrics")), header, Evil, $"Content-Type: {type}");
        Assert.Equal(status, (await connection.Read()).Status);
        Assert.Equal(0, Stored);
    }

    [Theory]
    [InlineData("http://localhost:3000")]
    [InlineData("null")]
    [InlineData("https://evil.example")]
    public async Task X_06_Cors_is_not_offered_to_any_origin(string origin)
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Request("OPTIONS", Metrics, [], $"Origin: {origin}", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type");
        RawAnswer answer = await connection.Read();
        Assert.Equal(401, answer.Status);
        Assert.DoesNotContain(answer.Headers.Keys, name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/api/summary")]
    [InlineData("GET", "/api/live")]
    [InlineData("GET", "/openapi.json")]
    [InlineData("POST", "/v1/metrics")]
    public async Task X_07_A_foreign_host_name_without_the_token_reads_nothing_and_with_it_is_as_good_as_any(string method, string path)
    {
        // A page that rebinds its own name to this machine is a stranger: its requests carry neither the token nor this host's cookie.
        await _server.Post(Metrics, Exports.Commit());
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Send($"{method} {path} HTTP/1.1\r\nHost: evil.example\r\n{Wire.Json}\r\nContent-Length: 0\r\n\r\n");
        RawAnswer answer = await connection.Read();
        // No browser sends exports, and an exporter may reach this machine by any name.
        Assert.Equal(path == Metrics ? 401 : 421, answer.Status);
        Assert.DoesNotContain(ServerClient.TestToken, answer.Text, StringComparison.Ordinal);
        Assert.Equal(1, Stored);

        // Who has the token in its own hand may call this machine what he likes (a proxy, another name of it).
        using RawConnection known = await RawConnection.Open(_server.Url);
        await known.Send($"GET /api/summary HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer {ServerClient.TestToken}\r\n\r\n");
        Assert.Equal(200, (await known.Read()).Status);
    }

    [Theory]
    [InlineData("/v1/metrics", 405)]
    [InlineData("/v1/logs", 405)]
    [InlineData("/v1/traces", 405)]
    [InlineData("/v1/nosuch", 404)]
    [InlineData("/v1", 404)]
    public async Task X_08_The_dashboard_answers_nothing_below_v1(string path, int status)
    {
        RawAnswer answer = await _server.Ask("GET", path, [], "Accept: text/html,*/*");
        Assert.Equal((status, "application/json", 12), (answer.Status, answer.Header("Content-Type"), (int)answer.Status()["code"]!));
        Assert.Equal(200, (await _server.Ask("GET", "/", [], "Accept: text/html,*/*")).Status);
    }

    [Fact]
    public async Task X_09_Tls_without_a_certificate_ends_the_start()
    {
        Ran wrong = await Run("--urls", "https://localhost:8443");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("--tls-cert FILE", Assert.Single(wrong.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Wire.Json)]
    [InlineData(Wire.Protobuf)]
    public async Task X_10_An_endpoint_without_a_path_is_taken_and_each_signal_is_known_by_its_body(string type)
    {
        foreach (string signal in Wire.Signals)
        {
            RawAnswer answer = await _server.Export("/", Wire.Body(signal, type, 7), type);
            Assert.Equal((200, type == Wire.Json ? "{}" : ""), (answer.Status, answer.Text));
        }

        Assert.Equal("7 | 7 | 7\n", _server.Rows("SELECT (SELECT count(*) FROM otel_metrics), (SELECT count(*) FROM otel_events), (SELECT count(*) FROM otel_spans)"));
    }

    [Fact]
    public async Task X_10_What_is_posted_there_and_is_no_export_reads_where_exports_go()
    {
        RawAnswer answer = await _server.Export("/", "{}"u8.ToArray(), "Content-Type: text/plain");
        Assert.Equal(415, answer.Status);
        Assert.Contains("OTEL_EXPORTER_OTLP_PROTOCOL", (string)answer.Status()["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task N_09_A_client_whose_line_broke_before_the_answer_comes_again_and_is_counted_once()
    {
        // It sends the same bytes again, at most five times within ten seconds.
        byte[] body = Wire.Bytes(Wire.Body("metrics"));
        for (int i = 0; i < 5; i++)
        {
            using RawConnection broken = await RawConnection.Open(_server.Url);
            await broken.Post(Metrics, body);
        }

        Assert.Equal(200, (await _server.Export(Metrics, body, Wire.Json)).Status);
        Assert.Equal(20, Stored);
        Assert.Equal(20, (int)(await _server.Get("/api/summary"))["commits"]!);

        // Told to wait longer than what is left of them it drops the batch, told 0 it comes at once. A 503 comes after another export's wait for the
        // file and its own.
        Assert.InRange(Limits.RetryAfterSeconds, 1, 5);
        Assert.InRange(2 * Limits.BusyTimeoutMs + Limits.RetryAfterSeconds * 1000, 0, 9500);
    }

    [Fact]
    public async Task N_10_Numbers_times_and_values_are_taken_as_the_JavaScript_exporter_writes_them()
    {
        const string start = "\"startTimeUnixNano\":\"1768478400000000000\",\"timeUnixNano\":\"1768478405000000001\"";
        RawAnswer metrics = await _server.Export(Metrics, Wire.Bytes($$$"""
            {"resourceMetrics":[{"resource":{"attributes":[{"key":"process.pid","value":{"intValue":4711}}],"droppedAttributesCount":0},"scopeMetrics":[{
            "scope":{"name":"s","version":"1"},"metrics":[
            {"name":"h","description":"","unit":"ms","histogram":{"aggregationTemporality":1,"dataPoints":[{"attributes":[{"key":"n","value":{"intValue":7}},
            {"key":"odd","value":{}}],"bucketCounts":[1,2,0],"explicitBounds":[5,10],"count":3,"sum":12.5,"min":1,"max":9,{{{start}}}}]}},
            {"name":"g","description":"","unit":"","gauge":{"dataPoints":[{"attributes":[],{{{start}}},"asDouble":null},{"attributes":[],{{{start}}},"asDouble":1.5}]}}]}]}]}
            """), Wire.Json);
        Assert.Equal((200, "1"), (metrics.Status, (string)metrics.Json["partialSuccess"]!["rejectedDataPoints"]!));
        Assert.Equal("h | {\"n\":7,\"odd\":null} | 12.5 | 1768478405000000001\ng | {} | 1.5 | 1768478405000000001\n", _server.Rows("SELECT metric_name, attributes, sent_value, time_unix_nano FROM otel_metrics ORDER BY id"));
        JsonNode shape = JsonNode.Parse((string)_server.Sql("SELECT shape FROM otel_metrics WHERE metric_name = 'h'")!)!;
        Assert.Equal(("3", "[1,2,0]"), (shape["count"]!.ToString(), shape["bucketCounts"]!.ToJsonString().Replace("\"", "", StringComparison.Ordinal)));
        Assert.Equal("{\"process.pid\":4711}", _server.Sql("SELECT attributes FROM otel_resource"));

        RawAnswer logs = await _server.Export("/v1/logs", Wire.Bytes("""
            {"resourceLogs":[{"resource":{"attributes":[],"droppedAttributesCount":0},"scopeLogs":[{"scope":{"name":"s"},"logRecords":[{
            "timeUnixNano":"1768478405000000001","observedTimeUnixNano":"1768478405000000002","body":{"stringValue":"claude_code.user_prompt"},
            "attributes":[{"key":"event.name","value":{"stringValue":"user_prompt"}},{"key":"ratio","value":{"doubleValue":null}},{"key":"n","value":{"intValue":9007199254740991}}],
            "droppedAttributesCount":0}]}]}]}
            """), Wire.Json);
        Assert.Equal((200, "{}"), (logs.Status, logs.Text));
        Assert.Equal(
            "user_prompt | {\"event.name\":\"user_prompt\",\"ratio\":null,\"n\":9007199254740991} | 1768478405000000001 | 1768478405000000002\n",
            _server.Rows("SELECT event_name, attributes, time_unix_nano, observed_time_unix_nano FROM otel_events"));
    }

    [Theory]
    [InlineData(Wire.Json)]
    [InlineData(Wire.Protobuf)]
    public async Task N_11_An_answer_can_be_decoded_and_says_nothing_where_there_is_nothing_to_log(string type)
    {
        foreach (string signal in Wire.Signals)
        {
            // It logs any partialSuccess that has keys, and takes an answer that it can't decode for a failure.
            RawAnswer all = await _server.Export($"/v1/{signal}", Wire.Body(signal, type), type);
            Assert.Empty(all.Response(signal).AsObject());
        }

        byte[] part = type == Wire.Json ? Wire.Bytes(Exports.Metrics(Exports.Point("0"))) : OtlpSchema.ToProtobuf("MetricsRequest", Exports.Metrics(Exports.Point("0")));
        Assert.Equal(["rejectedDataPoints", "errorMessage"], (await _server.Export(Metrics, part, type)).Response("metrics")["partialSuccess"]!.AsObject().Select(m => m.Key));
    }

    [Theory]
    [InlineData(Wire.Json, false)]
    [InlineData(Wire.Json, true)]
    [InlineData(Wire.Protobuf, false)]
    [InlineData(Wire.Protobuf, true)]
    public async Task N_12_Nothing_is_asked_of_a_request_but_what_the_JavaScript_exporter_sends(string type, bool gzip)
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        for (int i = 0; i < 3; i++)
        {
            byte[] body = Wire.Body(Wire.Signals[i], type);
            body = gzip ? Exports.Gzip(body) : body;
            await connection.Send(RawConnection.Head(
                "POST", $"/v1/{Wire.Signals[i]}",
                ["User-Agent: OTel-OTLP-Exporter-JavaScript/0.222.0", type, Wire.Token, .. gzip ? [Wire.Gzip] : Array.Empty<string>(), "Connection: keep-alive", "Transfer-Encoding: chunked"]));
            foreach (byte[] chunk in body.Chunk(1000))
            {
                await connection.Send([.. Wire.Bytes($"{chunk.Length:x}\r\n"), .. chunk, .. "\r\n"u8]);
            }

            await connection.Send("0\r\n\r\n");
            Assert.Equal(200, (await connection.Read()).Status);
        }

        Assert.Equal(60, Stored);
    }
}
