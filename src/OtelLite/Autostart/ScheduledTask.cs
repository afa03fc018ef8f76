using System.Security;
using System.Text;

namespace OtelLite.Autostart;

/// <summary>
/// A task of Windows' scheduler, at log-on. A service of Windows' own would need an administrator to install it and would run as somebody else, with
/// another folder for its data.
/// </summary>
internal sealed class ScheduledTask(IReadOnlyList<string> line, string dataDir) : Autostart(line)
{
    private const string Task = "OtelLite";
    private const string Running = "running";

    // TASK_STATE, from 0.
    private static readonly string[] States = ["unknown", "disabled", "queued", "ready", Running];

    public override string Kind => "scheduled task";

    public override string Path => System.IO.Path.Combine(dataDir, "scheduled-task.xml");

    public override string Log => "the page's last part (Can these figures be trusted?)";

    // Started by conhost without a window, which a program for the console would open at each log-on.
    public override string Text => $"""
        <?xml version="1.0" encoding="UTF-16"?>
        <!-- {Mark} -->
        <Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
          <RegistrationInfo><Description>OtelLite: receives and shows what Claude Code uses</Description></RegistrationInfo>
          <Triggers><LogonTrigger><UserId>{SecurityElement.Escape($"{Environment.UserDomainName}\\{Environment.UserName}")}</UserId></LogonTrigger></Triggers>
          <Settings>
            <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
            <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
            <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
            <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
            <RestartOnFailure><Interval>PT1M</Interval><Count>5</Count></RestartOnFailure>
          </Settings>
          <Actions>
            <Exec>
              <Command>conhost.exe</Command>
              <Arguments>{SecurityElement.Escape($"--headless {string.Join(' ', Line.Select(Quoted))}")}</Arguments>
            </Exec>
          </Actions>
        </Task>

        """;

    protected override Encoding Encoding => Encoding.Unicode;

    // The scheduler has read it, and keeps a task of its own.
    protected override bool IsStartedByFile => false;

    // schtasks says it in the user's own language, Get-ScheduledTask in numbers.
    public override AutostartState Look()
    {
        ToolRun run = Tool.Run("powershell.exe", "-NoProfile", "-NonInteractive", "-Command", $"$ErrorActionPreference = 'Stop'; [int](Get-ScheduledTask -TaskName '{Task}').State");
        return run.Exit == 0 && int.TryParse(run.Said, out int state) && state >= 0 && state < States.Length
            ? new AutostartState(true, States[state] == Running, States[state])
            : new AutostartState(false, false, "not there");
    }

    protected override void Start()
    {
        Tool.Do("", "schtasks.exe", "/Create", "/TN", Task, "/XML", Path, "/F");
        Tool.Run("schtasks.exe", "/End", "/TN", Task);
        Tool.Do("", "schtasks.exe", "/Run", "/TN", Task);
    }

    protected override void Stop()
    {
        Tool.Run("schtasks.exe", "/End", "/TN", Task);
        Tool.Do("", "schtasks.exe", "/Delete", "/TN", Task, "/F");
    }

    // As CommandLineToArgvW reads it back: a backslash counts only before a quote.
    private static string Quoted(string word)
    {
        var text = new StringBuilder("\"");
        int slashes = 0;
        foreach (char c in word)
        {
            slashes = c == '\\' ? slashes + 1 : 0;
            text.Append(c == '"' ? "\\\"" : c);
        }

        return text.Append('\\', slashes).Append('"').ToString();
    }
}
