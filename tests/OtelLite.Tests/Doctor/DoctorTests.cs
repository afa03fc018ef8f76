using OtelLite.ClaudeSettings;
using OtelLite.Doctor;

namespace OtelLite.Tests.Doctor;

/// <summary>One server with all its ports, for all tests that only ask it.</summary>
public sealed class GrpcServer : IAsyncLifetime
{
    internal RunningServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await RunningServer.StartWithGrpc();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>Each way to set Claude Code up wrong that was seen with 2.1.330, with the link that is named for it; and the ways that work.</summary>
public sealed class DoctorTests(GrpcServer shared) : IClassFixture<GrpcServer>, IDisposable
{
    private const string Endpoint = ExportVariables.Endpoint, Protocol = ExportVariables.Protocol, Headers = ExportVariables.Headers, Switch = ExportVariables.Switch;
    private const string Metrics = "OTEL_METRICS_EXPORTER", Logs = "OTEL_LOGS_EXPORTER";

    // Stand in a test's data for what is known only when the server runs.
    private const string Url = "URL", Grpc = "GRPC", HostAndPort = "HOST", Tls = "TLS";

    private readonly Patient _patient = Patient.Of(shared.Server);

    public void Dispose() => _patient.Dispose();

    private RunningServer Server => shared.Server;

    private static void AssertBroken(Diagnosis diagnosis, string link, string says, string remedy = "")
    {
        Assert.NotNull(diagnosis.Broken);
        Finding worst = diagnosis.Broken.Worst;
        Assert.Equal(link, diagnosis.Broken.Name);
        Assert.Contains(says, worst.Says, StringComparison.Ordinal);
        Assert.Contains(remedy, $"{worst.Remedy!.Says} {worst.Remedy.Command}", StringComparison.Ordinal);
    }

    private static void AssertOdd(Diagnosis diagnosis, string link, string says)
    {
        Assert.Null(diagnosis.Broken);
        Assert.Contains(diagnosis.Links.Single(l => l.Name == link).Findings, f => f.State == LinkState.Odd && f.Says.Contains(says, StringComparison.Ordinal));
    }

    private static void AssertWhole(Diagnosis diagnosis)
    {
        Assert.True(diagnosis.Broken is null, diagnosis.Broken?.Worst.Says);
        Assert.True(diagnosis.IsSeenToArrive);
    }

    private string? Real(string? value) => value?.Replace(Url, Server.Url, StringComparison.Ordinal).Replace(Grpc, Server.GrpcUrl, StringComparison.Ordinal)
        .Replace(HostAndPort, new Uri(Server.Url).Authority, StringComparison.Ordinal).Replace(Tls, $"https://{new Uri(Server.Url).Authority}", StringComparison.Ordinal);

    [Theory]
    [InlineData(Switch, "true")]
    [InlineData(Protocol, null)]
    [InlineData(Protocol, "http/protobuf")]
    [InlineData(Endpoint, "URL/")]
    [InlineData(Endpoint, "URL/user")]
    [InlineData(Headers, "x-mine=1,Authorization=Bearer%20test-token")]
    public void What_works_is_whole(string name, string? value) => AssertWhole(_patient.With(name, Real(value)).Look());

    [Fact]
    public void What_works_over_grpc_is_whole() => AssertWhole(_patient.With(Protocol, "grpc").With(Endpoint, Server.GrpcUrl).Look());

    [Theory]
    [InlineData(Switch, "0", "switch", "telemetry is off", "set CLAUDE_CODE_ENABLE_TELEMETRY to 1")]
    [InlineData(Switch, null, "switch", "nothing sets CLAUDE_CODE_ENABLE_TELEMETRY", "otellite setup")]
    [InlineData(Protocol, "http", "protocol", "knows no such protocol and sends nothing at all", "http/json")]
    [InlineData(Metrics, "otel", "exporters", "no exporter \"otel\"", "set OTEL_METRICS_EXPORTER to otlp")]
    [InlineData(Metrics, null, "exporters", "metrics are not exported: nothing sets", "otlp")]
    [InlineData(Logs, null, "exporters", "logs are not exported: nothing sets", "otlp")]
    [InlineData(Metrics, "none", "exporters", "(user settings) is \"none\", so lines of code", "set OTEL_METRICS_EXPORTER to otlp")]
    [InlineData(Logs, "none", "exporters", "(user settings) is \"none\", so prompts", "set OTEL_LOGS_EXPORTER to otlp")]
    [InlineData(Logs, "console", "exporters", "logs are not exported", "set OTEL_LOGS_EXPORTER to otlp")]
    [InlineData(Endpoint, HostAndPort, "endpoint", "which is no URL", "URL")]
    [InlineData(Endpoint, "localhost:4318", "endpoint", "port 443", "URL")]
    [InlineData(Endpoint, "not a url", "endpoint", "takes http://localhost:4318 instead", "URL")]
    [InlineData(Endpoint, "4318", "endpoint", "which is no URL", "URL")]
    [InlineData(Endpoint, null, "endpoint", "is not set, which means http://localhost:4318", "URL")]
    [InlineData(Endpoint, Tls, "endpoint", "without TLS", "URL")]
    [InlineData(Endpoint, "http://localhost:1", "endpoint", "the wrong port", "URL")]
    [InlineData(Endpoint, Grpc, "endpoint", "takes OTLP over gRPC, and Claude Code speaks HTTP", "URL")]
    [InlineData(Protocol, "grpc", "endpoint", "takes OTLP over HTTP, and Claude Code speaks grpc", "http/json")]
    [InlineData(Headers, "Authorization: Bearer test-token", "headers", "has a colon behind \"Authorization\"", "Authorization=Bearer TOKEN")]
    [InlineData(Headers, "Authorization: Bearer dGVzdA==", "headers", "has a colon behind \"Authorization\"", "Authorization=Bearer TOKEN")]
    [InlineData(Headers, "Authorization", "headers", "is not of the form Name=Value", "TOKEN")]
    [InlineData(Headers, "x-mine=1", "headers", "has no \"Authorization=Bearer TOKEN\"", "TOKEN")]
    [InlineData(Headers, null, "headers", "no token is sent", "TOKEN")]
    [InlineData(Headers, "Authorization=Bearer other", "headers", "refused with 401", "TOKEN")]
    public void A_variable_that_is_wrong_is_named_with_its_remedy(string name, string? value, string link, string says, string remedy)
    {
        AssertBroken(_patient.With(name, Real(value)).Look(), link, says, Real(remedy)!);
    }

