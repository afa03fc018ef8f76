using OtelLite.StatusLine;

namespace OtelLite.Commands;

/// <summary><c>otellite hook</c>: Claude Code's <c>SessionStart</c> hook. It tells where the session is at work, prints nothing and never fails: both would change what
/// Claude Code does.</summary>
internal static class HookCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        var command = new TaughtCommand("hook", "Claude Code's SessionStart hook: it tells in which folder a session starts")
        {
            About = "otellite setup --hook installs it. Unlike the status line it is called for claude -p too.\n",
            Examples = [("otellite setup --hook", "let Claude Code call it")],
        };
        command.SetAction(parsed =>
        {
            if (ToldSession.Read(ToldSession.ReadInput(), Environment.GetEnvironmentVariable("CLAUDE_PROJECT_DIR")) is { } told)
            {
                Handover.Of(told, () => Options.Read(parsed, settings, Environment.GetEnvironmentVariable)).Dispose();
            }

            return ExitCode.Done;
        });
        return command;
    }
}
