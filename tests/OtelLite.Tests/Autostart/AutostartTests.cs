using System.Text.Json.Nodes;
using System.Xml.Linq;
using OtelLite.Autostart;
using OtelLite.Tests.Commands;

namespace OtelLite.Tests.Autostart;

/// <summary>The files that let each system start the program, and on Linux the whole way with a systemctl that writes down what it is told.</summary>
public sealed class AutostartTests : IDisposable
{
    private static readonly string[] Odd = ["/opt/a b/otellite", "serve", "--data-dir", "/d/50% \"$x\"\\", "<&>"];
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-autostart-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string UnitPath => Path.Combine(_folder, "home", "systemd", "user", "otellite.service");

    private string[] Told => File.Exists(Path.Combine(_folder, "told")) ? File.ReadAllLines(Path.Combine(_folder, "told")) : [];

    // Whatever it is told it writes down; what is in "answers" is what it says and does.
    private async Task<CommandRun> Service(string answers, params string[] words)
    {
        string bin = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
        string tool = Path.Combine(bin, "systemctl");
        await File.WriteAllTextAsync(tool, $"#!/bin/sh\necho \"$@\" >> '{_folder}/told'\ncase \"$2\" in\n{answers}\nesac\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return await CommandRun.With(new() { ["PATH"] = $"{bin}:{Environment.GetEnvironmentVariable("PATH")}" }, _folder, "", ["service", .. words]);
    }

    [LinuxFact]
    public async Task Installed_it_is_started_with_what_was_given_and_uninstalled_it_is_gone()
    {
        CommandRun run = await Service("", "install", "--urls", "http://localhost:9090");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains(UnitPath, run.Out, StringComparison.Ordinal);
        Assert.Contains($"\nOpen http://localhost:9090; the token that the page asks for is in {Path.Combine(_folder, "token")}.\n", run.Out, StringComparison.Ordinal);
        Assert.Equal(["--user daemon-reload", "--user enable otellite.service", "--user restart otellite.service"], Told[..3]);
        string start = (await File.ReadAllLinesAsync(UnitPath)).Single(l => l.StartsWith("ExecStart=", StringComparison.Ordinal));
        Assert.EndsWith($"\"serve\" \"--data-dir\" \"{_folder}\" \"--urls\" \"http://localhost:9090\"", start, StringComparison.Ordinal);

        run = await Service("is-active) echo active;; is-enabled) echo enabled;;", "status", "--json");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        JsonNode state = JsonNode.Parse(run.Out)!;
        Assert.Equal((true, true, "active"), ((bool)state["isInstalled"]!, (bool)state["isRunning"]!, (string)state["said"]!));

        run = await Service("is-active) echo failed; exit 3;;", "status");
        Assert.Equal(1, run.Exit);
        Assert.StartsWith("It is installed and does not run: failed", run.Out, StringComparison.Ordinal);

        run = await Service("", "uninstall");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.False(File.Exists(UnitPath));
        Assert.Equal(["--user disable --now otellite.service", "--user daemon-reload"], Told[^2..]);
        run = await Service("", "uninstall");
        Assert.Equal(0, run.Exit);
        Assert.StartsWith("nothing to undo", run.Out, StringComparison.Ordinal);
        run = await Service("is-active) echo inactive; exit 3;; is-enabled) exit 1;;", "status");
        Assert.Equal(1, run.Exit);
        Assert.StartsWith("It is not installed", run.Out, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task What_systemctl_says_when_it_fails_is_said_with_what_to_do()
    {
        CommandRun run = await Service("daemon-reload) echo 'Failed to connect to bus: No medium found' >&2; exit 1;;", "install");
        Assert.Equal(1, run.Exit);
        Assert.Contains("Failed to connect to bus: No medium found. On a machine that you reach by ssh alone", run.Line, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task What_does_not_stay_up_is_said_not_to_run()
    {
        CommandRun run = await Service("is-active) echo activating; exit 3;;", "install");
        Assert.Equal(1, run.Exit);
        Assert.Contains("does not stay up (activating). If an otellite runs already", run.Line, StringComparison.Ordinal);
        Assert.True(Limits.AutostartTrial < Limits.ToolTimeout);
    }

    [LinuxFact]
    public async Task An_install_that_fails_leaves_nothing_behind_or_what_was_there_before()
    {
        foreach (string answers in (string[])["daemon-reload) exit 1;;", "enable) exit 1;;", "restart) exit 1;;", "is-active) echo failed; exit 3;;"])
        {
            CommandRun run = await Service(answers, "install");
            Assert.Equal(1, run.Exit);
            Assert.EndsWith(" Nothing is installed.", run.Line, StringComparison.Ordinal);
            Assert.False(File.Exists(UnitPath));
            Assert.Contains("--user disable --now otellite.service", Told);
            File.Delete(Path.Combine(_folder, "told"));
        }

        Assert.Equal(0, (await Service("", "install", "--urls", "http://localhost:9090")).Exit);
        string former = await File.ReadAllTextAsync(UnitPath);
        CommandRun again = await Service("is-active) echo failed; exit 3;;", "install", "--urls", "http://localhost:9091");
        Assert.Equal(1, again.Exit);
        Assert.EndsWith(" What was installed before is there again.", again.Line, StringComparison.Ordinal);
        Assert.Equal(former, await File.ReadAllTextAsync(UnitPath));
        Assert.Equal("--user restart otellite.service", Told[^1]);
    }

    [LinuxFact]
    public async Task Uninstalled_where_systemctl_can_not_be_asked_the_file_is_gone_all_the_same_and_that_is_said()
    {
        await Service("", "install");
        string wants = Path.Combine(Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(UnitPath)!, "default.target.wants")).FullName, "otellite.service");
        File.CreateSymbolicLink(wants, UnitPath);
        CommandRun run = await Service("*) echo 'Failed to connect to bus: No medium found' >&2; exit 1;;", "uninstall");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(
            $"otellite is not started any more, as {UnitPath} is deleted; but one that runs may go on until you stop it: "
            + "systemctl --user disable --now otellite.service failed: Failed to connect to bus: No medium found.\n", run.Out);
        Assert.False(File.Exists(UnitPath));
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(wants)!));
    }

    [LinuxFact]
    public async Task A_unit_of_somebody_else_stays()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(UnitPath)!);
        await File.WriteAllTextAsync(UnitPath, "[Service]\nExecStart=/mine\n");
        foreach (string what in (string[])["install", "uninstall"])
        {
            CommandRun run = await Service("", what);
            Assert.Equal(1, run.Exit);
            Assert.Contains("not of otellite's making", run.Line, StringComparison.Ordinal);
        }