    [Theory]
    [InlineData("// a comment\n{\"env\": {}}", "a comment is not JSON")]
    [InlineData("{\"env\": {}, }", "a comma stands before a closing bracket")]
    [InlineData("{\"env\": []}", "\"env\" is not an object")]
    [InlineData("{\"env\": {}, \"permissions\": {\"allow\": \"Bash\"}}", "\"permissions.allow\" is not a list")]
    [InlineData("{\"env\": {}, \"permissions\": 1}", "\"permissions\" is not an object")]
    public void A_file_that_the_client_ignores_whole_is_named_and_what_stood_in_it_is_unknown(string text, string says)
    {
        _patient.Text = text;
        Diagnosis diagnosis = _patient.Look();
        AssertBroken(diagnosis, "settings", says, _patient.Settings);
        Assert.Single(diagnosis.Links, l => l.State == LinkState.Broken);
    }

    [Theory]
    [InlineData("\uFEFF")]
    [InlineData("")]
    public void A_mark_at_the_beginning_and_keys_and_values_that_the_client_does_not_know_hurt_nothing(string before)
    {
        string env = _patient.Env.ToJsonString();
        _patient.Text = $"{before}{{\"unknownKey\": 1, \"env\": {env[..^1]}, \"X\": null}}}}";
        AssertWhole(_patient.Look());
    }

    [Fact]
    public void Numbers_and_booleans_are_taken_as_the_client_takes_them()
    {
        _patient.Text = "{\"env\": " + _patient.Env.ToJsonString().Replace("\"CLAUDE_CODE_ENABLE_TELEMETRY\":\"1\"", "\"CLAUDE_CODE_ENABLE_TELEMETRY\":true", StringComparison.Ordinal) + "}";
        AssertWhole(_patient.Look());
    }

    [Theory]
    [InlineData(Metrics, "otlp,console", "exporters", "printed among")]
    [InlineData(Switch, "yes", "switch", "not every version")]
    [InlineData(Endpoint, "URL/v1/logs", "endpoint", "/v1/logs/v1/logs")]
    public void What_arrives_all_the_same_is_odd_and_not_broken(string name, string value, string link, string says) =>
        AssertOdd(_patient.With(name, Real(value)).Look(), link, says);

    [Fact]
    public void Both_exporters_off_is_broken() =>
        AssertBroken(_patient.With(Metrics, "none").With(Logs, "console").Look(), "exporters", "metrics are not exported");

    [Theory]
    [InlineData("none")]
    [InlineData(null)]
    public void Traces_may_be_off(string? exporter) => AssertWhole(_patient.With("OTEL_TRACES_EXPORTER", exporter).With(ExportVariables.Traces, "1").Look());

    [Fact]
    public void The_users_settings_win_over_the_shell_and_both_are_shown()
    {
        Diagnosis diagnosis = _patient.InShell(Endpoint, "http://localhost:1/shell").InShell(Switch, "0").Look();
        AssertWhole(diagnosis);
        Found endpoint = diagnosis.Variables.Single(v => v.Name == Endpoint);
        Assert.Equal([("user settings", Server.Url), ("this shell", "http://localhost:1/shell")], endpoint.All.Select(s => (s.Origin.Name, s.Value)));
    }

    [Fact]
    public void An_administrators_settings_win_over_all_and_the_remedy_is_to_ask() =>
        AssertBroken(
            _patient.Manage("{\"env\":{\"CLAUDE_CODE_ENABLE_TELEMETRY\":\"0\"}}").InShell(Switch, "1").Look("{\"env\":{\"CLAUDE_CODE_ENABLE_TELEMETRY\":\"1\"}}"),
            "switch", "(managed settings) is \"0\"", "Ask whoever administers");

