using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>What .NET does by itself that a receiver must not: each measured on the SDK that this is built with, each with the body that would spring it.</summary>
public sealed class DotNetTrapsTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private Probe Logs => new(shared.Server, "logs");

    private Probe Metrics => new(shared.Server, "metrics");

    // GZipStream ends without a word where its input ends, and what it gave out until then may be a whole request of its own.
    [Fact]
    public async Task N_01_A_truncated_gzip_never_passes_as_a_shorter_request()
    {
        Probe logs = Logs;
        byte[] one = logs.Protobuf("\x1a\x03one"u8.ToArray());
        byte[] two = logs.Protobuf("\x1a\x03two"u8.ToArray());
        using var packed = new MemoryStream();
        int first;
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(one);
            gzip.Flush();
            first = (int)packed.Length;
            gzip.Write(two);
        }

        byte[] whole = packed.ToArray();
        using (var trap = new GZipStream(new MemoryStream(whole[..first]), CompressionMode.Decompress))
        using (var inflated = new MemoryStream())
        {
            // The trap is there: no exception, and a request that can be decoded.
            trap.CopyTo(inflated);
            Assert.Equal(one, inflated.ToArray());
        }

        foreach (int length in (int[])[first, whole.Length - 8, whole.Length - 1, 1, 0])
        {
            (await logs.Post(whole[..length], "application/x-protobuf", "gzip")).AssertBad("application/x-protobuf");
        }

        Assert.Equal(0, logs.Count);
        Assert.Equal(HttpStatusCode.OK, (await logs.Post(whole, "application/x-protobuf", "gzip")).Status);
        Assert.Equal("one\ntwo", logs.Rows("severity_text"));
    }

    // ASP.NET's own decompression hands on what it does not know as it came, makes 500 of what is corrupt and answers a bomb with nothing.
    [Fact]
    public async Task N_02_Codings_are_read_refused_and_bounded_with_an_answer_that_says_so()
    {
        Probe logs = Logs;
        byte[] plain = Encoding.UTF8.GetBytes(logs.Json("""{"severityText":"x"}"""));
        (await logs.Post(Exports.Gzip(plain), encoding: "x-gzip")).AssertAccepted();
        Assert.Equal("x", logs.Rows("severity_text"));
        foreach (string encoding in (string[])["gzip, gzip", "br", "nosuch"])
        {
            ExportAnswer unknown = await logs.Post([.. plain, (byte)' '], encoding: encoding);
            Assert.Equal((HttpStatusCode.UnsupportedMediaType, 3), (unknown.Status, (int)unknown.Json["code"]!));
        }

        byte[] corrupt = Exports.Gzip([.. plain, (byte)'\n']);
        corrupt[corrupt.Length / 2] ^= 0xFF;
        (await logs.Post(corrupt, encoding: "gzip")).AssertBad("application/json");
        ExportAnswer bomb = await logs.Post(Exports.Gzip(new byte[(64 << 20) + 1]), encoding: "gzip");
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, 8), (bomb.Status, (int)bomb.Json["code"]!));
        Assert.Equal(1, logs.Count);
    }

    // Utf8JsonReader throws InvalidOperationException, not JsonException, when such a text is asked for.
    [Fact]
    public async Task N_03_Half_a_surrogate_pair_costs_its_text_alone_wherever_text_may_stand()
    {
        const string cut = @"x\ud83d", kept = "x\uFFFD";
        string value = $$$$"""{"stringValue":"{{{{cut}}}}"}""";
        string map = $$$"""{"kvlistValue":{"values":[{"key":"{{{cut}}}","value":{{{value}}}}]}}""";
        Probe logs = await Logs.Stored($$$$"""{"{{{{cut}}}}":1,"severityText":"{{{{cut}}}}","eventName":"{{{{cut}}}}","body":{{{{map}}}},"attributes":[{"key":"{{{{cut}}}}","value":{{{{map}}}} },{"key":"session.id","value":{{{{value}}}} }]}""");
        Assert.Equal(
            $$$"""{{{kept}}} | {{{kept}}} | {"{{{kept}}}":"{{{kept}}}"} | {"{{{kept}}}":{"{{{kept}}}":"{{{kept}}}"},"session.id":"{{{kept}}}"} | {{{kept}}}""",
            logs.Rows("severity_text, event_name, body, attributes, session_id"));
        Probe metrics = await Metrics.Stored($$$"""{"name":"{{{cut}}}","unit":"{{{cut}}}","description":"{{{cut}}}","gauge":{"dataPoints":[{"timeUnixNano":1,"asInt":1,"exemplars":[{"filteredAttributes":[{"key":"{{{cut}}}","value":{{{value}}}}]}]}]}}""");
        Assert.Equal($"{kept} | {kept} | {kept} {kept}", metrics.Rows("""
            metric_name, unit, (SELECT key || ' ' || value FROM json_each(exemplars, '$[0].filteredAttributes'))
            """));
        string id = Guid.NewGuid().ToString("N");
        Probe traces = await new Probe(shared.Server, "traces").Stored($$$"""
            {"traceId":"{{{id}}}","spanId":"{{{id[..16]}}}","name":"{{{cut}}}","traceState":"{{{cut}}}","status":{"message":"{{{cut}}}"},"events":[{"name":"{{{cut}}}"}],"links":[{"traceState":"{{{cut}}}"}]}
            """);
        Assert.Equal($"{kept} | {kept} | {kept} | {kept} | {kept}", traces.Rows("name, trace_state, status_message, events ->> '$[0].name', links ->> '$[0].traceState'"));
        using HttpResponseMessage envelope = await shared.Server.Post("/v1/logs", $$$"""
            {"resourceLogs":[{"schemaUrl":"{{{cut}}}","scopeLogs":[{"schemaUrl":"{{{cut}}}","scope":{"name":"N_03 {{{cut}}}","version":"{{{cut}}}"},"logRecords":[{}]}]}]}
            """);
        Assert.Equal(HttpStatusCode.OK, envelope.StatusCode);
        Assert.Equal($"{kept} | {kept}\n", shared.Server.Rows($"SELECT version, schema_url FROM otel_scope WHERE name = 'N_03 {kept}'"));
    }

    // The reader's own depth of 64 allows 18 arrays in each other under a log's body.
    [Theory]
    [InlineData(18)]
    [InlineData(19)]
    [InlineData(64)]
    [InlineData(80)]
    public async Task N_04_Values_may_nest_deeper_than_the_reader_allows_by_itself(int depth)
    {
        string nested = string.Concat(Enumerable.Repeat("""{"arrayValue":{"values":[""", depth)) + string.Concat(Enumerable.Repeat("]}}", depth));
        string stored = new string('[', depth) + new string(']', depth);
        Assert.Equal(stored, (await Logs.Stored($$$$"""{"body":{{{{nested}}}} }""")).Rows("body"));
        Probe protobuf = Logs;
        ExportAnswer answer = await protobuf.Post(
            OtlpSchema.ToProtobuf("LogsRequest", JsonNode.Parse(protobuf.Json($$$$"""{"body":{{{{nested}}}} }"""), null, new() { MaxDepth = 1000 })!), "application/x-protobuf");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(stored, protobuf.Rows("body"));
    }

    // TryGetInt64 refuses 1e2 and 1.0, GetDouble makes infinity of 1e999, and a byte order mark is refused.
    [Fact]
    public async Task N_05_Numbers_are_read_by_ProtoJSONs_rules_and_a_byte_order_mark_is_passed_over()
    {
        Probe metrics = await Metrics.Stored("""{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":1e0,"asInt":1e2},{"timeUnixNano":1.0,"asInt":"1.0"}]}}""");
        Assert.Equal("100 | integer\n1 | integer", metrics.Rows("sent_value, typeof(sent_value)"));
        (await Metrics.Send("""{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":1,"asDouble":1e999}]}}""")).AssertBadJson();
        Probe marked = Logs;
        (await marked.Post([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(marked.Json("""{"severityText":"x"}"""))])).AssertAccepted();
        Assert.Equal("x", marked.Rows("severity_text"));
    }

    // Kestrel ends a body at 30,000,000 bytes, gRPC's library a message at 4 MiB (G1-07).
    [Fact]
    public async Task N_06_A_body_past_Kestrels_own_limit_is_taken()
    {
        Probe logs = Logs;
        byte[] body = Encoding.UTF8.GetBytes(logs.Json("""{"severityText":"x"}""").PadRight(31_000_000));
        ExportAnswer answer = await logs.Post(body);
        // The room for large bodies is the process's: tests beside this one may have all of it for longer than a body waits. A client tries again.
        for (int i = 0; i < 20 && answer.Status == HttpStatusCode.ServiceUnavailable; i++)
        {
            answer = await logs.Post(body);
        }

        answer.AssertAccepted();
        Assert.Equal("x", logs.Rows("severity_text"));
    }

    // TryGetBytesFromBase64 takes neither unpadded nor URL-safe base64.
    [Theory]
    [InlineData("-_8")]
    [InlineData("-_8=")]
    [InlineData("+/8")]
    public async Task N_07_Base64_that_the_reader_refuses_is_read(string sent)
    {
        string value = $$$$"""{"bytesValue":"{{{{sent}}}}"}""";
        string nested = Export.Array(Export.Map(Export.Attribute("k", value)));
        Assert.Equal("""[{"k":"+/8="}]""", (await Logs.Stored($$$$"""{"body":{{{{nested}}}} }""")).Rows("body"));
        Probe metrics = await Metrics.Stored(
            $$$"""{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":1,"asInt":1,"attributes":[{"key":"a","value":{{{value}}}}],"exemplars":[{"filteredAttributes":[{"key":"a","value":{{{value}}}}]}]}]}}""");
        Assert.Equal("+/8= | +/8=", metrics.Rows("attributes ->> 'a', exemplars ->> '$[0].filteredAttributes.a'"));
    }

    // Kestrel answers and resets the connection under a client that is still writing, which sees a broken pipe and sends it all again.
    [Fact]
    public async Task N_08_A_413_is_read_by_a_client_that_sends_chunk_after_chunk_before_it_reads()
    {
        const int max = 4096;
        await using RunningServer server = await RunningServer.Start(null, "--max-body", max.ToString(CultureInfo.InvariantCulture));
        using RawConnection connection = await RawConnection.Open(server.Url);
        await connection.Send(RawConnection.Head("POST", "/v1/logs", $"Authorization: Bearer {ServerClient.TestToken}", "Content-Type: application/json", "Transfer-Encoding: chunked"));
        byte[] chunk = [.. "10000\r\n"u8, .. Enumerable.Repeat((byte)' ', 1 << 16), .. "\r\n"u8];
        for (int sent = 0; sent < 8 << 20; sent += 1 << 16)
        {
            await connection.Send(chunk);
        }

        await connection.Send("0\r\n\r\n");
        RawAnswer answer = await connection.Read();
        Assert.Equal((413, 8), (answer.Status, (int)answer.Json["code"]!));
        // The connection goes on.
        await connection.Post("/v1/logs", "{}"u8.ToArray());
        Assert.Equal(200, (await connection.Read()).Status);
    }
}
