using System.CommandLine;
using System.Globalization;
using System.Text;

namespace OtelLite.Commands;

/// <summary>What <c>--help</c> prints: made of the commands and options themselves, so it can't tell of what there is not.</summary>
internal static class Help
{
    private const int Left = 28;

    private static readonly (string Line, string Does)[] Examples =
    [
        ("otellite", "dashboard on http://localhost:8080"),
        ("otellite --urls http://localhost:9090", "on another port"),
        ("otellite --data-dir ~/usage", "with the database elsewhere"),
    ];

    public static string Text(Command command, RootCommand root) => command == root ? OfAll(root) : OfOne((TaughtCommand)command, root);

    private static string OfAll(RootCommand root)
    {
        var text = new StringBuilder($"""
            {root.Description}

            usage: otellite [COMMAND] [options]

            commands:

            """);
        foreach (Command command in root.Subcommands.Where(c => !c.Hidden))
        {
            text.AppendLine(Line(Usage(command), command.Name == "serve" ? $"{command.Description} (without a command)" : command.Description!));
        }

        text.AppendLine().AppendLine("examples:");
        Append(text, Examples);
        return text.Append("""

            otellite COMMAND --help tells more of each; otellite serve --help lists the settings.
            """).ToString();
    }

    private static string OfOne(TaughtCommand command, RootCommand root)
    {
        string words = Usage(command);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"otellite {command.Name}: {command.Description}\n\nusage: otellite {words} [options]\n");
        if (command.About.Length > 0)
        {
            text.AppendLine().AppendLine(command.About);
        }

        foreach (Argument argument in command.Arguments)
        {
            text.AppendLine(Line(argument.HelpName ?? argument.Name, argument.Description!));
        }

        text.AppendLine().AppendLine("options:");
        foreach (Option option in command.Options.Where(o => !o.Hidden))
        {
            text.AppendLine(Line(Spelled(option), option.Description!));
        }

        // Every command reads the settings; serve is where they are explained.
        if (command.Name == "serve")
        {
            foreach (Setting setting in Setting.All)
            {
                text.AppendLine(Line($"{setting.Flag} {setting.Placeholder}".TrimEnd(), setting.Default.Length > 0 ? $"{setting.Does} ({setting.Default})" : setting.Does));
            }

            text.AppendLine(Line($"{Setting.ConfigFlag} FILE", "read these as JSON from FILE"));
        }
        else
        {
            text.AppendLine(Line("--data-dir, --config, ...", "the settings of otellite serve"));
        }

        foreach (Option option in root.Options.Where(o => o.Name is CommandWords.VersionFlag or CommandWords.HelpFlag))
        {
            text.AppendLine(Line(Spelled(option), option.Description!));
        }

        if (command.Name == "serve")
        {
            text.Append("\nEach setting is also an environment variable (OTELLITE_DATA_DIR) and a key of the file (dataDir).\n");
        }

        text.AppendLine().AppendLine("examples:");
        Append(text, command.Examples);
        return text.ToString().TrimEnd();
    }

    private static string Usage(Command command) => string.Join(' ', command.Arguments.Select(a => a.Arity.MinimumNumberOfValues > 0 ? a.HelpName ?? a.Name : $"[{a.HelpName ?? a.Name}]").Prepend(command.Name));

    private static string Spelled(Option option) =>
        string.Join(", ", option.Aliases.Prepend(option.Name)) + (option.HelpName is { Length: > 0 } value ? " " + value : "");

    private static void Append(StringBuilder text, IReadOnlyList<(string Line, string Does)> examples)
    {
        int left = examples.Max(e => e.Line.Length) + 2;
        foreach ((string line, string does) in examples)
        {
            text.AppendLine("  " + line.PadRight(left) + does);
        }
    }

    private static string Line(string left, string right) => left.Length < Left ? $"  {left.PadRight(Left)} {right}" : $"  {left}\n  {"".PadRight(Left)} {right}";
}