    [Fact]
    public void What_is_given_as_settings_wins_over_the_users_and_the_shell()
    {
        _patient.Put("given.json", "{\"env\":{\"OTEL_EXPORTER_OTLP_PROTOCOL\":\"http\"}}");
        string path = Path.Combine(_patient.Path, "given.json");
        AssertBroken(_patient.InShell(Protocol, "http/json").Look(path), "protocol", "(--settings) is \"http\"", $"in {path}");
        AssertBroken(_patient.Look("{ broken"), "settings", "the JSON of --settings is not valid");
        Assert.Throws<UsageException>(() => _patient.Look(path + ".not"));
    }

    [Theory]
    [InlineData("settings.json")]
    [InlineData("settings.local.json")]
    public void A_projects_settings_are_ignored_by_the_client_and_that_is_said(string file)
    {
        _patient.Put($"project/.claude/{file}", "{\"env\":{\"CLAUDE_CODE_ENABLE_TELEMETRY\":\"1\",\"MINE\":\"1\"}}");
        AssertOdd(_patient.Look(), "settings", "sets CLAUDE_CODE_ENABLE_TELEMETRY: Claude Code ignores these");
        _patient.Text = "{}";
        Diagnosis diagnosis = _patient.Look();
        AssertBroken(diagnosis, "switch", "nothing sets");
        Assert.Contains(diagnosis.Links.Single(l => l.Name == "settings").Findings, f => f.State == LinkState.Odd);
    }

    [Fact]
    public void What_a_project_sets_in_vain_is_to_be_taken_out_there_once_the_user_settings_have_it()
    {
        string project = Path.Combine(_patient.Path, "project", ".claude", "settings.json");
        Remedy Remedy(string name)
        {
            _patient.Put("project/.claude/settings.json", $"{{\"env\":{{\"{name}\":\"1\",\"{Protocol}\":\"grpc\"}}}}");
            return _patient.Look().Links.Single(l => l.Name == "settings").Worst.Remedy!;
        }

        Remedy both = Remedy(Switch), traces = Remedy(ExportVariables.Traces);
        Assert.Equal(($"Take them out of {project}: the settings that count set them already", null), (both.Says, both.Command));
        Assert.Equal(($"Take them out of {project}; if you want {ExportVariables.Traces}, put that into your user settings, where it counts", null), (traces.Says, traces.Command));
        _patient.With(Switch, null);
        Assert.Equal("otellite setup", Remedy(Switch).Command);
        Assert.Contains($"and take them out of {project}", Remedy(Switch).Says, StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_setup_sets_is_counted_and_shown()
    {
        Diagnosis diagnosis = _patient.Look();
        int count = ExportVariables.For("", "").Count;
        Assert.Contains(diagnosis.Links.Single(l => l.Name == "settings").Findings, f => f.Says.EndsWith($"settings.json sets {count} telemetry variables", StringComparison.Ordinal));
        Assert.Equal(ExportVariables.For("", "").Select(v => v.Name).Order(), diagnosis.Variables.Select(v => v.Name).Order());
    }

    [Fact]
    public void Settings_that_the_client_is_told_not_to_read_are_named()
    {
        AssertBroken(_patient.Look(sources: "project,local"), "settings", "--setting-sources leaves them out", "user");
        AssertWhole(_patient.Look(sources: "user, project"));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://localhost:1/shell/m", "leads metrics astray", "unset OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "URL/shell/m", "to /shell/m, where OtelLite receives nothing", "unset")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "localhost:1", "leads logs astray", "unset")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http", "sends nothing at all", "unset")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc", "is not for that", "unset")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "Authorization=Bearer other", "refused with 401", "unset")]
    public void A_signal_that_the_shell_leads_astray_is_named_and_the_other_arrives(string name, string value, string says, string remedy)
    {
        Diagnosis diagnosis = _patient.InShell(name, Real(value)!).Look();
        AssertBroken(diagnosis, "diverted", says, remedy);
        Assert.Contains(diagnosis.Links.Single(l => l.Name == "export").Findings, f => f.State == LinkState.Ok);
    }

    [Fact]
    public void A_signal_with_an_endpoint_of_its_own_that_is_this_server_is_odd()
    {
        AssertOdd(_patient.InShell("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", Server.Url + "/v1/metrics").Look(), "diverted", "this OtelLite too");
        AssertOdd(_patient.InShell("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", Server.Url).Look(), "diverted", "this OtelLite too");
    }

    [Fact]
    public void Headers_that_a_program_makes_are_said_to_be_unknown()
    {
        _patient.With(Headers, null);
        _patient.Text = $"{{\"otelHeadersHelper\": \"/bin/mine\", \"env\": {_patient.Env.ToJsonString()}}}";
        AssertOdd(_patient.Look(), "settings", "otelHeadersHelper");
    }
}
