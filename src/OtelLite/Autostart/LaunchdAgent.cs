using System.Diagnostics;
using System.Security;

namespace OtelLite.Autostart;

/// <summary>An agent of macOS's launchd.</summary>
internal sealed class LaunchdAgent(IReadOnlyList<string> line, string home) : Autostart(line)
{
    private const string Label = "io.github.otellite";

    public override string Kind => "launchd agent";

    public override string Path => System.IO.Path.Combine(home, "Library", "LaunchAgents", $"{Label}.plist");

    public override string Log => System.IO.Path.Combine(home, "Library", "Logs", "otellite.log");

    public override string Text => $"""
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <!-- {Mark} -->
        <plist version="1.0">
        <dict>
            <key>Label</key>
            <string>{Label}</string>
            <key>ProgramArguments</key>
            <array>
        {string.Join('\n', Line.Select(word => $"        <string>{SecurityElement.Escape(word)}</string>"))}
            </array>
            <key>RunAtLoad</key>
            <true/>
            <key>KeepAlive</key>
            <dict>
                <key>SuccessfulExit</key>
                <false/>
            </dict>
            <key>StandardErrorPath</key>
            <string>{SecurityElement.Escape(Log)}</string>
        </dict>
        </plist>

        """;

    private static string Domain => $"gui/{Tool.Run("id", "-u").Said}";

    public override AutostartState Look()
    {
        ToolRun run = Tool.Run("launchctl", "print", $"{Domain}/{Label}");
        bool isRunning = run.Exit == 0 && run.Said.Contains("state = running", StringComparison.Ordinal);
        return new AutostartState(File.Exists(Path), isRunning, isRunning ? "running" : run.Exit == 0 ? "loaded" : "not loaded");
    }

    // What is loaded is of the file as it was.
    protected override void Start()
    {
        Tool.Run("launchctl", "bootout", $"{Domain}/{Label}");
        // It answers before the program has ended, and takes no other of that name until then.
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Limits.ToolTimeout && Tool.Run("launchctl", "print", $"{Domain}/{Label}").Exit == 0;)
        {
            Thread.Sleep(200);
        }

        Tool.Do($"{Log} may tell more.", "launchctl", "bootstrap", Domain, Path);
    }

    protected override void Stop() => Tool.Run("launchctl", "bootout", $"{Domain}/{Label}");
}
