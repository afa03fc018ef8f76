using System.CommandLine;
using OtelLite.ClaudeSettings;
using OtelLite.Doctor;
using OtelLite.Rows;

namespace OtelLite.Commands;

/// <summary><c>otellite doctor</c>: which link between Claude Code and the dashboard is broken, and how to mend it. Exit code 1 when one is.</summary>
internal static class DoctorCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        var json = new Option<bool>("--json") { Description = "print it as JSON" };
        Option<string?> given = CommandWords.OfPath(new Option<string?>("--settings") { HelpName = "FILE", Description = "what claude is started with as --settings, if it is" });
        var sources = new Option<string?>("--setting-sources") { HelpName = "LIST", Description = "what it is started with as --setting-sources, if it is" };
        var command = new TaughtCommand("doctor", "say which link to the dashboard is broken, and how to mend it")
        {
            About = """
                Claude Code says nothing when its telemetry goes nowhere; this goes along the chain: OtelLite runs, Claude Code's settings are
                read, telemetry is on, exporters, protocol, endpoint, headers, and a test export of each signal, without any record, arrives.
                Run it in the shell and folder where claude is started, with the options that otellite is started with.
                Exit code 0: the chain holds; 1: a link is broken.
                """,
            Examples =
            [
                ("otellite doctor", "link by link, with the remedy at the end"),
                ("otellite doctor --settings work.json", "as claude --settings work.json would do"),
                ("otellite doctor --json", "for a program"),
            ],
        };
        Array.ForEach<Option>([given, sources, json], command.Options.Add);
        command.SetAction(parsed => Run(parsed, settings, parsed.GetValue(given), parsed.GetValue(sources), parsed.GetValue(json)));
        return command;
    }

    private static int Run(ParseResult parsed, SettingFlags settings, string? given, string? sources, bool asJson)
    {
        Func<string, string?> environment = Environment.GetEnvironmentVariable;
        var options = Options.Read(parsed, settings, environment);
        var origins = Origins.Read(ClaudeFolders.Of(environment), given, sources, Directory.GetCurrentDirectory(), environment);
        var diagnosis = Diagnosis.Make(options, origins, SetupCommand.Line(parsed, settings, environment), ToldAlong.Start(parsed, settings, environment), environment);
        try
        {
            bool isColourful = !asJson && !Console.IsOutputRedirected && environment("NO_COLOR") is not { Length: > 0 } && environment("TERM") is not (null or "" or "dumb");
            // The report guards each line itself, as a guard around all of it would take the colours too.
            TextWriter stdout = isColourful ? Console.Out : Output.Stdout();
            stdout.Write(asJson ? DoctorReport.Json(diagnosis) : new DoctorReport(diagnosis, isColourful).Text());
            stdout.Flush();
        }
        catch (IOException e) when (Output.IsClosedPipe(e))
        {
            // Whoever reads has enough; the exit code says the rest.
        }

        return diagnosis.Broken is null ? ExitCode.Done : ExitCode.Failed;
    }
}
