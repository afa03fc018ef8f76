using System.Net;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>Section 1 of the checklist: what a request of OTLP/HTTP may look like.</summary>
public sealed class HttpRequestTests : IAsyncLifetime
{
    private const string Metrics = "/v1/metrics";

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start(null, "--durability", "normal");

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private long Stored => (long)_server.Sql(Wire.CountAll)!;

    private async Task AssertTaken(string signal, string table)
    {
        RawAnswer answer = await _server.Export($"/v1/{signal}", Wire.Bytes(Wire.Body(signal)), Wire.Json);
        Assert.Equal((200, "{}"), (answer.Status, answer.Text));
        Assert.Equal(20L, _server.Sql($"SELECT count(DISTINCT {(table == "otel_spans" ? "span_id" : "time_unix_nano")}) FROM {table}"));
        Assert.Equal(20, Stored);
    }

    // Nothing of it is stored, and the next export is taken.
    private async Task<RawAnswer> AssertRefused(int status, string method, string path, byte[] body, params string[] headers)
    {
        RawAnswer answer = await _server.Ask(method, path, body, headers);
        Assert.Equal(status, answer.Status);
        Assert.Equal(0, Stored);
        Assert.Equal(200, (await _server.Export(Metrics, "{}"u8.ToArray(), Wire.Json)).Status);
        return answer;
    }

    [Fact]
    public Task H_01_Metrics_are_taken_by_post_to_their_path() => AssertTaken("metrics", "otel_metrics");

    [Fact]
    public Task H_02_Traces_are_taken_by_post_to_their_path() => AssertTaken("traces", "otel_spans");

    [Fact]
    public Task H_03_Logs_are_taken_by_post_to_their_path() => AssertTaken("logs", "otel_events");

    [Fact]
    public async Task H_04_Profiles_are_answered_as_any_unknown_path()
    {
        RawAnswer answer = await AssertRefused(404, "POST", "/v1development/profiles", "{}"u8.ToArray(), Wire.Json);
        Assert.Equal(12, (int)answer.Status()["code"]!);
    }

    [Theory]
    [InlineData("/otlp/v1/metrics")]
    [InlineData("/a/deep/base/v1/metrics")]
    public async Task H_05_A_base_path_may_stand_before_the_signals_path(string path)
    {
        // No setting is offered: every base path is taken, since the endpoint that users set is a base.
        Assert.Equal(200, (await _server.Export(path, Wire.Bytes(Wire.Body("metrics")), Wire.Json)).Status);
        Assert.Equal(20, Stored);
    }

    [Fact]
    public async Task H_06_The_json_type_selects_the_json_decoder()
    {
        await AssertRefused(400, "POST", Metrics, Wire.ProtobufBody("metrics"), Wire.Json);
        Assert.Equal(200, (await _server.Export(Metrics, Wire.Bytes(Wire.Body("metrics")), Wire.Json)).Status);
        Assert.Equal(20, Stored);
    }

    [Theory]
    [InlineData("metrics", "otel_metrics")]
    [InlineData("logs", "otel_events")]
    [InlineData("traces", "otel_spans")]
    public async Task H_07_The_protobuf_type_selects_the_binary_decoder_and_leaves_the_same_rows(string signal, string table)
    {
        await AssertRefused(400, "POST", $"/v1/{signal}", Wire.Bytes(Wire.Body(signal)), Wire.Protobuf);
        Assert.Equal(200, (await _server.Export($"/v1/{signal}", Wire.ProtobufBody(signal), Wire.Protobuf)).Status);
        string fromProtobuf = _server.Stored(signal, "true");

        // A span is kept once: the other server has the other encoding's.
        await using RunningServer other = await RunningServer.Start(null, "--durability", "normal");
        Assert.Equal(200, (await other.Export($"/v1/{signal}", Wire.Bytes(Wire.Body(signal)), Wire.Json)).Status);
        Assert.Equal(20L, other.Sql($"SELECT count(*) FROM {table}"));
        Assert.Equal(other.Stored(signal, "true"), fromProtobuf);
    }

