using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OtelLite.Access;
using OtelLite.Receiver;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>OTLP over gRPC, call by call. What an export means is the same as over HTTP; here is how it is called and answered.</summary>
public sealed class GrpcConformanceTests : IAsyncLifetime
{
    private const int Max = 64 << 10;
    private const string RetryInfo = "type.googleapis.com/google.rpc.RetryInfo";

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartWithGrpc("--max-body", Max.ToString(CultureInfo.InvariantCulture));

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private long Stored => (long)_server.Sql("SELECT count(*) FROM otel_metrics")!;

    private static byte[] Commit(long unixSeconds = Exports.Noon) => OtlpSchema.ToProtobuf("MetricsRequest", Exports.Commit(unixSeconds));

    // A commit in exactly so many bytes: an unknown field may be as long as it likes.
    private static byte[] OfLength(int bytes, long unixSeconds = Exports.Noon)
    {
        byte[] commit = Commit(unixSeconds);
        int rest = bytes - commit.Length;
        int filling = rest - OtlpSchema.LengthDelimited(1000, new byte[rest]).Length + rest;
        byte[] whole = [.. commit, .. OtlpSchema.LengthDelimited(1000, new byte[filling])];
        Assert.Equal(bytes, whole.Length);
        return whole;
    }

    private static void AssertOk(GrpcAnswer answer)
    {
        Assert.Equal((HttpStatusCode.OK, "application/grpc", 0, ""), (answer.Http, answer.ContentType, answer.Status, answer.Message));
        Assert.Equal(new byte[5], answer.Frame);
    }

    private async Task AssertSession(bool gzip)
    {
        foreach (RecordedBody body in Recorded.Bodies("grpc"))
        {
            AssertOk(await _server.Grpc.Export(body.Signal, body.Bytes, gzip));
        }

        ExpectedTotals expected = Recorded.Expected("grpc").Single();
        ExpectedSums.AssertTables(_server.Sql, expected);
        ExpectedSums.AssertSummary(await _server.Get("/api/summary"), expected);
        JsonArray arrived = (await _server.Get("/api/ingest"))["arrived"]!.AsArray();
        Assert.Equal(["metrics grpc 2", "logs grpc 3", "traces grpc 1"], arrived.Select(a => $"{a!["signal"]} {a["encoding"]} {a["exports"]}"));
    }

    [Fact]
    public async Task G1_01_A_recorded_session_of_all_three_services_reaches_its_sums() => await AssertSession(gzip: false);

    [Fact]
    public async Task G1_04_A_recorded_session_in_gzip_reaches_the_same_sums() => await AssertSession(gzip: true);

