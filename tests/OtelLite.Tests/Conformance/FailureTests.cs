using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using OtelLite.Access;
using OtelLite.Receiver;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>Section 3 of the checklist, first half: what is not taken, how that is said, and which of it a client may send again.</summary>
public sealed class FailureTests : IAsyncLifetime
{
    private const string Metrics = "/v1/metrics";
    private const int Max = 1 << 20;

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartWithGrpc("--max-body", $"{Max}", "--durability", "normal");

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private long Stored => (long)_server.Sql(Wire.CountAll)!;

    // What another program may do to the file: from now on no point can ever be stored.
    private void BreakMetrics()
    {
        using SqliteConnection other = OpenFile();
        using SqliteCommand trigger = other.CreateCommand();
        trigger.CommandText = "CREATE TRIGGER never BEFORE INSERT ON otel_metrics BEGIN SELECT raise(ABORT, 'never'); END";
        trigger.ExecuteNonQuery();
    }

    private SqliteConnection OpenFile()
    {
        var file = new SqliteConnection($"Data Source={Path.Combine(_server.DataDir, "otellite.db")};Pooling=False");
        file.Open();
        return file;
    }

    // One request for each status that a client can bring about.
    private async Task<RawAnswer> Provoke(int status, string type)
    {
        byte[] body = Wire.Body("metrics", type);
        switch (status)
        {
            case 400:
                return await _server.Export(Metrics, [0xFF, 0xFF], type);
            case 401:
                using (RawConnection connection = await RawConnection.Open(_server.Url))
                {
                    await connection.Request("POST", Metrics, body, type);
                    return await connection.Read();
                }

            case 404:
                return await _server.Export("/v1/nosuch", body, type);
            case 405:
                return await _server.Ask("PUT", Metrics, body, type);
            case 413:
                return await _server.Export(Metrics, new byte[Max + 1], type);
            case 415:
                return await _server.Export(Metrics, body, type, "Content-Encoding: nosuch");
            default:
                BreakMetrics();
                return await _server.Export(Metrics, body, type);
        }
    }

