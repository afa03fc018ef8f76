using System.Text;
using System.Text.Json.Nodes;
using OtelLite.ClaudeSettings;

namespace OtelLite.Tests.ClaudeSettings;

/// <summary>What setup does to a settings file, and that it can take it back.</summary>
public sealed class SetupTests : IDisposable
{
    private const string Endpoint = "http://localhost:8080";
    private const string Own = "/opt/otellite";

    private const string Before = """
        {
            "model": "opus",
            "env": {
                "OTEL_METRICS_EXPORTER": "console",
                "FOO": "bar"
            },
            "permissions": { "allow": ["Bash(ls:*)"] }
        }
        """;

    private readonly TemporaryHome _home = new();
    private DateTime _now = new(2026, 1, 31, 12, 0, 0);

    public void Dispose() => _home.Dispose();

    private Setup Setup => new(_home.Settings, _now = _now.AddSeconds(1));

    private SetupOutcome Apply(bool? statusLine = null, bool? hook = null, string token = "t", string own = Own) =>
        Setup.Apply(new SetupWish(ExportVariables.For(Endpoint, token), statusLine, hook, new OwnCommand([own], [])));

    private string Text => File.ReadAllText(_home.Settings);

    private JsonNode Json => JsonNode.Parse(Text)!;

    [Fact]
    public void All_that_is_needed_is_merged_as_text_and_everything_else_stays_where_it_was()
    {
        _home.Write(Before);
        SetupOutcome outcome = Apply();
        Assert.All(ExportVariables.For(Endpoint, "t"), v => Assert.Equal(v.Value, (string)_home.Env[v.Name]!));
        Assert.Equal("bar", (string)_home.Env["FOO"]!);
        Assert.Equal(["model", "env", "permissions"], Json.AsObject().Select(m => m.Key));
        Assert.Contains("\n    \"permissions\": { \"allow\": [\"Bash(ls:*)\"] }\n}", Text, StringComparison.Ordinal);
        Assert.Contains("\n        \"FOO\": \"bar\",\n        \"CLAUDE_CODE_ENABLE_TELEMETRY\": \"1\"", Text, StringComparison.Ordinal);
        Assert.Contains(outcome.Changes, c => c is { Name: "OTEL_METRICS_EXPORTER", Was: "\"console\"", Now: "\"otlp\"" });
        Assert.Equal(Before, File.ReadAllText(Assert.Single(_home.Backups)));
        Assert.Equal(_home.Backups[0], outcome.Backup);
    }

    [Fact]
    public void The_second_time_there_is_nothing_to_change_and_nothing_is_written()
    {
        _home.Write(Before);
        Apply();
        string text = Text;
        DateTime written = File.GetLastWriteTimeUtc(_home.Settings);
        Assert.Empty(Apply().Changes);
        Assert.Equal((text, written), (Text, File.GetLastWriteTimeUtc(_home.Settings)));
        Assert.Single(_home.Backups);
    }

    [Theory]
    [InlineData(Before)]
    [InlineData("\uFEFF{\r\n\t\"env\": {\"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT\": \"http://elsewhere\", \"A\": \"1\"}\r\n}\r\n")]
    [InlineData("{\"statusLine\":{\"type\":\"command\",\"command\":\"echo 'hi'\",\"padding\":0}}")]
    [InlineData("{\"x\\ud83d\":\"\\ude00\",\"statusLine\":{\"command\":\"echo \\ud83d\"},\"env\":{\"OTEL_LOGS_EXPORTER\":\"\\ud83d\",\"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT\":\"\\ud83d\"}}")]
    [InlineData("{\"env\":{\"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT\":\"http://a\", \"A\":\"1\",\"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT\":\"http://b\",\"OTEL_LOGS_EXPORTER\":\"a\",\"OTEL_LOGS_EXPORTER\":\"b\"}}")]
    [InlineData("{ }")]
    [InlineData("\n")]
    public void Undone_it_is_to_the_byte_what_it_was(string before)
    {
        _home.Write(before);
        Apply(statusLine: true, hook: true);
        Apply(statusLine: true, hook: true, token: "another");
        Assert.True(Setup.Undo()!.IsWhole);
        Assert.Equal(Encoding.UTF8.GetBytes(before), File.ReadAllBytes(_home.Settings));
        Assert.Null(Setup.Undo());
    }