        Assert.Equal("[Service]\nExecStart=/mine\n", await File.ReadAllTextAsync(UnitPath));
        Assert.Empty(Told);
    }

    [LinuxFact]
    public async Task A_token_is_written_into_no_such_file_and_a_wrong_word_is_corrected()
    {
        CommandRun run = await Service("", "install", "--token", "secret");
        Assert.Equal(1, run.Exit);
        Assert.Contains("put it in otellite.json", run.Line, StringComparison.Ordinal);
        Assert.False(File.Exists(UnitPath));
        Assert.Equal(2, (await Service("", "begin")).Exit);
        Assert.Equal(2, (await Service("", "install", "--json")).Exit);
    }

    [LinuxFact]
    public void A_tool_that_is_not_there_and_one_that_fails_are_told()
    {
        Assert.Contains("there is no nosuchtool here", Assert.Throws<AutostartException>(() => Tool.Run("nosuchtool")).Message, StringComparison.Ordinal);
        Assert.Equal("sh -c echo no; exit 3 failed: no. Do this.", Assert.Throws<AutostartException>(() => Tool.Do("Do this.", "sh", "-c", "echo no; exit 3")).Message);
        Assert.True(Limits.ToolTimeout > TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Systemd_reads_every_word_as_it_is() => Assert.Contains(
        "ExecStart=\"/opt/a b/otellite\" \"serve\" \"--data-dir\" \"/d/50%% \\\"$$x\\\"\\\\\" \"<&>\"\n", new SystemdUnit(Odd, "/c").Text.ReplaceLineEndings("\n"), StringComparison.Ordinal);

    [Fact]
    public void Launchd_gets_every_word_as_it_is()
    {
        XElement dictionary = XDocument.Parse(new LaunchdAgent(Odd, "/Users/me").Text).Root!.Element("dict")!;
        Assert.Equal(Odd, dictionary.Element("array")!.Elements("string").Select(e => e.Value));
        Assert.Equal("/Users/me/Library/Logs/otellite.log", ((XElement)dictionary.Elements("key").Single(k => k.Value == "StandardErrorPath").NextNode!).Value);
    }

    [Fact]
    public void Windows_gets_every_word_in_quotes_and_no_window_opens()
    {
        var task = new ScheduledTask([@"C:\Program Files\otellite.exe", "serve", "--data-dir", @"C:\my data\"], @"C:\my data");
        XNamespace of = "http://schemas.microsoft.com/windows/2004/02/mit/task";
        XElement action = XDocument.Parse(task.Text).Root!.Element(of + "Actions")!.Element(of + "Exec")!;
        Assert.Equal("conhost.exe", action.Element(of + "Command")!.Value);
        Assert.Equal("""--headless "C:\Program Files\otellite.exe" "serve" "--data-dir" "C:\my data\\" """.TrimEnd(), action.Element(of + "Arguments")!.Value);
    }
}
