using System.Net;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Receiver;

/// <summary>OTLP over gRPC: the same export, the same rows, on a port of its own.</summary>
public sealed class GrpcTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartWithGrpc();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_recorded_session_reaches_its_sums(bool gzip)
    {
        foreach (RecordedBody body in Recorded.Bodies("grpc"))
        {
            GrpcAnswer answer = await _server.Grpc.Export(body.Signal, body.Bytes, gzip);
            Assert.Equal((HttpStatusCode.OK, "application/grpc", 0, ""), (answer.Http, answer.ContentType, answer.Status, answer.Message));
            Assert.Equal(new byte[5], answer.Frame);
        }

        ExpectedTotals expected = Recorded.Expected("grpc").Single();
        ExpectedSums.AssertTables(_server.Sql, expected);
        ExpectedSums.AssertSummary(await _server.Get("/api/summary"), expected);
        JsonArray arrived = (await _server.Get("/api/ingest"))["arrived"]!.AsArray();
        Assert.Equal(["metrics grpc 2", "logs grpc 3", "traces grpc 1"], arrived.Select(a => $"{a!["signal"]} {a["encoding"]} {a["exports"]}"));
    }

    [Fact]
    public async Task Http_on_the_port_for_grpc_reads_which_variable_to_change()
    {
        using HttpResponseMessage answer = await _server.Http.PostAsync(
            new Uri(_server.GrpcUrl + "/v1/metrics"), new StringContent(Exports.Commit(), null, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        string message = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["message"]!;
        Assert.Contains($"OTEL_EXPORTER_OTLP_ENDPOINT={_server.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}", message, StringComparison.Ordinal);
        Assert.Contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc", message, StringComparison.Ordinal);
        JsonNode refusal = Assert.Single((await _server.Get("/api/ingest"))["refusals"]!.AsArray())!;
        Assert.Equal((400, message), ((int)refusal["status"]!, (string)refusal["reason"]!));
        Assert.Equal(0L, _server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Fact]
    public async Task Grpc_on_the_port_for_http_reads_which_variable_to_change()
    {
        using var calls = new GrpcCalls(_server.Url);
        GrpcAnswer answer = await calls.Export("logs", Recorded.Bodies("grpc")[0].Bytes);
        Assert.Equal((HttpStatusCode.OK, 12), (answer.Http, answer.Status));
        Assert.Contains("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", answer.Message, StringComparison.Ordinal);
        Assert.Contains($"OTEL_EXPORTER_OTLP_ENDPOINT={_server.GrpcUrl.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}", answer.Message, StringComparison.Ordinal);
        Assert.Equal(0L, _server.Sql("SELECT count(*) FROM otel_events"));
    }

    [Fact]
    public async Task Grpc_where_there_is_no_port_for_it_is_told_so_too()
    {
        await using RunningServer httpOnly = await RunningServer.Start();
        using var calls = new GrpcCalls(httpOnly.Url);
        GrpcAnswer answer = await calls.Export("logs", []);
        Assert.Equal(12, answer.Status);
        Assert.Contains("--otlp-grpc-port", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_tries_tls_is_remembered()
    {
        using RawConnection connection = await RawConnection.Open(_server.Url);
        await connection.Send([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]);
        Assert.True(await connection.IsClosed());
        JsonNode refusal = Assert.Single((await _server.Get("/api/ingest"))["refusals"]!.AsArray())!;
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT=http://", (string)refusal["reason"]!, StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", (string)refusal["client"]!);
    }
}
