using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace OtelLite.Commands;

/// <summary>A command with what its help teaches by example.</summary>
/// <param name="does">One line, as the list of commands shows it.</param>
internal sealed class TaughtCommand(string name, string does) : Command(name, does)
{
    /// <summary>What may be typed, and what it does.</summary>
    public required IReadOnlyList<(string Line, string Does)> Examples { get; init; }

    /// <summary>What there is to know beside the options; nothing by default.</summary>
    public string About { get; init; } = "";
}

/// <summary>All commands there are. <c>otellite</c> alone is <c>otellite serve</c>.</summary>
internal static class CommandLine
{
    /// <param name="only">The one command that is asked for, where it must be there in no time: all of them are two milliseconds' work. Null: all.</param>
    public static RootCommand Root(string? only = null)
    {
        var settings = new SettingFlags();
        TaughtCommand serve = ServeCommand.Create(settings);
        (string Name, Func<SettingFlags, TaughtCommand> Create)[] commands =
        [
            ("serve", _ => serve),
            ("setup", SetupCommand.Create),
            ("doctor", DoctorCommand.Create),
            ("status", StatusCommand.Create),
            ("statusline", StatusLineCommand.Create),
            ("hook", HookCommand.Create),
            ("query", QueryCommand.Create),
            ("import", ImportCommand.Create),
            ("export", ExportCommand.Create),
            ("backup", BackupCommand.Create),
            ("prune", PruneCommand.Create),
            ("recount", RecountCommand.Create),
            ("token", TokenCommand.Create),
            ("recover", RecoverCommand.Create),
            ("service", AutostartCommand.Create),
            ("completion", _ => CompletionCommand.Create()),
        ];
        var root = new RootCommand("OtelLite shows, live, what Claude Code uses: it receives its OpenTelemetry export, keeps it, and serves a dashboard.");
        foreach ((string name, Func<SettingFlags, TaughtCommand> create) in commands.Where(c => only is null || c.Name == only))
        {
            root.Subcommands.Add(create(settings));
        }

        root.Options.Clear();
        settings.AddTo(root);
        root.Options.Add(new Option<bool>(CommandWords.VersionFlag) { Description = "print the version", Recursive = true, Action = new Answer(_ => $"otellite {App.Version}") });
        root.Options.Add(new HelpOption(CommandWords.HelpFlag, "-h") { Description = "print this", Recursive = true, Action = new Answer(parsed => Help.Text(parsed.CommandResult.Command, root)) });
        root.Action = serve.Action;
        return root;
    }

    /// <returns>The exit code.</returns>
    /// <exception cref="UsageException">A word is unknown, missing or too many.</exception>
    public static async Task<int> Run(string[] arguments)
    {
        try
        {
            // As many programs have it.
            return await RunParsed(arguments is ["help", .. var of] ? [.. of, CommandWords.HelpFlag] : arguments).ConfigureAwait(false);
        }
        catch (Exception) when (arguments is ["hook", ..] && Console.IsInputRedirected)
        {
            // Whatever else a hook says, it would block what Claude Code does: also one that an older version of this was told, or that can't read its input.
            return ExitCode.Done;
        }
    }

    private static async Task<int> RunParsed(string[] arguments)
    {
        // Claude Code waits for these two.
        ParseResult parsed = CommandWords.Read(Root(arguments is ["statusline" or "hook", ..] ? arguments[0] : null), arguments);
        // Whoever asks for help is helped, whatever else is wrong; and a line that is being completed is not finished.
        if (parsed.Action is not Answer && !parsed.Tokens.Any(t => t.Type == TokenType.Directive))
        {
            CommandWords.Check(parsed);
        }

        // Signals are the server's own affair, and what nobody expected shall be seen whole.
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }).ConfigureAwait(false);
    }

    /// <summary>Prints one text on stdout.</summary>
    private sealed class Answer(Func<ParseResult, string> text) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(text(parseResult));
            return ExitCode.Done;
        }
    }
}