    [Fact]
    public async Task G1_04_With_gzip_agreed_on_a_message_may_still_come_plain()
    {
        GrpcAnswer plain = await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(Commit()), ("grpc-encoding", "gzip"));
        AssertOk(plain);
        AssertOk(await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(Commit(Exports.Noon + 1)), ("grpc-encoding", "identity")));
        Assert.Equal(2, Stored);
    }

    [Theory]
    [InlineData("metrics")]
    [InlineData("logs")]
    [InlineData("traces")]
    public async Task G1_02_An_empty_request_is_ok(string signal) => AssertOk(await _server.Grpc.Export(signal, []));

    [Fact]
    public async Task G1_03_A_partial_success_is_ok_and_says_how_many_were_rejected_and_why()
    {
        byte[] metrics = OtlpSchema.ToProtobuf("MetricsRequest", Exports.Metrics(
            [.. Enumerable.Repeat(Exports.Point("0"), 3), .. Enumerable.Range(1, 17).Select(i => Exports.Point($"{i}000000000"))]));
        GrpcAnswer answer = await _server.Grpc.Export("metrics", metrics);
        Assert.Equal(0, answer.Status);
        Assert.Equal((0, answer.Body.Length), (answer.Frame[0], BinaryPrimitives.ReadInt32BigEndian(answer.Frame.AsSpan(1))));
        JsonNode partial = OtlpSchema.ToJson("MetricsResponse", answer.Body)["partialSuccess"]!;
        Assert.Equal("3", (string?)partial["rejectedDataPoints"]);
        Assert.Contains("timeUnixNano", (string?)partial["errorMessage"], StringComparison.Ordinal);
        Assert.Equal(17, Stored);

        GrpcAnswer spans = await _server.Grpc.Export("traces", OtlpSchema.ToProtobuf("TracesRequest", """{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"no ids"}]}]}]}"""));
        Assert.Equal("1", (string?)OtlpSchema.ToJson("TracesResponse", spans.Body)["partialSuccess"]!["rejectedSpans"]);
    }

    [Theory]
    [InlineData("snappy")]
    [InlineData("zstd")]
    [InlineData("deflate")]
    public async Task G1_05_A_compression_that_is_not_offered_is_unimplemented_and_says_which_are(string encoding)
    {
        GrpcAnswer answer = await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(Commit(), 1), ("grpc-encoding", encoding));
        Assert.Equal((HttpStatusCode.OK, 12), (answer.Http, answer.Status));
        Assert.Equal("identity,gzip", answer.Trailers["grpc-accept-encoding"]);
        Assert.Contains(encoding, answer.Message, StringComparison.Ordinal);
        Assert.Equal(0, Stored);
    }

    [Theory]
    [InlineData("")]
    [InlineData("identity")]
    public async Task G1_06_A_message_marked_as_compressed_without_an_encoding_is_internal(string encoding)
    {
        GrpcAnswer answer = encoding.Length == 0
            ? await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(Commit(), 1))
            : await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(Commit(), 1), ("grpc-encoding", encoding));
        Assert.Equal((HttpStatusCode.OK, 13), (answer.Http, answer.Status));
        Assert.Equal(0, Stored);
    }

    [Fact]
    public async Task G1_07_A_message_past_the_limit_is_resource_exhausted_before_and_after_decompression()
    {
        AssertOk(await _server.Grpc.Export("metrics", OfLength(Max)));
        AssertOk(await _server.Grpc.Export("metrics", OfLength(Max, Exports.Noon + 1), gzip: true));
        Assert.Equal(2, Stored);
        foreach (bool gzip in (bool[])[false, true])
        {
            GrpcAnswer answer = await _server.Grpc.Export("metrics", OfLength(Max + 1, Exports.Noon + 2), gzip);
            Assert.Equal((HttpStatusCode.OK, 8), (answer.Http, answer.Status));
            Assert.Contains("--max-body", answer.Message, StringComparison.Ordinal);
            // With RetryInfo a client would send it again and again.
            Assert.Equal(8, (int)answer.Details["code"]!);
            Assert.Null(answer.Details["details"]);
        }

        byte[] bomb = Exports.Gzip(new byte[32 << 20]);
        Assert.InRange(bomb.Length, 1, Max);
        GrpcAnswer bombed = await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(bomb, 1), ("grpc-encoding", "gzip"));
        Assert.Equal(8, bombed.Status);
        Assert.Equal(2, Stored);
        AssertOk(await _server.Grpc.Export("metrics", Commit(Exports.Noon + 3)));
    }

    [Fact]
    public async Task G1_07_The_limit_is_64_MiB_where_libraries_have_4()
    {
        Assert.Equal(64 << 20, Options.Read([], _ => null).BodyBytesMax);
        await using RunningServer server = await RunningServer.StartWithGrpc();
        AssertOk(await server.Grpc.Export("metrics", OfLength(5 << 20)));
        Assert.Equal(1L, server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Fact]
    public async Task G1_08_An_answer_stays_short_however_much_was_rejected()
    {
        // 4,000 points without a time, each named at length.
        string name = new('n', 4000);
        byte[] point = OtlpSchema.ToProtobuf("NumberDataPoint", """{"asInt":"1"}""");
        byte[] metric = OtlpSchema.LengthDelimited(7, [.. Enumerable.Repeat(OtlpSchema.LengthDelimited(1, point), 4000).SelectMany(p => p)]);
        byte[] named = [.. OtlpSchema.LengthDelimited(1, System.Text.Encoding.UTF8.GetBytes(name)), .. metric];
        GrpcAnswer answer = await _server.Grpc.Export("metrics", OtlpSchema.LengthDelimited(1, OtlpSchema.LengthDelimited(2, OtlpSchema.LengthDelimited(2, named))));
        Assert.Equal("4000", (string?)OtlpSchema.ToJson("MetricsResponse", answer.Body)["partialSuccess"]!["rejectedDataPoints"]);
        Assert.InRange(answer.Frame.Length, 6, 1000);

        // A refusal's words go into headers, which clients bound at 8 KiB.
        string path = "/" + new string('p', 5000) + "/Export";
        GrpcAnswer refused = await _server.Grpc.Call(path, GrpcCalls.Frame([]));
        Assert.Equal(12, refused.Status);
        Assert.InRange(refused.Trailers.Sum(t => t.Key.Length + t.Value.Length), 1, 8000);
    }

    [Fact]
    public async Task G1_09_What_is_no_request_is_an_invalid_argument_and_stores_nothing()
    {
        byte[] commit = Commit();
        foreach (byte[] message in (byte[][])[commit[..^7], [0xFF, 0xFF, 0xFF], [.. commit, 7], "{}"u8.ToArray()])
        {
            GrpcAnswer answer = await _server.Grpc.Export("metrics", message);
            Assert.Equal((HttpStatusCode.OK, 3), (answer.Http, answer.Status));
            Assert.Contains("protobuf", answer.Message, StringComparison.Ordinal);
            Assert.Equal("type.googleapis.com/google.rpc.BadRequest", (string?)answer.Details["details"]![0]!["typeUrl"]);
        }

        // Bytes that are not even a message are the framing's matter.
        foreach (byte[] frame in (byte[][])[[], [0], GrpcCalls.Frame(commit)[..^1], [.. GrpcCalls.Frame(commit), .. GrpcCalls.Frame(commit)], GrpcCalls.Frame(commit, 2)])
        {
            Assert.Equal(13, (await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), frame)).Status);
        }

        GrpcAnswer gzip = await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(Exports.Gzip(commit)[..^4], 1), ("grpc-encoding", "gzip"));
        Assert.Equal(3, gzip.Status);
        Assert.Equal(0, Stored);
    }

    // A call of the receiver itself, with a writer of the test's own; the trailers that it answers.
    private static async Task<IHeaderDictionary> Receive(WriteBatch write, IngestLog log, Action<HttpContext>? after = null, string? timeout = null)
    {
        var receiver = new GrpcReceiver(new Gate(new Token(ServerClient.TestToken)), new Intake(1 << 20, write, log));
        var context = new DefaultHttpContext();
        var trailers = new Trailing();
        context.Features.Set<IHttpResponseTrailersFeature>(trailers);
        context.Request.Method = "POST";
        context.Request.Path = GrpcCalls.PathOf("metrics");
        context.Request.Headers.Authorization = $"Bearer {ServerClient.TestToken}";
        context.Request.Headers["grpc-timeout"] = timeout;
        context.Request.Body = new MemoryStream(GrpcCalls.Frame(Commit()));
        context.Response.Body = new MemoryStream();
        await receiver.Receive(context);
        after?.Invoke(context);
        return trailers.Trailers;
    }

    private sealed class Trailing : IHttpResponseTrailersFeature
    {
        public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();
    }

    [Theory]
    [InlineData((int)WriteOutcome.QueueFull, "14", true)]
    [InlineData((int)WriteOutcome.Unavailable, "14", true)]
    [InlineData((int)WriteOutcome.Failed, "13", false)]
    public async Task G1_10_What_passes_is_unavailable_with_RetryInfo_and_what_does_not_is_internal(int outcome, string status, bool retry)
    {
        IHeaderDictionary trailers = await Receive((_, _) => Task.FromResult(new WriteResult((WriteOutcome)outcome, "because")), new IngestLog());
        Assert.Equal((status, "because"), (trailers["grpc-status"].ToString(), trailers["grpc-message"].ToString()));
        string base64 = trailers["grpc-status-details-bin"].ToString();
        JsonNode details = OtlpSchema.ToJson("Status", Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '=')));
        Assert.Equal(status, details["code"]!.ToString());
        Assert.Equal(retry ? RetryInfo : null, (string?)details["details"]?[0]!["typeUrl"]);
    }

    [Fact]
    public async Task G1_11_Nothing_that_asks_for_a_retry_is_resource_exhausted()
    {
        // A client retries 8 only where RetryInfo comes with it; ours is for what is too large, and never passes. A full queue is 14 (G1-10).
        GrpcAnswer answer = await _server.Grpc.Export("metrics", OfLength(Max + 1));
        Assert.Equal(8, answer.Status);
        Assert.DoesNotContain("RetryInfo", System.Text.Encoding.Latin1.GetString(Convert.FromBase64String(
            answer.Trailers["grpc-status-details-bin"].PadRight((answer.Trailers["grpc-status-details-bin"].Length + 3) / 4 * 4, '='))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/a.B/C")]
    [InlineData("/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export")]
    [InlineData("/opentelemetry.proto.collector.metrics.v1.MetricsService/Import")]
    [InlineData("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export/")]
    [InlineData("/v1/metrics")]
    public async Task G1_12_An_unknown_service_or_method_is_unimplemented(string path)
    {
        GrpcAnswer answer = await _server.Grpc.Call(path, GrpcCalls.Frame(Commit()));
        Assert.Equal((HttpStatusCode.OK, "application/grpc", 12), (answer.Http, answer.ContentType, answer.Status));
        Assert.Contains(path, answer.Message, StringComparison.Ordinal);
        Assert.Equal(0, Stored);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task G1_13_The_status_is_in_the_trailers_for_success_too(bool good)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, _server.GrpcUrl + GrpcCalls.PathOf("metrics"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(GrpcCalls.Frame(good ? Commit() : [0xFF])),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc+proto");
        request.Headers.TryAddWithoutValidation("authorization", $"Bearer {ServerClient.TestToken}");
        using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, "application/grpc"), (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()));
        byte[] frame = await answer.Content.ReadAsByteArrayAsync();
        Assert.Equal(good ? 5 : 0, frame.Length);
        Assert.Equal(good ? "0" : "3", Assert.Single(answer.TrailingHeaders.GetValues("grpc-status")));
        Assert.False(answer.Headers.Contains("grpc-status"));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/x-protobuf")]
    [InlineData("text/plain")]
    public async Task G1_14_Another_content_type_over_HTTP2_is_415(string type)
    {
        GrpcAnswer answer = await _server.Grpc.Call("/v1/metrics", Commit(), ("content-type", type));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Http);
        JsonNode status = type == "application/x-protobuf" ? OtlpSchema.ToJson("Status", answer.Frame) : JsonNode.Parse(answer.Frame)!;
        Assert.Contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc", (string?)status["message"], StringComparison.Ordinal);
        Assert.Equal(0, Stored);
    }

    [Fact]
    public async Task G1_15_Many_calls_at_once_on_one_connection_are_all_stored_once()
    {
        GrpcAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => _server.Grpc.Export("metrics", Commit(Exports.Noon + i), i % 2 == 0)));
        Assert.All(answers, AssertOk);
        Assert.Equal((64L, 64L), (Stored, _server.Sql("SELECT count(DISTINCT time_unix_nano) FROM otel_metrics")));
    }

    [Fact]
    public async Task G1_16_A_storm_of_deadlines_and_cancelled_calls_harms_no_other_call()
    {
        var outcomes = new ConcurrentBag<int>();
        await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            GrpcAnswer answer = await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame(Commit(Exports.Noon + i)), ("grpc-timeout", i % 2 == 0 ? "1n" : "1m"));
            outcomes.Add(answer.Status);
        }));
        Assert.All(outcomes, status => Assert.True(status is 0 or 4, $"{status}"));

        using var http = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(i % 6));
            using var request = new HttpRequestMessage(HttpMethod.Post, _server.GrpcUrl + GrpcCalls.PathOf("metrics"))
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new ByteArrayContent(GrpcCalls.Frame(Commit(Exports.Noon + 100 + i))),
            };
            request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
            request.Headers.TryAddWithoutValidation("authorization", $"Bearer {ServerClient.TestToken}");
            try
            {
                (await http.SendAsync(request, cancel.Token)).Dispose();
            }
            catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
            {
                // That was the point.
            }
        }));
        AssertOk(await _server.Grpc.Export("metrics", Commit(Exports.Noon + 1000)));
        Assert.Equal(1L, _server.Sql($"SELECT count(*) FROM otel_metrics WHERE time_unix_nano = {Exports.Noon + 1000}000000000"));
        Assert.Equal(Stored, _server.Sql("SELECT count(DISTINCT time_unix_nano) FROM otel_metrics"));
        Assert.Equal("ok", _server.Sql("PRAGMA integrity_check"));
        Assert.Empty(_server.Said);
    }

    [Fact]
    public async Task G1_16_What_is_stored_after_its_deadline_is_still_counted_as_arrived()
    {
        // By the time that the writer answers, the server may have given the call's context to another call.
        var written = new TaskCompletionSource<WriteResult>();
        var log = new IngestLog();
        IHeaderDictionary trailers = await Receive((_, _) => written.Task, log, context => ((DefaultHttpContext)context).Uninitialize(), "1m");
        Assert.Equal("4", trailers["grpc-status"].ToString());
        written.SetResult(new WriteResult(WriteOutcome.Committed));
        for (var waited = Stopwatch.StartNew(); log.Read().Counts.Accepted == 0; await Task.Delay(5))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(5), "it was never counted");
        }
    }

    [Fact]
    public async Task G1_17_A_stopping_server_says_goaway_before_it_closes()
    {
        var url = new Uri(_server.GrpcUrl);
        using var socket = new TcpClient();
        await socket.ConnectAsync(url.Host, url.Port);
        NetworkStream stream = socket.GetStream();
        await stream.WriteAsync(RawConnection.Http2Greeting);
        List<byte> types = [];
        Task stop = Task.CompletedTask;
        byte[] head = new byte[9];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, patience.Token) == head.Length)
        {
            await stream.ReadExactlyAsync(new byte[head[0] << 16 | head[1] << 8 | head[2]], patience.Token);
            types.Add(head[3]);
            if (types.Count == 1)
            {
                // The server has spoken HTTP/2: from here on it knows this connection.
                stop = _server.Stop();
            }
        }

        await stop;
        const byte settings = 4, goaway = 7;
        Assert.Equal(settings, types[0]);
        Assert.Contains(goaway, types);
    }

    [Fact]
    public async Task G1_18_Each_port_serves_its_own_protocol_and_names_the_variable_for_the_other()
    {
        using var wrong = new GrpcCalls(_server.Url);
        GrpcAnswer answer = await wrong.Export("logs", Recorded.Bodies("grpc")[0].Bytes);
        Assert.Equal((HttpStatusCode.OK, 12), (answer.Http, answer.Status));
        Assert.Contains("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", answer.Message, StringComparison.Ordinal);
        Assert.Contains($"OTEL_EXPORTER_OTLP_ENDPOINT={_server.GrpcUrl.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}", answer.Message, StringComparison.Ordinal);
        Assert.Equal(0L, _server.Sql("SELECT count(*) FROM otel_events"));
    }
}
