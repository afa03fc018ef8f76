using System.Text.Json.Nodes;
using OtelLite.ClaudeSettings;
using OtelLite.Tests.ClaudeSettings;

namespace OtelLite.Tests.Doctor;

/// <summary><c>otellite doctor</c> as it is typed.</summary>
public sealed class DoctorCommandTests : IDisposable
{
    private readonly TemporaryHome _home = new();

    public void Dispose() => _home.Dispose();

    private Task<(int Exit, string Out, string Error)> Doctor(RunningServer server, params string[] arguments) =>
        _home.Run(["doctor", "--urls", server.Url, "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", ServerClient.TestToken, .. arguments]);

    [Fact]
    public async Task Set_up_by_setup_the_chain_holds_and_it_says_so_without_the_token()
    {
        await using RunningServer server = await RunningServer.Start();
        Assert.Equal(0, (await _home.Run("setup", "--urls", server.Url, "--token", ServerClient.TestToken)).Exit);
        (int exit, string output, string error) = await Doctor(server);
        Assert.Equal((0, ""), (exit, error));
        string[] lines = output.Split('\n');
        Assert.StartsWith("+ ok       server", lines[0], StringComparison.Ordinal);
        Assert.Contains($"\nThe chain holds: what Claude Code does from its next start on shows on {server.Url}.\n", output, StringComparison.Ordinal);
        Assert.Contains("OTEL_EXPORTER_OTLP_HEADERS=Authorization=…  from user settings", output, StringComparison.Ordinal);
        Assert.DoesNotContain(ServerClient.TestToken, output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
    }

    [Fact]
    public async Task A_broken_link_is_told_at_the_end_with_a_line_to_type_and_the_exit_code_is_1()
    {
        await using RunningServer server = await RunningServer.Start();
        await _home.Run("setup", "--urls", server.Url, "--token", ServerClient.TestToken);
        JsonNode settings = JsonNode.Parse(await File.ReadAllTextAsync(_home.Settings))!;
        settings["env"]![ExportVariables.Protocol] = "http\u001b[2J";
        _home.Write(settings.ToJsonString());
        (int exit, string output, _) = await Doctor(server);
        Assert.Equal(1, exit);
        Assert.Contains("\nX BROKEN   protocol", output, StringComparison.Ordinal);
        Assert.Contains("\n\nBROKEN: protocol. OTEL_EXPORTER_OTLP_PROTOCOL (user settings) is \"http·[2J\": ", output, StringComparison.Ordinal);
        Assert.EndsWith(
            $"\nRemedy: Let setup set OTEL_EXPORTER_OTLP_PROTOCOL to http/json, and start Claude Code again:\n\n    otellite setup --urls {server.Url} --token TOKEN\n\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);

        (exit, output, _) = await Doctor(server, "--json");
        JsonNode json = JsonNode.Parse(output)!;
        Assert.Equal((1, false, "protocol"), (exit, (bool)json["isWhole"]!, (string)json["broken"]!));
        Assert.Equal($"otellite setup --urls {server.Url} --token TOKEN", (string)json["command"]!);
        Assert.Equal(
            ["server", "settings", "switch", "exporters", "protocol", "endpoint", "headers", "diverted", "calls", "export", "refused", "arrived", "client"],
            json["links"]!.AsArray().Select(l => (string)l!["name"]!));
        Assert.Equal(["broken"], json["links"]![4]!["findings"]!.AsArray().Select(f => (string)f!["state"]!));
        JsonNode headers = json["variables"]!.AsArray().Single(v => (string)v!["name"]! == ExportVariables.Headers)!;
        Assert.Equal(("Authorization=…", "user settings", _home.Settings, true), ((string)headers["value"]!, (string)headers["from"]!, (string)headers["path"]!, (bool)headers["wins"]!));
    }

    [Fact]
    public async Task Without_a_server_it_says_how_to_start_one_and_makes_nothing()
    {
        (int exit, string output, string error) = await _home.Run("doctor", "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--otlp-http-port", "0", "--otlp-grpc-port", "0");
        Assert.Equal((1, ""), (exit, error));
        Assert.Contains("\nBROKEN: server. OtelLite does not run on http://127.0.0.1:", output, StringComparison.Ordinal);
        Assert.Contains("\n\n    otellite --urls http://127.0.0.1:", output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_home.Path));
    }

    [Fact]
    public async Task What_can_not_be_meant_is_exit_2()
    {
        (int exit, string output, string error) = await _home.Run("doctor", "--settings", "nosuch.json");
        Assert.Equal((2, ""), (exit, output));
        Assert.StartsWith("otellite: --settings: there is no file ", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_value_is_cut_and_of_headers_only_names_are_shown()
    {
        var endpoint = new OtelLite.Doctor.Found(ExportVariables.Endpoint, []);
        Assert.Equal(Limits.ShownVariableCharactersMax, endpoint.Shown(new string('x', Limits.ShownVariableCharactersMax)).Length);
        Assert.Equal(new string('x', Limits.ShownVariableCharactersMax) + "…", endpoint.Shown(new string('x', Limits.ShownVariableCharactersMax + 1)));
        var headers = new OtelLite.Doctor.Found(ExportVariables.Headers, []);
        Assert.Equal("a=…,Authorization=…,…,…", headers.Shown("a=1, Authorization=Bearer secret=,secret,Authorization: Bearer secret="));
    }
}