    [Fact]
    public void Half_a_surrogate_pair_keeps_nothing_from_being_taken_back()
    {
        _home.Write("{\n  \"env\": {\"OTEL_LOGS_EXPORTER\": {\"a\":\"\\ud83d\"}}\n}");
        Apply(statusLine: true, hook: true);
        _home.Write(Text.Replace("{\n", "{\n  \"mine\": \"\\ud83d\",\n", StringComparison.Ordinal));
        Setup.Undo();
        Assert.Contains("\"mine\": \"\\ud83d\"", Text, StringComparison.Ordinal);
        Assert.Equal(["OTEL_LOGS_EXPORTER"], Json["env"]!.AsObject().Select(m => m.Key));
    }

    [Fact]
    public void A_file_that_setup_made_is_its_owners_alone_and_is_gone_when_undone()
    {
        Apply(statusLine: true);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_home.Settings));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_home.Settings + SetupMemory.Suffix));
        }

        Assert.Empty(_home.Backups);
        Assert.True(Setup.Undo()!.IsWhole);
        Assert.Empty(Directory.GetFileSystemEntries(_home.Claude));
    }

    [Fact]
    public void Undone_what_the_user_has_changed_since_stays_and_what_was_overwritten_comes_back()
    {
        _home.Write("""{"env":{"OTEL_METRICS_EXPORTER":"console","OTEL_EXPORTER_OTLP_LOGS_HEADERS":"a=b"}}""");
        Apply();
        _home.Write(Text.Replace(Endpoint, "http://mine", StringComparison.Ordinal).Replace("\"env\"", "\"theme\":\"dark\",\"env\"", StringComparison.Ordinal));
        SetupOutcome outcome = Setup.Undo()!;
        Assert.False(outcome.IsWhole);
        Assert.Equal("""{"theme":"dark","env":{"OTEL_EXPORTER_OTLP_ENDPOINT":"http://mine","OTEL_METRICS_EXPORTER":"console","OTEL_EXPORTER_OTLP_LOGS_HEADERS":"a=b"}}""",
            Sorted(Text));
        Assert.Contains(outcome.Changes, c => c is { Name: ExportVariables.Endpoint, IsLeft: true });

        static string Sorted(string text)
        {
            JsonObject node = JsonNode.Parse(text)!.AsObject();
            string[] order = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_LOGS_HEADERS"];
            node["env"] = new JsonObject(node["env"]!.AsObject().OrderBy(m => Array.IndexOf(order, m.Key)).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone())));
            return node.ToJsonString();
        }
    }

    [Fact]
    public void Undone_after_the_client_wrote_the_file_anew_only_what_setup_put_in_is_gone()
    {
        _home.Write(Before);
        Apply(statusLine: true, hook: true);
        // Claude Code writes the whole file when a setting is changed in it.
        JsonNode changed = Json;
        changed["theme"] = "dark";
        _home.Write(changed.ToJsonString());
        Setup.Undo();
        Assert.Equal("""{"model":"opus","env":{"OTEL_METRICS_EXPORTER":"console","FOO":"bar"},"permissions":{"allow":["Bash(ls:*)"]},"theme":"dark"}""", Json.ToJsonString());
    }

    [Fact]
    public void A_change_between_two_setups_outlives_the_undoing_of_both()
    {
        _home.Write("{\"a\":1}");
        Apply();
        _home.Write(Text.Replace("\"a\":1", "\"a\":2", StringComparison.Ordinal));
        Apply(token: "another");
        Setup.Undo();
        Assert.Equal("{\"a\":2}", Text);
    }

    [Fact]
    public void Variables_of_one_signal_that_lead_astray_are_taken_out()
    {
        _home.Write("""{"env":{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT":"http://x","OTEL_EXPORTER_OTLP_LOGS_PROTOCOL":"grpc","OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":"http://y"}}""");
        SetupOutcome outcome = Apply();
        Assert.Equal(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], _home.Env.AsObject().Select(m => m.Key).Except(ExportVariables.For("", "").Select(v => v.Name)));
        Assert.Equal(2, outcome.Changes.Count(c => c.Now is null));
    }

    [Fact]
    public void One_that_stands_there_twice_is_taken_out_twice_and_comes_back_as_it_counted()
    {
        _home.Write("""{"env":{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT":"http://a","OTEL_EXPORTER_OTLP_LOGS_ENDPOINT":"http://b"}}""");
        SetupOutcome outcome = Apply();
        Assert.DoesNotContain("LOGS_ENDPOINT", Text, StringComparison.Ordinal);
        Assert.Equal("\"http://b\"", Assert.Single(outcome.Changes, c => c.Now is null).Was);
        Assert.Empty(Apply().Changes);
        _home.Write(Text.Replace("{\"env\"", "{\"x\":1,\"env\"", StringComparison.Ordinal));
        Setup.Undo();
        Assert.Equal("""{"x":1,"env":{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT":"http://b"}}""", Text);
    }

    [Fact]
    public void What_was_right_already_stays_the_users_when_setup_is_undone()
    {
        _home.Write("""{"env":{"OTEL_LOGS_EXPORTER":"otlp"}}""");
        Apply();
        _home.Write(Text.Replace("{\"env\"", "{\"x\":1,\"env\"", StringComparison.Ordinal));
        Setup.Undo();
        Assert.Equal("""{"x":1,"env":{"OTEL_LOGS_EXPORTER":"otlp"}}""", Text);
    }

    [Fact]
    public void The_status_line_that_is_there_is_run_too_and_never_displaced()
    {
        _home.Write("""{"statusLine":{"type":"command","command":"~/bin/line --it's","padding":0}}""");
        Apply(statusLine: true);
        Assert.Equal("""{"type":"command","command":"/opt/otellite statusline --then '~/bin/line --it'\\''s'","padding":0}""", Node(Json["statusLine"]!));
        Assert.Empty(Apply(statusLine: true).Changes);
        Apply(statusLine: true, own: "/new place/otellite");
        Assert.Equal("""{"type":"command","command":"'/new place/otellite' statusline --then '~/bin/line --it'\\''s'","padding":0}""", Node(Json["statusLine"]!));
        Apply(statusLine: false);
        Assert.Equal("""{"type":"command","command":"~/bin/line --it's","padding":0}""", Node(Json["statusLine"]!));
        Assert.Empty(Apply(statusLine: false).Changes);

        static string Node(JsonNode node) => node.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    [Theory]
    [InlineData("--then 'a | b' --format '{model}|5h {5h}'")]
    [InlineData("--then='a | b' --format={model}'|5h '{5h}")]
    [InlineData("\"--then\" \"a | b\" --format=\"{model}|5h {5h}\"")]
    [InlineData("--data-dir \"/my data\" --then \"a | b\" '--format={model}|5h {5h}'")]
    public void What_somebody_added_to_our_own_line_stays_when_setup_runs_again(string added) => Assert.Equal(
        "/x statusline --format '{model}|5h {5h}' --then 'a | b'", new OwnCommand(["/x"], []).StatusLine($"/old/otellite statusline {added}"));

    [Fact]
    public void The_hook_stands_beside_those_that_are_there_once_and_goes_alone()
    {
        _home.Write("""{"hooks":{"SessionStart":[{"matcher":"startup","hooks":[{"type":"command","command":"mine"}]}],"Stop":[]}}""");
        Apply(hook: true);
        Assert.Equal("""[{"matcher":"startup","hooks":[{"type":"command","command":"mine"}]},{"hooks":[{"type":"command","command":"/opt/otellite hook"}]}]""",
            Json["hooks"]!["SessionStart"]!.ToJsonString());
        Assert.Empty(Apply(hook: true).Changes);
        Apply(hook: true, own: "/elsewhere/otellite");
        Assert.Equal("/elsewhere/otellite hook", (string)Assert.Single(Json["hooks"]!["SessionStart"]!.AsArray().Skip(1))!["hooks"]![0]!["command"]!);
        Apply(hook: false);
        Assert.Equal("""{"SessionStart":[{"matcher":"startup","hooks":[{"type":"command","command":"mine"}]}],"Stop":[]}""", Json["hooks"]!.ToJsonString());
        Assert.Equal("1", (string)_home.Env[ExportVariables.Switch]!);
    }

    [Theory]
    [InlineData("otellite statusline", true)]
    [InlineData("'/new place/otellite' statusline --data-dir '/my data' --then 'it'\\''s | mine'", true)]
    [InlineData("/usr/bin/dotnet '/a b/otellite.dll' statusline", true)]
    [InlineData("C:/Tools/otellite.exe statusline", true)]
    [InlineData("\"/new place/otellite\" \"statusline\" --format \"it's {model}\"", true)]
    [InlineData("otellite statusline --format \"$FORMAT\"", false)]
    [InlineData("otellite statusline --format \"`cat format`\"", false)]
    [InlineData("otellite statusline --format \"a\\\"b\"", false)]
    [InlineData("otellite statusline --format \"a", false)]
    [InlineData("otellite statusline | sed s/a/b/", false)]
    [InlineData("my-line otellite statusline", false)]
    [InlineData("/opt/not-otellite statusline", false)]
    [InlineData("otellite statusline; mine", false)]
    [InlineData("otellite hook", false)]
    [InlineData("echo hi", false)]
    public void A_status_line_is_ours_only_when_it_does_nothing_else(string line, bool isOurs)
    {
        var own = new OwnCommand(["/x"], ["--urls", "http://a;http://b"]);
        Assert.Equal(isOurs, OwnCommand.IsOurs(line, "statusline"));
        Assert.StartsWith("/x statusline --urls 'http://a;http://b'", own.StatusLine(line), StringComparison.Ordinal);
        Assert.Equal(!isOurs || line.Contains("--then", StringComparison.Ordinal), own.StatusLine(line).Contains(" --then ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_hook_that_somebody_else_put_there_is_enough()
    {
        _home.Write("""{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"/other/otellite hook"}]}]}}""");
        Assert.Contains("/other/otellite hook", Assert.Single(Apply(hook: true).Notes), StringComparison.Ordinal);
        Assert.Single(Json["hooks"]!["SessionStart"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"statusLine":"x","hooks":[]}""")]
    [InlineData("""{"statusLine":{"type":"x"},"hooks":{"SessionStart":{}}}""")]
    public void What_has_an_unknown_shape_stays_and_is_told_of(string settings)
    {
        _home.Write(settings);
        Assert.Equal(2, Apply(statusLine: true, hook: true).Notes.Count);
        JsonNode after = Json;
        after.AsObject().Remove("env");
        Assert.Equal(settings, after.ToJsonString());
    }

    [Fact]
    public void What_meddles_with_the_headers_or_keeps_hooks_off_is_told_of()
    {
        _home.Write("""{"otelHeadersHelper":"x","disableAllHooks":true}""");
        Assert.Single(Apply().Notes);
        Assert.Equal(2, Apply(hook: true).Notes.Count);
    }

    [Fact]
    public void Of_the_copies_the_first_and_the_last_stay()
    {
        _home.Write("{\"first\":0}");
        for (int i = 0; i < Limits.SettingsBackupsMax + 1; i++)
        {
            Apply(token: $"t{i}");
        }

        Assert.Equal(Limits.SettingsBackupsMax, _home.Backups.Length);
        Assert.Equal("{\"first\":0}", File.ReadAllText(_home.Backups[0]));
        Assert.Contains($"Bearer t{Limits.SettingsBackupsMax - 1}\"", File.ReadAllText(_home.Backups[^1]), StringComparison.Ordinal);
        Setup.Undo();
        Assert.Equal("{\"first\":0}", Text);
    }

    [Fact]
    public void The_copy_that_an_undo_goes_back_to_stays_also_when_it_is_not_the_first()
    {
        _home.Write("{\"first\":0}");
        Apply();
        Setup.Undo();
        _home.Write("{\"second\":0}");
        for (int i = 0; i < Limits.SettingsBackupsMax + 2; i++)
        {
            Apply(token: $"t{i}");
        }

        Assert.Equal(Limits.SettingsBackupsMax, _home.Backups.Length);
        Assert.True(Setup.Undo()!.IsWhole);
        Assert.Equal("{\"second\":0}", Text);
    }

    [Fact]
    public void A_file_too_large_for_settings_is_left_alone()
    {
        _home.Write("{}" + new string(' ', Limits.SettingsBytesMax - 2));
        Apply();
        _home.Write("{}" + new string(' ', Limits.SettingsBytesMax - 1));
        Assert.Contains("4 MiB", Assert.Throws<SettingsException>(() => Apply()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_stays_a_link_and_the_file_behind_it_keeps_its_mode()
    {
        string real = Path.Combine(_home.Path, "dotfiles.json");
        File.WriteAllText(real, "{}");
        Directory.CreateDirectory(_home.Claude);
        File.CreateSymbolicLink(_home.Settings, "../dotfiles.json");
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(real, mode);
        }

        Apply();
        Assert.NotNull(new FileInfo(_home.Settings).LinkTarget);
        Assert.Contains(Endpoint, File.ReadAllText(real), StringComparison.Ordinal);
        Assert.Equal([".claude", "dotfiles.json"], Directory.GetFileSystemEntries(_home.Path).Select(p => Path.GetFileName(p)).OrderDescending().OrderBy(n => n!.Length));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(mode, File.GetUnixFileMode(real));
        }

        Setup.Undo();
        Assert.Equal("{}", File.ReadAllText(real));
    }

    [Fact]
    public void A_file_that_its_owner_has_made_read_only_is_left_alone_and_can_be_set_up_later()
    {
        _home.Write(Before);
        File.SetAttributes(_home.Settings, FileAttributes.ReadOnly);
        Assert.Contains("is read-only", Assert.Throws<SettingsException>(() => Apply()).Message, StringComparison.Ordinal);
        Assert.Equal(Before, Text);
        Assert.Empty(_home.Backups);
        Assert.Null(Setup.Undo());
        File.SetAttributes(_home.Settings, FileAttributes.Normal);
        Apply();
        Assert.True(Setup.Undo()!.IsWhole);
    }

    [Fact]
    public void What_another_program_writes_at_the_same_moment_is_not_lost()
    {
        _home.Write("{\"theirs\":1}");
        Assert.Contains("Try again", Assert.Throws<SettingsException>(() => SettingsFile.Write(_home.Settings, "{}"u8.ToArray(), "{ }"u8.ToArray())).Message, StringComparison.Ordinal);
        Assert.Contains("Try again", Assert.Throws<SettingsException>(() => SettingsFile.Write(_home.Settings, "{}"u8.ToArray(), null)).Message, StringComparison.Ordinal);
        Assert.Equal("{\"theirs\":1}", Text);
        Assert.Single(Directory.GetFiles(_home.Claude));
    }

    [Fact]
    public void Many_at_once_come_one_after_the_other_and_all_is_undone_to_the_byte()
    {
        for (int round = 0; round < 5; round++)
        {
            _home.Write(Before);
            Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => new Setup(_home.Settings, _now.AddSeconds(i)).Apply(
                new SetupWish(ExportVariables.For(Endpoint, $"t{i}"), i % 2 == 0, null, new OwnCommand([Own], []))));
            Assert.True(Setup.Undo()!.IsWhole);
            Assert.Equal(Before, Text);
            Array.ForEach(_home.Backups, File.Delete);
            Assert.DoesNotContain(Directory.GetFiles(_home.Claude), f => f.EndsWith(FileLock.Suffix, StringComparison.Ordinal) || f.EndsWith(SetupMemory.Suffix, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void One_that_does_not_end_is_named_to_the_next_in_bounded_time()
    {
        _home.Write(Before);
        using (FileLock.Take(_home.Settings))
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Assert.Contains("another otellite has", Assert.Throws<SettingsException>(() => Setup.Undo()).Message, StringComparison.Ordinal);
            Assert.InRange(clock.Elapsed, Limits.LockWait, Limits.LockWait + TimeSpan.FromSeconds(60));
        }

        Apply();
        // What one that was killed has left holds nobody up.
        File.WriteAllText(_home.Settings + FileLock.Suffix, "");
        Assert.True(Setup.Undo()!.IsWhole);
    }

    [Theory]
    [InlineData("{\n  // no\n}", "is not valid at line 2, column 3: a comment is not JSON.")]
    [InlineData("{\"env\": {},}", "is not valid at line 1, column 12: a comma stands before a closing bracket.")]
    [InlineData("[]", "is not valid at line 1, column 1: the whole is not an object in braces.")]
    [InlineData("{\"env\": []}", "is not an object in braces, and Claude Code ignores")]
    public void A_file_that_the_client_ignores_as_a_whole_is_not_touched(string text, string says)
    {
        _home.Write(text);
        string message = Assert.Throws<SettingsException>(() => Apply()).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.Contains("as a whole", message, StringComparison.Ordinal);
        Assert.Equal(text, Text);
        Assert.Empty(_home.Backups);
        Assert.False(Directory.Exists(_home.DataDir));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    public void Lost_records_are_named_and_nothing_is_changed(string records)
    {
        _home.Write(Before);
        Directory.CreateDirectory(_home.DataDir);
        File.WriteAllText(_home.Settings + SetupMemory.Suffix, records);
        Assert.Contains(SetupMemory.Suffix, Assert.Throws<SettingsException>(() => Apply()).Message, StringComparison.Ordinal);
        Assert.Equal(Before, Text);
    }
}