    [Fact]
    public async Task H_08_Json_and_protobuf_take_turns_on_one_connection()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        for (int i = 0; i < 10; i++)
        {
            string type = i % 2 == 0 ? Wire.Json : Wire.Protobuf;
            await connection.Request("POST", Metrics, Wire.Body("metrics", type, 1, Exports.Noon + i), Wire.Token, type);
            RawAnswer answer = await connection.Read();
            Assert.Equal((200, type), (answer.Status, $"Content-Type: {answer.Header("Content-Type")}"));
        }

        Assert.Equal(10L, _server.Sql("SELECT count(DISTINCT time_unix_nano) FROM otel_metrics"));
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/json;charset=\"utf-8\"")]
    [InlineData("APPLICATION/JSON")]
    [InlineData("Application/X-Protobuf")]
    [InlineData("application/x-protobuf; messageType=\"x.y.Z\"")]
    public async Task H_09_Parameters_and_letter_case_of_the_media_type_do_not_matter(string type)
    {
        bool protobuf = type.Contains("rotobuf", StringComparison.Ordinal);
        RawAnswer answer = await _server.Export(Metrics, Wire.Body("metrics", protobuf ? Wire.Protobuf : Wire.Json), $"Content-Type: {type}");
        Assert.Equal((200, protobuf ? "application/x-protobuf" : "application/json"), (answer.Status, answer.Header("Content-Type")));
        Assert.Equal(20, Stored);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/grpc")]
    [InlineData("application/jsonx")]
    [InlineData("application/protobuf")]
    [InlineData("invalid")]
    [InlineData("")]
    [InlineData(null)]
    public async Task H_10_Another_type_or_none_is_415_with_a_status_that_says_which_protocol_to_set(string? type)
    {
        RawAnswer answer = await AssertRefused(415, "POST", Metrics, Wire.Bytes(Wire.Body("metrics")), type is null ? [] : [$"Content-Type: {type}"]);
        Assert.Equal("application/json", answer.Header("Content-Type"));
        Assert.Equal(3, (int)answer.Json["code"]!);
        Assert.Contains("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf or http/json", (string)answer.Json["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    [InlineData("HEAD")]
    public async Task H_11_Another_method_is_405_and_says_which_is_allowed(string method)
    {
        foreach (string signal in Wire.Signals)
        {
            RawAnswer answer = await AssertRefused(405, method, $"/v1/{signal}", Wire.Bytes(Wire.Body(signal)), Wire.Json);
            Assert.Equal("POST", answer.Header("Allow"));
            if (method != "HEAD")
            {
                Assert.Equal(12, (int)answer.Json["code"]!);
            }
        }
    }

    [Theory]
    [InlineData("/v1/nosuch")]
    [InlineData("/v1/metrics/x")]
    [InlineData("/v1/metricsx")]
    [InlineData("/v1/")]
    [InlineData("/v1")]
    [InlineData("/nosuch")]
    public async Task H_12_An_unknown_path_is_404_with_a_status_that_says_where_exports_go(string path)
    {
        RawAnswer answer = await AssertRefused(404, "POST", path, Wire.Bytes(Wire.Body("metrics")), Wire.Json);
        Assert.Equal(12, (int)answer.Status()["code"]!);
        Assert.Contains("/v1/metrics", (string)answer.Status()["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/metrics/")]
    [InlineData("/v1/v1/metrics")]
    [InlineData("//v1/metrics")]
    [InlineData("/v1/traces/v1/metrics")]
    public async Task H_12_A_path_that_clients_make_of_a_wrong_endpoint_is_taken(string path)
    {
        // Protobuf does not say which signal it holds; the end of the path does.
        Assert.Equal(200, (await _server.Export(path, Wire.ProtobufBody("metrics"), Wire.Protobuf)).Status);
        Assert.Equal(20L, _server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Theory]
    [InlineData("1.0")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task H_13_Http_1_is_served_and_so_is_http_2_by_prior_knowledge(string version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _server.Url + Metrics)
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent(Wire.Body("metrics"), null, "application/json"),
        };
        using HttpResponseMessage answer = await _server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(20, Stored);
    }

    [Theory]
    [InlineData(Wire.Json, "gzip")]
    [InlineData(Wire.Protobuf, "gzip")]
    public async Task H_14_Gzip_is_taken_in_both_encodings_and_leaves_the_same_rows(string type, string encoding)
    {
        foreach (string signal in Wire.Signals)
        {
            byte[] plain = Wire.Body(signal, type);
            Assert.Equal(200, (await _server.Export($"/v1/{signal}", Exports.Gzip(plain), type, $"Content-Encoding: {encoding}")).Status);
            string stored = _server.Stored(signal, "true");
            await using RunningServer other = await RunningServer.Start(null, "--durability", "normal");
            Assert.Equal(200, (await other.Export($"/v1/{signal}", plain, type)).Status);
            Assert.Equal(other.Stored(signal, "true"), stored);
        }

        Assert.Equal(60, Stored);
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("Identity")]
    [InlineData("")]
    [InlineData(null)]
    public async Task H_15_No_compression_may_be_said_or_left_out(string? encoding)
    {
        string[] headers = encoding is null ? [Wire.Json] : [Wire.Json, $"Content-Encoding: {encoding}"];
        Assert.Equal(200, (await _server.Export(Metrics, Wire.Bytes(Wire.Body("metrics")), headers)).Status);
        Assert.Equal(20, Stored);
    }

    [Theory]
    [InlineData("GZIP")]
    [InlineData("GZip")]
    [InlineData("x-gzip")]
    [InlineData("X-GZIP")]
    public async Task H_16_Gzip_goes_by_its_other_names_too(string encoding)
    {
        Assert.Equal(200, (await _server.Export(Metrics, Exports.Gzip(Wire.Bytes(Wire.Body("metrics"))), Wire.Json, $"Content-Encoding: {encoding}")).Status);
        Assert.Equal(20, Stored);
    }

    [Theory]
    [InlineData(Wire.Json)]
    [InlineData(Wire.Protobuf)]
    public async Task H_17_Gzip_in_several_members_is_one_body(string type)
    {
        byte[] plain = Wire.Body("metrics", type);
        byte[] members = [.. Exports.Gzip(plain.AsSpan(0, 100)), .. Exports.Gzip([]), .. Exports.Gzip(plain.AsSpan(100))];
        Assert.Equal(200, (await _server.Export(Metrics, members, type, Wire.Gzip)).Status);
        Assert.Equal(20, Stored);
    }

    [Theory]
    [InlineData(Wire.Json, 1)]
    [InlineData(Wire.Protobuf, 1)]
    [InlineData(Wire.Json, 0)]
    [InlineData(Wire.Protobuf, 0)]
    public async Task H_18_What_is_announced_as_gzip_and_is_none_is_400_in_the_requests_encoding(string type, int records)
    {
        // A body of no bytes is no gzip either.
        RawAnswer answer = await AssertRefused(400, "POST", Metrics, records == 0 ? [] : Wire.Body("metrics", type, records), type, Wire.Gzip);
        Assert.Equal(type, $"Content-Type: {answer.Header("Content-Type")}");
        Assert.Equal(3, (int)answer.Status()["code"]!);
        Assert.Contains("gzip", (string)answer.Status()["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Wire.Json)]
    [InlineData(Wire.Protobuf)]
    public async Task H_19_Gzip_that_is_cut_short_or_damaged_is_400_and_stores_nothing(string type)
    {
        // Long enough that a cut body holds whole records. .NET's own reader takes every one of these without a word.
        byte[] whole = Exports.Gzip(Wire.Body("metrics", type, 2000));
        foreach (int missing in (int[])[1, 4, 8, 9, 200, whole.Length / 2, whole.Length - 10, whole.Length - 1])
        {
            RawAnswer cut = await _server.Export(Metrics, whole[..^missing], type, Wire.Gzip);
            Assert.Equal((400, 3), (cut.Status, (int)cut.Status()["code"]!));
        }

        foreach (int place in (int[])[8, 5, 4, 1])
        {
            // Of the checksum, then of the length.
            byte[] damaged = [.. whole];
            damaged[^place] ^= 1;
            Assert.Equal(400, (await _server.Export(Metrics, damaged, type, Wire.Gzip)).Status);
        }

        Assert.Equal(0, Stored);
        Assert.Equal(200, (await _server.Export(Metrics, whole, type, Wire.Gzip)).Status);
        Assert.Equal(2000, Stored);
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip, gzip")]
    [InlineData("nosuch")]
    public async Task H_20_An_unknown_coding_is_refused_and_never_read_as_plain(string encoding)
    {
        RawAnswer answer = await AssertRefused(415, "POST", Metrics, Wire.Bytes(Wire.Body("metrics")), Wire.Json, $"Content-Encoding: {encoding}");
        Assert.Equal("gzip", answer.Header("Accept-Encoding"));
        Assert.Contains(encoding, (string)answer.Json["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("deflate")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    public async Task H_21_Codings_beside_gzip_are_not_offered_and_the_answer_says_which_to_set(string encoding)
    {
        RawAnswer answer = await AssertRefused(415, "POST", Metrics, Wire.Bytes(Wire.Body("metrics")), Wire.Json, $"Content-Encoding: {encoding}");
        Assert.Equal("gzip", answer.Header("Accept-Encoding"));
        Assert.Contains("OTEL_EXPORTER_OTLP_COMPRESSION", (string)answer.Json["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Wire.Json, false)]
    [InlineData(Wire.Json, true)]
    [InlineData(Wire.Protobuf, false)]
    [InlineData(Wire.Protobuf, true)]
    public async Task H_22_A_body_may_come_in_chunks_of_one_byte(string type, bool gzip)
    {
        byte[] body = Wire.Body("metrics", type, 2);
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Send(RawConnection.Head("POST", Metrics, [Wire.Token, type, "Transfer-Encoding: chunked", .. gzip ? [Wire.Gzip] : Array.Empty<string>()]));
        await connection.Send([.. (gzip ? Exports.Gzip(body) : body).SelectMany(b => (byte[])[(byte)'1', 13, 10, b, 13, 10]), .. "0\r\n\r\n"u8]);
        Assert.Equal(200, (await connection.Read()).Status);
        Assert.Equal(2, Stored);
    }

    [Fact]
    public async Task H_23_A_client_that_asks_first_is_told_to_go_on()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        byte[] body = Wire.Bytes(Wire.Body("metrics"));
        await connection.Send(RawConnection.Head("POST", Metrics, Wire.Token, Wire.Json, $"Content-Length: {body.Length}", "Expect: 100-continue"));
        Assert.Equal(100, (await connection.Read()).Status);
        await connection.Send(body);
        Assert.Equal(200, (await connection.Read()).Status);
        Assert.Equal(20, Stored);
    }

    [Fact]
    public async Task H_24_Many_connections_at_once_lose_nothing_and_count_nothing_twice()
    {
        const int connections = 8, exports = 20, points = 50;
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async client =>
        {
            using RawConnection connection = await RawConnection.Open(_server.Url);
            for (int i = 0; i < exports; i++)
            {
                string type = i % 2 == 0 ? Wire.Json : Wire.Protobuf;
                await connection.Request("POST", Metrics, Wire.Body("metrics", type, points, Exports.Noon + (client * exports + i) * points), Wire.Token, type);
                Assert.Equal(200, (await connection.Read()).Status);
            }
        }));
        const int all = connections * exports * points;
        Assert.Equal($"{all} | {all}\n", _server.Rows("SELECT count(*), count(DISTINCT time_unix_nano) FROM otel_metrics"));
        JsonNode summary = await _server.Get("/api/summary");
        Assert.Equal(all, (int)summary["commits"]!);
    }

    [Fact]
    public async Task H_25_One_connection_carries_a_thousand_exports_good_and_bad()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        for (int i = 0; i < 1000; i++)
        {
            await connection.Post(Metrics, i % 2 == 0 ? Wire.Bytes(Exports.Commit(Exports.Noon + i)) : "{"u8.ToArray());
            RawAnswer answer = await connection.Read();
            Assert.Equal(i % 2 == 0 ? 200 : 400, answer.Status);
            Assert.NotEqual("close", answer.Header("Connection"));
        }

        Assert.Equal(500, Stored);
    }
}
