using System.CommandLine;
using OtelLite.StatusLine;

namespace OtelLite.Commands;

/// <summary>
/// <c>otellite statusline</c>: Claude Code's status-line command. It reads its JSON, hands what is of use to a running OtelLite, and prints one line; whether
/// that answers or not, the line is there in time.
/// </summary>
internal static class StatusLineCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        var format = new Option<string>("--format") { Description = "what the line shows", HelpName = "FORMAT", DefaultValueFactory = _ => StatusText.DefaultFormat };
        var then = new Option<string?>("--then") { Description = "run this command too, with the same JSON, and show what it prints above", HelpName = "COMMAND" };
        var command = new TaughtCommand("statusline", "Claude Code's status line: it reads JSON on stdin and prints one line")
        {
            About = $$"""
                otellite setup --statusline installs it. A FORMAT has parts between bars, each with names in braces; a part of which something is not known is left out:
                {{string.Join('\n', StatusText.Names.Select(n => $"  {{{n.Name}}}".PadRight(14) + n.Is))}}
                NO_COLOR switches colours off.
                """,
            Examples =
            [
                ("otellite setup --statusline", "let Claude Code call it"),
                ("otellite statusline --format '{model}|{today} today|5h {5h}'", "other parts"),
            ],
        };
        command.Options.Add(format);
        command.Options.Add(then);
        command.SetAction(parsed => Run(parsed.GetValue(format)!, parsed.GetValue(then), () => Options.Read(parsed, settings, Environment.GetEnvironmentVariable)));
        return command;
    }

    private static int Run(string format, string? then, Func<Options> options)
    {
        if (StatusText.UnknownIn(format) is { } unknown)
        {
            throw new UsageException($"--format: {CommandWords.Unknown("name", unknown, [.. StatusText.Names.Select(n => n.Name)])}");
        }

        byte[] json = ToldSession.ReadInput();
        using FormerCommand? former = then is null ? null : FormerCommand.Start(then, json);
        var told = ToldSession.Read(json, Environment.GetEnvironmentVariable("CLAUDE_PROJECT_DIR"));
        using Handover? handover = told is null ? null : Handover.Of(told, options);
        AnsweredFigures? figures = handover?.Figures(Limits.StatusLineWait);
        if (former?.Output(Limits.FormerStatusLineWait) is { Length: > 0 } above)
        {
            Console.Out.WriteLine(above);
        }

        if (told is null)
        {
            Console.Error.WriteLine("otellite: this is not the JSON of Claude Code's status line. otellite setup --statusline lets Claude Code call this.");
            return ExitCode.Failed;
        }

        bool isColoured = Environment.GetEnvironmentVariable("NO_COLOR") is not { Length: > 0 };
        Console.Out.WriteLine(StatusText.Line(format, told, figures, DateTimeOffset.UtcNow, isColoured));
        Console.Out.Flush();
        return ExitCode.Done;
    }
}
