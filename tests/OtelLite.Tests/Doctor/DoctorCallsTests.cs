using System.Text.Json.Nodes;
using OtelLite.ClaudeSettings;
using OtelLite.Doctor;

namespace OtelLite.Tests.Doctor;

/// <summary>What doctor says of the status line and the hook.</summary>
public sealed class DoctorCallsTests : IDisposable
{
    private readonly Patient _patient = Patient.At($"http://127.0.0.1:{FreePort.Next()}");

    public void Dispose() => _patient.Dispose();

    private string Program
    {
        get
        {
            _patient.Put("bin/otellite", "");
            return Path.Combine(_patient.Path, "bin", "otellite").Replace('\\', '/');
        }
    }

    private static Link Calls(Diagnosis diagnosis) => diagnosis.Links.Single(l => l.Name == "calls");

    private static Link Look(Patient patient, string? statusLine, string? hook = null)
    {
        var settings = new JsonObject { ["env"] = patient.Env.DeepClone() };
        if (statusLine is not null)
        {
            settings["statusLine"] = new JsonObject { ["type"] = "command", ["command"] = statusLine };
        }

        if (hook is not null)
        {
            settings["hooks"] = JsonNode.Parse($$"""{"SessionStart":[{"hooks":[{"type":"command","command":{{JsonValue.Create(hook).ToJsonString()}}}]}]}""");
        }

        patient.Text = settings.ToJsonString();
        return Calls(patient.Look());
    }

    private void AssertFine(string? statusLine, string? hook = null) => Assert.All(Look(_patient, statusLine, hook).Findings, f => Assert.Equal((LinkState.Ok, null), (f.State, f.Remedy)));

    [Fact]
    public void None_a_foreign_one_and_one_that_leads_where_the_telemetry_goes_are_fine()
    {
        AssertFine(null);
        AssertFine("my-line --urls http://localhost:1");
        AssertFine("my-line --then '/gone/otellite statusline'");
        AssertFine("/gone/otellite statusline | sed s/a/b/");
        AssertFine($"{Program} statusline --urls {_patient.Url} --format '{{model}}' --then 'my-line --urls http://localhost:1'", $"{Program} hook --urls {_patient.Url}");
        AssertFine($"{Program} statusline --urls {_patient.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}");
        AssertFine($"{Program} statusline --urls {_patient.Url.Replace("127.0.0.1", "0.0.0.0", StringComparison.Ordinal)}");
    }

    [Fact]
    public void One_that_names_a_program_that_is_not_there_is_odd_and_setup_mends_it()
    {
        Link calls = Look(_patient, $"/gone/otellite statusline --urls {_patient.Url}", $"dotnet /gone/otellite.dll hook --urls {_patient.Url}");
        Assert.Equal([LinkState.Odd, LinkState.Odd], calls.Findings.Select(f => f.State));
        Assert.Equal($"the status line (user settings) calls /gone/otellite, which is not there, for the OtelLite on {_patient.Url}", calls.Findings[0].Says);
        Assert.Equal($"the hook (user settings) calls /gone/otellite.dll, which is not there, for the OtelLite on {_patient.Url}", calls.Findings[1].Says);
        Assert.Equal(["otellite setup --statusline", "otellite setup --hook"], calls.Findings.Select(f => f.Remedy!.Command));
    }

    [Fact]
    public void One_that_leads_elsewhere_than_the_telemetry_is_odd_and_the_remedy_says_where_to()
    {
        foreach (string told in (string[])[" --urls http://localhost:1", ""])
        {
            Link calls = Look(_patient, $"{Program} statusline{told}", $"{Program} hook{told}");
            string place = told.Length > 0 ? "http://localhost:1" : "http://localhost:8080";
            Assert.Equal($"the status line (user settings) calls {Program} for the OtelLite on {place}, while the telemetry goes to {_patient.Url}", calls.Findings[0].Says);
            Assert.Equal(LinkState.Odd, calls.Findings[1].State);
            Assert.Equal("otellite setup --hook", calls.Findings[1].Remedy!.Command);
        }

        // Doctor itself was told of another.
        var others = Options.Read(["--data-dir", _patient.DataDir], _ => null);
        Assert.Equal($"otellite setup --urls {_patient.Url} --statusline", Calls(_patient.Look(options: others)).Findings[0].Remedy!.Command);
    }

    [Fact]
    public void One_that_is_told_what_it_does_not_take_is_odd() => Assert.Equal(
        $"the hook (user settings) calls {Program} with what it does not take: there is no option --ulrs; did you mean --urls?",
        Assert.Single(Look(_patient, null, $"{Program} hook --ulrs x").Findings, f => f.State == LinkState.Odd).Says);

    [Fact]
    public void Of_a_name_the_path_is_looked_along_and_a_setting_may_be_a_variable()
    {
        Assert.Contains("calls otellite, which is not there, ", Look(_patient, "otellite statusline").Worst.Says, StringComparison.Ordinal);
        _ = Program;
        _patient.InShell("PATH", Path.Combine(_patient.Path, "bin")).With("OTELLITE_URLS", _patient.Url);
        AssertFine("otellite statusline");
    }

    [Theory]
    [InlineData("http/json", "http://127.0.0.1:4318")]
    [InlineData("grpc", "http://localhost:4317")]
    public void Telemetry_on_otlps_own_ports_goes_to_the_same_otellite(string protocol, string endpoint)
    {
        _patient.With(ExportVariables.Endpoint, endpoint).With(ExportVariables.Protocol, protocol);
        AssertFine($"{Program} statusline");
    }

    [Fact]
    public void What_an_administrator_or_a_project_calls_is_looked_at_too_and_setup_is_no_remedy_there()
    {
        const string text = """{"statusLine":{"type":"command","command":"/gone/otellite statusline"}}""";
        _patient.Manage(text).Put("project/.claude/settings.json", text);
        IReadOnlyList<Finding> findings = Calls(_patient.Look()).Findings;
        Assert.Equal(["Ask", "Correct"], findings.Select(f => f.Remedy!.Says.Split(' ')[0]));
        Assert.All(findings, f => Assert.Equal((LinkState.Odd, null), (f.State, f.Remedy!.Command)));
    }

    [Fact]
    public async Task Whatever_they_call_the_chain_holds_and_where_otellite_runs_each_of_its_ports_will_do()
    {
        await using RunningServer server = await RunningServer.StartWithGrpc();
        using var patient = Patient.Of(server);
        patient.With(ExportVariables.Protocol, "grpc").With(ExportVariables.Endpoint, server.GrpcUrl);
        Assert.Equal(LinkState.Ok, Look(patient, $"{Program} statusline --urls {server.Url}").State);
        Assert.Equal(LinkState.Odd, Look(patient, $"{Program} statusline").State);
        Assert.Null(patient.Look().Broken);
    }
}
