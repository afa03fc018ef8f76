using System.Net;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Receiver;

/// <summary>Who comes to a port with what it does not speak is told so. What is spoken is in the conformance tests.</summary>
public sealed class GrpcTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartWithGrpc();

    public async Task DisposeAsync() => await _server.DisposeAsync();

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