    public static TheoryData<int, int, string> EveryRefusalInBothEncodings()
    {
        var data = new TheoryData<int, int, string>();
        foreach ((int status, int code) in ((int, int)[])[(400, 3), (401, 16), (404, 12), (405, 12), (413, 8), (415, 3), (500, 13)])
        {
            data.Add(status, code, Wire.Json);
            data.Add(status, code, Wire.Protobuf);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryRefusalInBothEncodings))]
    public async Task F_01_Every_refusal_is_a_status_in_the_encoding_of_the_request(int status, int code, string type)
    {
        RawAnswer answer = await Provoke(status, type);
        Assert.Equal((status, type), (answer.Status, $"Content-Type: {answer.Header("Content-Type")}"));
        Assert.Equal(code, (int)answer.Status()["code"]!);
        Assert.Equal(0, Stored);
    }

    [Theory]
    [InlineData("/v1/metrics", 415)]
    [InlineData("/v1/nosuch", 404)]
    public async Task F_01_A_request_of_another_type_is_answered_in_json(string path, int status)
    {
        RawAnswer answer = await _server.Export(path, Wire.Bytes(Exports.Commit()), "Content-Type: application/x-nosuch");
        Assert.Equal((status, "application/json"), (answer.Status, answer.Header("Content-Type")));
        Assert.True((int)answer.Status()["code"]! > 0);
    }

    [Theory]
    [MemberData(nameof(EveryRefusalInBothEncodings))]
    public async Task F_02_The_message_is_for_a_developer_and_tells_nothing_of_the_inside(int status, int code, string type)
    {
        JsonNode refusal = (await Provoke(status, type)).Status();
        string message = (string)refusal["message"]!;
        Assert.True(message.Length > 20, message);
        Assert.DoesNotMatch($@"\bat \w+\.|System\.|Exception|\.cs\b|{_server.DataDir}|{ServerClient.TestToken}", message);
        Assert.Equal(code, (int)refusal["code"]!);
    }

    [Fact]
    public async Task F_02_A_bad_json_body_is_told_at_which_line_and_byte() => Assert.Contains(
        "line 2, byte ",
        (string)(await _server.Export(Metrics, "{\n  \"resourceMetrics\": 5}"u8.ToArray(), Wire.Json)).Json["message"]!, StringComparison.Ordinal);

    [Theory]
    [InlineData(Wire.Json)]
    [InlineData(Wire.Protobuf)]
    public async Task F_03_Bad_data_has_grpcs_code_for_an_invalid_argument(string type)
    {
        // The codes of the other statuses stand in F-01.
        foreach (string signal in Wire.Signals)
        {
            Assert.Equal(3, (int)(await _server.Export($"/v1/{signal}", Wire.Body(signal, type)[..^7], type)).Status()["code"]!);
        }
    }

    [Theory]
    [InlineData("1234")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"resourceMetrics":{"a":1}}""")]
    [InlineData("""{"resourceMetrics":[{"scopeMetrics":[""")]
    [InlineData("""{"resourceMetrics":[{}]} x""")]
    [InlineData("hello")]
    public async Task F_04_What_is_no_json_export_is_400_for_good(string body)
    {
        RawAnswer answer = await _server.Export(Metrics, Wire.Bytes(body), Wire.Json);
        Assert.Equal(400, answer.Status);
        Assert.Contains("the body is", (string)answer.Status()["message"]!, StringComparison.Ordinal);
        Assert.Null(answer.Header("Retry-After"));
        Assert.Equal(0, Stored);
    }

    [Theory]
    [InlineData("metrics")]
    [InlineData("logs")]
    [InlineData("traces")]
    public async Task F_04_What_is_no_protobuf_export_is_400_for_good(string signal)
    {
        byte[] noise = new byte[500], whole = Wire.ProtobufBody(signal);
        new Random(4).NextBytes(noise);
        foreach (byte[] body in (byte[][])[noise, "1234"u8.ToArray(), whole[..^7], whole[1..], [.. whole, 0]])
        {
            RawAnswer answer = await _server.Export($"/v1/{signal}", body, Wire.Protobuf);
            Assert.Equal(400, answer.Status);
            Assert.Contains($"the body is not a valid OTLP {signal} request in protobuf", (string)answer.Status()["message"]!, StringComparison.Ordinal);
            Assert.Null(answer.Header("Retry-After"));
        }

        Assert.Equal(0, Stored);
    }

    [Fact]
    public async Task F_05_Bad_data_comes_with_the_details_of_a_bad_request()
    {
        JsonNode json = (await _server.Export(Metrics, "{"u8.ToArray(), Wire.Json)).Status()["details"]![0]!;
        Assert.EndsWith("/google.rpc.BadRequest", (string)json["@type"]!, StringComparison.Ordinal);
        Assert.Contains("the body is not valid", (string)json["fieldViolations"]![0]!["description"]!, StringComparison.Ordinal);

        JsonNode any = (await _server.Export(Metrics, [0xFF], Wire.Protobuf)).Status()["details"]![0]!;
        Assert.EndsWith("/google.rpc.BadRequest", (string)any["typeUrl"]!, StringComparison.Ordinal);
        Assert.NotEmpty(Convert.FromBase64String((string)any["value"]!));
    }

    [Theory]
    [InlineData("metrics", Wire.Json)]
    [InlineData("logs", Wire.Json)]
    [InlineData("traces", Wire.Json)]
    [InlineData("metrics", Wire.Protobuf)]
    [InlineData("logs", Wire.Protobuf)]
    [InlineData("traces", Wire.Protobuf)]
    public async Task F_06_A_body_that_goes_bad_at_its_end_stores_none_of_its_good_beginning(string signal, string type)
    {
        Assert.Equal(400, (await _server.Export($"/v1/{signal}", Wire.Body(signal, type, 10)[..^2], type)).Status);
        Assert.Equal(0, Stored);
        Assert.Equal(0L, _server.Sql("SELECT (SELECT count(*) FROM otel_resource) + (SELECT count(*) FROM otel_scope) + (SELECT count(*) FROM otel_body)"));

        // Nor is the whole body taken for a retry of what was refused.
        Assert.Equal(200, (await _server.Export($"/v1/{signal}", Wire.Body(signal, type, 10), type)).Status);
        Assert.Equal(10, Stored);
    }

    [Fact]
    public async Task F_07_While_another_program_holds_the_lock_a_client_is_told_to_come_back_and_then_comes_through()
    {
        byte[] body = Wire.Bytes(Wire.Body("logs", 1));
        using (SqliteConnection other = OpenFile())
        {
            using SqliteTransaction lockIt = other.BeginTransaction();
            RawAnswer refused = await _server.Export("/v1/logs", body, Wire.Json);
            Assert.Equal((503, "1", 14), (refused.Status, refused.Header("Retry-After"), (int)refused.Status()["code"]!));
            Assert.Equal("1s", (string)refused.Status()["details"]![0]!["retryDelay"]!);
            Assert.Contains("another program holds a lock on the database", (string)refused.Status()["message"]!, StringComparison.Ordinal);
            Assert.Equal(503, (await _server.Ask("GET", "/readyz", [])).Status);
        }

        // Nobody has to send anything for it to be noticed: who waits for readiness before sending would wait for ever.
        for (var clock = Stopwatch.StartNew(); (await _server.Ask("GET", "/readyz", [])).Status != 200;)
        {
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Limits.TroubleProbeInterval + TimeSpan.FromSeconds(5));
            await Task.Delay(100);
        }

        Assert.Equal(0, Stored);
        Assert.Equal(200, (await _server.Export("/v1/logs", body, Wire.Json)).Status);
        Assert.Equal(1, Stored);
        Assert.Equal(2, _server.Said.Count);
        Assert.StartsWith("nothing can be stored now: another program holds a lock on the database.", _server.Said[0], StringComparison.Ordinal);
        Assert.Equal("exports are stored again.", _server.Said[1]);
    }

    [Fact]
    public async Task F_08_When_too_much_waits_the_rest_is_told_to_come_back_and_what_got_200_is_there()
    {
        const int exports = Limits.QueueBatchesMax + 200;
        using var http = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true }) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        http.DefaultRequestHeaders.Authorization = new("Bearer", ServerClient.TestToken);
        async Task<(int Export, HttpStatusCode Status, string? RetryAfter)> Send(int export)
        {
            using HttpResponseMessage answer = await http.PostAsync(
                new Uri(_server.Url + Metrics), new StringContent(Exports.Commit(Exports.Noon + export), null, "application/json"));
            return (export, answer.StatusCode, answer.Headers.RetryAfter?.ToString());
        }

        List<Task<(int Export, HttpStatusCode Status, string? RetryAfter)>> sent;
        using (SqliteConnection other = OpenFile())
        {
            // The writer waits for this lock, and the queue behind it fills up.
            using SqliteTransaction lockIt = other.BeginTransaction();
            sent = [.. Enumerable.Range(0, exports).Select(Send)];
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await await Task.WhenAny(sent)).Status);

            // The same to every encoding, each in its own words.
            RawAnswer protobuf = await _server.Export(Metrics, Wire.ProtobufBody("metrics"), Wire.Protobuf);
            Assert.Equal((503, "1", 14), (protobuf.Status, protobuf.Header("Retry-After"), (int)protobuf.Status()["code"]!));
            Assert.EndsWith("/google.rpc.RetryInfo", (string)protobuf.Status()["details"]![0]!["typeUrl"]!, StringComparison.Ordinal);
            GrpcAnswer grpc = await _server.Grpc.Export("metrics", Wire.ProtobufBody("metrics"));
            Assert.Equal((HttpStatusCode.OK, 14), (grpc.Http, grpc.Status));
            Assert.EndsWith("/google.rpc.RetryInfo", (string)grpc.Details["details"]![0]!["typeUrl"]!, StringComparison.Ordinal);
        }

        (int Export, HttpStatusCode Status, string? RetryAfter)[] answers = await Task.WhenAll(sent);
        (int Export, HttpStatusCode Status, string? RetryAfter)[] refused = [.. answers.Where(a => a.Status != HttpStatusCode.OK)];
        Assert.All(refused, a => Assert.Equal((HttpStatusCode.ServiceUnavailable, "1"), (a.Status, a.RetryAfter)));
        Assert.Equal(answers.Length - refused.Length, Stored);

        foreach ((int export, _, _) in refused)
        {
            Assert.Equal(HttpStatusCode.OK, (await Send(export)).Status);
        }

        Assert.Equal((long)exports, _server.Sql("SELECT count(DISTINCT time_unix_nano) FROM otel_metrics"));
        Assert.Equal(exports, Stored);
    }

    [Theory]
    [InlineData((int)WriteOutcome.QueueFull, 503, 14, "1")]
    [InlineData((int)WriteOutcome.Unavailable, 503, 14, "1")]
    [InlineData((int)WriteOutcome.Failed, 500, 13, "")]
    public async Task F_09_Only_what_passes_asks_the_client_to_come_back_in_whole_seconds(int outcome, int status, int code, string retryAfter)
    {
        var receiver = new OtlpReceiver(
            new Gate(new Token(RunningServer.TestToken)), new Intake(Max, (_, _) => Task.FromResult(new WriteResult((WriteOutcome)outcome, "because")), new IngestLog()));
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.Path = Metrics;
        context.Request.ContentType = "application/json";
        context.Request.Headers.Authorization = $"Bearer {RunningServer.TestToken}";
        context.Request.Body = new MemoryStream(Wire.Bytes(Exports.Commit()));
        using var body = new MemoryStream();
        context.Response.Body = body;
        await receiver.Receive(context);
        Assert.Equal(status, context.Response.StatusCode);
        Assert.Equal(retryAfter, context.Response.Headers.RetryAfter.ToString());
        JsonNode answer = JsonNode.Parse(body.ToArray())!;
        Assert.Equal((code, "because"), ((int)answer["code"]!, (string)answer["message"]!));
    }

    [Theory]
    [MemberData(nameof(EveryRefusalInBothEncodings))]
    public async Task F_09_No_other_refusal_has_a_retry_after(int status, int code, string type)
    {
        RawAnswer answer = await Provoke(status, type);
        Assert.Equal((status, code), (answer.Status, (int)answer.Status()["code"]!));
        Assert.Null(answer.Header("Retry-After"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer wrong")]
    [InlineData("Bearer test-token-and-more")]
    [InlineData("Bearer test-toke")]
    [InlineData("Bearertest-token")]
    [InlineData("Bearer%20wrong")]
    [InlineData("Bearer%20")]
    [InlineData("test-token")]
    [InlineData("Basic test-token")]
    [InlineData("Bearer test-token, Bearer test-token")]
    public async Task F_10_Without_the_token_an_export_is_401_with_a_status_that_says_what_to_set(string? authorization)
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Request("POST", Metrics, Wire.Bytes(Exports.Commit()), authorization is null ? [Wire.Json] : [$"Authorization: {authorization}", Wire.Json]);
        RawAnswer answer = await connection.Read();
        Assert.Equal((401, "Bearer", 16), (answer.Status, answer.Header("WWW-Authenticate"), (int)answer.Status()["code"]!));
        Assert.Contains("OTEL_EXPORTER_OTLP_HEADERS", (string)answer.Json["message"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(RunningServer.TestToken, answer.Text, StringComparison.Ordinal);
        Assert.Equal(0, Stored);
    }

    [Theory]
    [InlineData("Bearer test-token")]
    [InlineData("bearer test-token")]
    [InlineData("BEARER   test-token ")]
    [InlineData("Bearer%20test-token")]
    public async Task F_10_The_token_is_taken_as_clients_write_it(string authorization)
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Request("POST", Metrics, Wire.Bytes(Exports.Commit()), $"Authorization: {authorization}", Wire.Json);
        Assert.Equal(200, (await connection.Read()).Status);
        Assert.Equal(1, Stored);
    }

    [Fact]
    public async Task F_11_What_can_never_be_stored_is_500_and_the_next_export_is_taken()
    {
        BreakMetrics();
        foreach (string type in (string[])[Wire.Json, Wire.Protobuf])
        {
            RawAnswer never = await _server.Export(Metrics, Wire.Body("metrics", type), type);
            Assert.Equal((500, 13), (never.Status, (int)never.Status()["code"]!));
        }

        Assert.Equal(200, (await _server.Export("/v1/logs", Wire.Bytes(Exports.Prompt()), Wire.Json)).Status);
        Assert.Equal(1, Stored);
        Assert.Equal(0, (int)(await _server.Get("/api/summary"))["commits"]!);
    }

    [Fact]
    public async Task F_12_The_same_fault_has_over_http_and_grpc_the_statuses_that_belong_together()
    {
        // UNAVAILABLE with 503 is in F-08.
        byte[] good = Wire.ProtobufBody("metrics", 1);
        async Task AssertPair(int http, int grpc, byte[] body)
        {
            RawAnswer answer = await _server.Export(Metrics, body, Wire.Protobuf);
            Assert.Equal((http, grpc), (answer.Status, (int)answer.Status()["code"]!));
            Assert.Equal(grpc, (await _server.Grpc.Export("metrics", body)).Status);
        }

        await AssertPair(400, 3, good[..^1]);
        await AssertPair(413, 8, new byte[Max + 1]);
        Assert.Equal(404, (await _server.Export("/v1/nosuch", good, Wire.Protobuf)).Status);
        Assert.Equal(12, (await _server.Grpc.Call("/no.Such/Export", GrpcCalls.Frame(good))).Status);
        Assert.Equal(401, (await Provoke(401, Wire.Protobuf)).Status);
        Assert.Equal(16, (await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(good), ("authorization", "Bearer wrong"))).Status);
        BreakMetrics();
        await AssertPair(500, 13, good);
        Assert.Equal(0, Stored);
    }

    [Theory]
    [InlineData(401, "POST", "/v1/metrics", "Content-Type: application/json", "Authorization: Bearer wrong")]
    [InlineData(404, "POST", "/v1/nosuch", "Content-Type: application/json", Wire.Token)]
    [InlineData(405, "PUT", "/v1/metrics", "Content-Type: application/json", Wire.Token)]
    [InlineData(415, "POST", "/v1/metrics", "Content-Type: text/plain", Wire.Token)]
    [InlineData(415, "POST", "/v1/metrics", "Content-Type: application/json", Wire.Token, "Content-Encoding: nosuch")]
    [InlineData(413, "POST", "/v1/metrics", "Content-Type: application/json", Wire.Token)]
    [InlineData(413, "POST", "/v1/metrics", "Content-Type: application/json", Wire.Token, Wire.Gzip)]
    public async Task F_13_A_client_that_sends_all_before_it_reads_still_reads_its_refusal(int status, string method, string path, params string[] headers)
    {
        // More than fits between the two: without a reader the client would be cut off, take that for a broken line, and come again.
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Request(method, path, new byte[8 << 20], headers);
        RawAnswer answer = await connection.Read();
        Assert.Equal(status, answer.Status);
        Assert.True((int)answer.Status()["code"]! > 0);

        // The connection is none the worse for it.
        await connection.Post(Metrics, Wire.Bytes(Exports.Commit()));
        Assert.Equal(200, (await connection.Read()).Status);
    }
}
