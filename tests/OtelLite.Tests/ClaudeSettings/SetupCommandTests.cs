using System.CommandLine;
using System.Text.Json.Nodes;
using OtelLite.ClaudeSettings;
using OtelLite.Commands;

namespace OtelLite.Tests.ClaudeSettings;

/// <summary><c>otellite setup</c> as it is typed.</summary>
public sealed class SetupCommandTests : IDisposable
{
    private readonly TemporaryHome _home = new();

    public void Dispose() => _home.Dispose();

    private string TokenFile => Path.Combine(_home.DataDir, Token.FileName);

    [Fact]
    public async Task Set_up_again_and_undone_it_says_what_it_did_and_never_the_token()
    {
        _home.Write("""{"env":{"OTEL_METRICS_EXPORTER":"con\u001b[31msole","OTEL_EXPORTER_OTLP_HEADERS":"Authorization=Bearer mine"}}""");
        (int exit, string output, string error) = await _home.Run("setup", "claude-code", "--urls", "http://127.0.0.1:9090");
        Assert.Equal((0, ""), (exit, error));
        string token = (await File.ReadAllTextAsync(TokenFile)).Trim();
        Assert.Equal($"Authorization=Bearer {token}", (string)_home.Env[ExportVariables.Headers]!);
        Assert.Contains("OTEL_METRICS_EXPORTER set to otlp (was con·[31msole)", output, StringComparison.Ordinal);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT set to http://127.0.0.1:9090\n", output, StringComparison.Ordinal);
        Assert.Contains("must be started again", output, StringComparison.Ordinal);
        Assert.Contains(Assert.Single(_home.Backups), output, StringComparison.Ordinal);
        (exit, string again, _) = await _home.Run("setup", "--urls", "http://127.0.0.1:9090");
        Assert.Equal((0, $"nothing to change: {_home.Settings} sends to http://127.0.0.1:9090 already"), (exit, again.Trim()));
        (exit, string undone, _) = await _home.Run("setup", "--undo");
        Assert.Equal(0, exit);
        Assert.Contains("The file is as it was before.\nCopies that setup made are still there", undone, StringComparison.Ordinal);
        Assert.EndsWith("\nSessions that run already go on sending until they end.\n", undone, StringComparison.Ordinal);
        Assert.Contains("Run otellite --data-dir", (await _home.Run("setup", "--data-dir", _home.DataDir)).Out, StringComparison.Ordinal);
        await _home.Run("setup", "--undo");
        Assert.DoesNotContain(token, output + again + undone, StringComparison.Ordinal);
        Assert.DoesNotContain("Bearer", output + again + undone, StringComparison.Ordinal);
        (exit, string nothing, _) = await _home.Run("setup", "--undo");
        Assert.Equal(0, exit);
        Assert.StartsWith("nothing to undo: otellite setup does not remember", nothing, StringComparison.Ordinal);
        Assert.Contains("by hand: OTEL_METRICS_EXPORTER, OTEL_EXPORTER_OTLP_HEADERS.", nothing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_up_for_another_machine_the_export_goes_there_with_its_token_and_no_folder_is_made_here()
    {
        await _home.Run("setup", "--statusline", "--hook", "--urls", "http://127.0.0.1:9090");
        File.Delete(TokenFile);
        (int exit, string output, string error) = await _home.Run("setup", "--to", "https://hub.example:8443/", "--token", "laptop-token");
        Assert.Equal(0, exit);
        Assert.Contains("NODE_EXTRA_CA_CERTS", error, StringComparison.Ordinal);
        Assert.DoesNotContain("laptop-token", output, StringComparison.Ordinal);
        Assert.Equal(("https://hub.example:8443", "Authorization=Bearer laptop-token"), ((string)_home.Env[ExportVariables.Endpoint]!, (string)_home.Env[ExportVariables.Headers]!));
        Assert.DoesNotContain("statusline", await File.ReadAllTextAsync(_home.Settings), StringComparison.Ordinal);
        Assert.False(File.Exists(TokenFile));
        (exit, output, _) = await _home.Run("setup", "--to", "http://10.0.0.1:8080", "--token", "laptop-token", "--print");
        Assert.Equal(0, exit);
        Assert.Contains("export OTEL_EXPORTER_OTLP_ENDPOINT=http://10.0.0.1:8080\n", output, StringComparison.Ordinal);
        Assert.Equal("https://hub.example:8443", (string)_home.Env[ExportVariables.Endpoint]!);
    }

    [Theory]
    [InlineData("needs a token of that OtelLite", "--to", "https://hub.example")]
    [InlineData("such as https://hub.example:8080", "--to", "hub.example:8080", "--token", "t")]
    [InlineData("such as https://hub.example:8080", "--to", "https://hub.example/v1/logs", "--token", "t")]
    [InlineData("hand over to an OtelLite on this machine", "--to", "https://hub.example", "--token", "t", "--statusline")]
    [InlineData("can't be had together", "--to", "https://hub.example", "--undo")]
    public async Task What_another_machine_does_not_go_with_is_said(string says, params string[] arguments)
    {
        (int exit, _, string error) = await _home.Run(["setup", .. arguments]);
        Assert.Equal(2, exit);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_up_for_another_data_folder_all_is_one_setup_and_undone_whole()
    {
        const string before = """{"statusLine":{"type":"command","command":"mine"}}""";
        _home.Write(before);
        await _home.Run("setup", "--statusline", "--hook", "--urls", "http://127.0.0.1:9090");
        (int exit, _, string error) = await _home.Run("setup", "--urls", "http://127.0.0.1:9191", "--data-dir", Path.Combine(_home.Path, "other"));
        Assert.Equal((0, ""), (exit, error));
        string settings = await File.ReadAllTextAsync(_home.Settings);
        // The status line and the hook go along without being asked for.
        Assert.Equal(3, settings.Split("9191").Length - 1);
        Assert.DoesNotContain("9090", settings, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(_home.Path, "other"), recursive: true);
        await _home.Run("setup", "--undo");
        Assert.Equal(before, await File.ReadAllTextAsync(_home.Settings));
    }

    [Fact]
    public async Task Shown_only_the_status_line_and_hook_are_shown_too_and_nothing_is_written()
    {
        (int exit, string shown, _) = await _home.Run("setup", "--print", "--json", "--statusline", "--hook", "--urls", "http://127.0.0.1:9090");
        Assert.Equal(0, exit);
        JsonNode json = JsonNode.Parse(shown)!;
        Assert.Matches("statusline .*--urls http://127.0.0.1:9090", (string)json["statusLine"]!["command"]!);
        Assert.Matches("hook .*--urls http://127.0.0.1:9090", (string)json["hooks"]!["SessionStart"]![0]!["hooks"]![0]!["command"]!);
        Assert.False(Directory.Exists(_home.Claude));
    }

    [Fact]
    public async Task Shown_only_it_writes_nothing_and_the_settings_are_json_for_a_program()
    {
        (int exit, string output, string error) = await _home.Run("setup", "--print");
        Assert.Equal(0, exit);
        Assert.Contains("no token yet", error, StringComparison.Ordinal);
        Assert.All((string[])["export CLAUDE_CODE_ENABLE_TELEMETRY=1", "set -gx OTEL_LOGS_EXPORTER otlp", "$env:OTEL_METRICS_EXPORTER = \"otlp\"", "\"env\": {"], line => Assert.Contains(line, output, StringComparison.Ordinal));
        (exit, output, error) = await _home.Run("setup", "--print", "--json", "--token", "mine");
        Assert.Equal((0, ""), (exit, error));
        Assert.Equal(ExportVariables.For("http://localhost:8080", "mine"), JsonNode.Parse(output)!["env"]!.AsObject().Select(m => (m.Key, (string)m.Value!)));
        Assert.Empty(Directory.GetFileSystemEntries(_home.Path));
    }

    [Fact]
    public async Task The_first_start_of_the_server_tells_of_it_once()
    {
        string[] serve = ["--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"];
        Assert.True(await _home.Says("otellite setup", serve));
        Assert.False(await _home.Says("otellite setup", serve));
    }

    [Fact]
    public async Task What_is_installed_finds_the_folders_that_this_shell_has_moved()
    {
        string config = Path.Combine(_home.Path, "moved", "otellite", "otellite.json");
        Directory.CreateDirectory(Path.GetDirectoryName(config)!);
        await File.WriteAllTextAsync(config, "{}");
        string share = Path.Combine(_home.Path, "data-home");
        (int exit, _, string error) = await _home.RunWith(
            new() { ["XDG_CONFIG_HOME"] = Path.Combine(_home.Path, "moved"), ["XDG_DATA_HOME"] = share, ["OTELLITE_DATA_DIR"] = null }, "setup", "--statusline");
        Assert.True(exit == 0, error);
        string line = (string)JsonNode.Parse(await File.ReadAllTextAsync(_home.Settings))!["statusLine"]!["command"]!;
        if (OperatingSystem.IsLinux())
        {
            Assert.EndsWith($"statusline --config {config} --data-dir {Path.Combine(share, "otellite")}", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_clients_own_folder_is_where_it_says_it_is()
    {
        string there = Path.Combine(_home.Path, "there");
        (int exit, _, string error) = await _home.RunWith(new() { [ClaudeFolders.DirVariable] = there, ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = "http://x" }, "setup");
        Assert.Equal(0, exit);
        Assert.Contains("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", error, StringComparison.Ordinal);
        Assert.Equal(["settings.json", "settings.json" + SetupMemory.Suffix], Directory.GetFiles(there).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.False(Directory.Exists(_home.Claude));
    }

    [Fact]
    public async Task What_can_not_be_done_is_one_sentence_and_exit_1()
    {
        _home.Write("{\"a\": 1,}");
        (int exit, string output, string error) = await _home.Run("setup");
        Assert.Equal((1, ""), (exit, output));
        Assert.StartsWith($"otellite: {_home.Settings} is not valid at line 1, column 9:", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
        (exit, output, error) = await _home.RunWith(new() { ["HOME"] = "nowhere" }, "setup");
        Assert.Equal((1, ""), (exit, output));
        Assert.Contains(ClaudeFolders.DirVariable, Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--print", "--undo")]
    [InlineData("--undo", "--statusline")]
    [InlineData("--hook", "--no-hook")]
    [InlineData("--json", null)]
    [InlineData("codex", null)]
    [InlineData("--urls", "http://localhost:0")]
    public async Task What_can_not_be_meant_is_exit_2(string word, string? other)
    {
        (int exit, string output, string error) = await _home.Run(["setup", word, .. other is null ? (string[])[] : [other]]);
        Assert.Equal((2, ""), (exit, output));
        Assert.Single(error.Trim().Split('\n'));
        Assert.False(File.Exists(_home.Settings));
    }

    [Theory]
    [InlineData("http://localhost:8080", "http://localhost:8080")]
    [InlineData("http://10.0.0.1:80;http://[::1]:9090", "http://[::1]:9090")]
    [InlineData("http://10.0.0.1:8080;http://0.0.0.0:9090", "http://127.0.0.1:9090")]
    [InlineData("http://[::]:9090", "http://127.0.0.1:9090")]
    [InlineData("http://10.0.0.1:8080", "http://localhost:4318")]
    public void The_endpoint_is_on_this_machine(string urls, string endpoint) =>
        Assert.Equal(endpoint, SetupCommand.Endpoint(Options.Read(["--urls", urls, "--data-dir", "/d"], _ => null)));

    [Fact]
    public void Without_any_on_this_machine_it_is_the_address_itself() =>
        Assert.Equal("http://10.0.0.1:8080", SetupCommand.Endpoint(Options.Read(["--urls", "http://10.0.0.1:8080", "--otlp-http-port", "0", "--data-dir", "/d"], _ => null)));

    [Fact]
    public void What_the_settings_would_call_is_offered_exactly_when_there_is_such_a_command()
    {
        RootCommand root = CommandLine.Root();
        Command setup = root.Subcommands.Single(c => c.Name == "setup");
        foreach (string called in (string[])["statusline", "hook"])
        {
            bool exists = root.Subcommands.Any(c => c.Name == called);
            Assert.Equal((!exists, !exists), (setup.Options.Single(o => o.Name == $"--{called}").Hidden, setup.Options.Single(o => o.Name == $"--no-{called}").Hidden));
        }
    }
}
