namespace OtelLite.Autostart;

/// <summary>A unit of systemd's user manager.</summary>
/// <param name="configFolder">The user's, such as ~/.config.</param>
internal sealed class SystemdUnit(IReadOnlyList<string> line, string configFolder) : Autostart(line)
{
    private const string Unit = "otellite.service";
    private const string Remedy = "On a machine that you reach by ssh alone, your user manager may not run: loginctl enable-linger starts it.";

    public override string Kind => "systemd user unit";

    public override string Path => System.IO.Path.Combine(configFolder, "systemd", "user", Unit);

    public override string Log => $"journalctl --user -u {Unit}";

    // A start that fails at once (the port is taken) is tried again a few times and not for ever.
    public override string Text => $"""
        # {Mark}
        [Unit]
        Description=OtelLite: receives and shows what Claude Code uses
        StartLimitIntervalSec=60
        StartLimitBurst=5

        [Service]
        ExecStart={string.Join(' ', Line.Select(Quoted))}
        Restart=on-failure
        RestartSec=2
        NoNewPrivileges=yes

        [Install]
        WantedBy=default.target

        """;

    public override AutostartState Look()
    {
        ToolRun active = Tool.Run("systemctl", "--user", "is-active", Unit);
        ToolRun enabled = Tool.Run("systemctl", "--user", "is-enabled", Unit);
        return new AutostartState(File.Exists(Path) && enabled.Exit == 0, active.Exit == 0, active.Said);
    }

    protected override void Start()
    {
        Tool.Do(Remedy, "systemctl", "--user", "daemon-reload");
        Tool.Do(Remedy, "systemctl", "--user", "enable", Unit);
        Tool.Do($"{Log} tells more.", "systemctl", "--user", "restart", Unit);
    }

    protected override void Stop() => Tool.Do(Remedy, "systemctl", "--user", "disable", "--now", Unit);

    protected override void Forget()
    {
        // What enabled it is still there where systemctl could not be asked.
        string link = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, "default.target.wants", Unit);
        if (new FileInfo(link).LinkTarget is not null)
        {
            File.Delete(link);
        }

        Tool.Do(Remedy, "systemctl", "--user", "daemon-reload");
    }

    // systemd.service(5), "Command lines", and systemd.unit(5), "Specifiers".
    private static string Quoted(string word) =>
        $"\"{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal).Replace("$", "$$", StringComparison.Ordinal)}\"";
}
