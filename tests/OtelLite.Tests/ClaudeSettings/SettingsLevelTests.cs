using OtelLite.ClaudeSettings;
using OtelLite.Commands;

namespace OtelLite.Tests.ClaudeSettings;

/// <summary>Whose settings say what, and who wins.</summary>
public sealed class SettingsLevelTests : IDisposable
{
    private readonly TemporaryHome _home = new();

    public void Dispose() => _home.Dispose();

    private string Managed => Path.Combine(_home.Path, "managed");

    private IReadOnlyList<SettingsLevel> Levels => SettingsLevel.Read(new ClaudeFolders(_home.Claude, Managed));

    private void Manage(string file, string text)
    {
        string path = Path.Combine(Managed, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    [Fact]
    public void An_administrators_files_win_the_later_first_and_the_users_is_named_also_where_there_is_none()
    {
        Manage("managed-settings.json", "{}");
        Manage("managed-settings.d/10.json", "{}");
        Manage("managed-settings.d/20.json", "{ broken");
        Assert.Equal(["20.json", "10.json", "managed-settings.json", "settings.json"], Levels.Select(l => Path.GetFileName(l.Path)));
        Assert.Equal([true, true, true, false], Levels.Select(l => l.IsManaged));
        Assert.Equal([true, false, false, false], Levels.Select(l => l.Trouble is not null));
        Assert.Null(Levels[^1].Text);
    }

    // Seen with 2.1.330: text, numbers and booleans work, null does not hurt, and a mark at the beginning of the file does not either.
    [Fact]
    public void A_variable_is_what_the_client_takes_it_for()
    {
        _home.Write("\uFEFF{\"env\": {\"A\": \"1\", \"B\": 1, \"C\": true, \"D\": null, \"E\": {}}, \"unknown\": 1}");
        SettingsLevel user = Levels[^1];
        Assert.Equal(["1", "1", "true", null, null, null], "ABCDEF".Select(name => user.Variable($"{name}")));
        Assert.Equal(["A", "B", "C", "D", "E"], user.Variables);
    }

    [Fact]
    public void What_wins_over_the_user_or_leads_astray_is_told_by_its_name()
    {
        Manage("managed-settings.json", """{"env":{"CLAUDE_CODE_ENABLE_TELEMETRY":"0","OTEL_LOGS_EXPORTER":"otlp","OTEL_EXPORTER_OTLP_LOGS_ENDPOINT":"http://x"}}""");
        string[] warnings = [.. SetupReport.OfOthers(Levels, ExportVariables.For("http://localhost:8080", "t"), name => name == "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" ? "http://x" : null)];
        Assert.Equal(2, warnings.Length);
        Assert.Contains("managed-settings.json sets CLAUDE_CODE_ENABLE_TELEMETRY, OTEL_EXPORTER_OTLP_LOGS_ENDPOINT and wins", warnings[0], StringComparison.Ordinal);
        Assert.Contains("this shell has OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,", warnings[1], StringComparison.Ordinal);
        Assert.Empty(SetupReport.OfOthers([], ExportVariables.For("", ""), _ => null));
    }

    [Fact]
    public void The_users_folder_is_the_one_that_the_client_is_told_or_its_own_in_the_home()
    {
        Assert.Equal("/there", ClaudeFolders.Of(name => name == ClaudeFolders.DirVariable ? "/there" : "/home/dev").User);
        Assert.Equal(Path.Combine("/home/dev", ".claude"), ClaudeFolders.Of(name => name == "HOME" ? "/home/dev" : null).User);
        Assert.Null(ClaudeFolders.Of(name => name == "HOME" ? "nowhere" : null).User);
    }
}
