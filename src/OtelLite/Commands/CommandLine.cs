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
    public static RootCommand Root()
    {
        var settings = new SettingFlags();
        TaughtCommand serve = ServeCommand.Create(settings);
        var root = new RootCommand("OtelLite shows, live, what Claude Code uses: it receives its OpenTelemetry export, keeps it, and serves a dashboard.")
        {
            serve,
            SetupCommand.Create(settings),
            DoctorCommand.Create(settings),
            StatusCommand.Create(settings),
            StatusLineCommand.Create(settings),
            HookCommand.Create(settings),
            QueryCommand.Create(settings),
            ImportCommand.Create(settings),
            ExportCommand.Create(settings),
            BackupCommand.Create(settings),
            PruneCommand.Create(settings),
            RecountCommand.Create(settings),
            AutostartCommand.Create(settings),
            CompletionCommand.Create(),
        };
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
        ParseResult parsed = CommandWords.Read(Root(), arguments);
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
