using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OtelLite.ClaudeSettings;
using OtelLite.Storage;
using OtelLite.Telemetry;

namespace OtelLite.Commands;

/// <summary><c>otellite import</c>: counts what Claude Code's own transcripts know and no export brought, through the running server or without one.</summary>
internal static class ImportCommand
{
    private sealed record Asked(IReadOnlyList<string> Paths, bool DryRun, bool Watch, bool AsJson);

    public static TaughtCommand Create(SettingFlags settings)
    {
        Argument<string[]> paths = CommandWords.OfPath(new Argument<string[]>("paths")
        {
            HelpName = "FILE|FOLDER...",
            Description = "transcripts and folders of them; without any, all of Claude Code's",
            Arity = ArgumentArity.ZeroOrMore,
        });
        var dryRun = new Option<bool>("--dry-run") { Description = "count nothing, tell what would be counted" };
        var watch = new Option<bool>("--watch") { Description = "go on: look every few seconds for what was added, until Ctrl-C" };
        var json = new Option<bool>("--json") { Description = "print it as JSON, with --watch one line each time" };
        var command = new TaughtCommand("import", "count what Claude Code's transcripts know and no export brought")
        {
            About = """
                Transcripts are the files below ~/.claude/projects (or $CLAUDE_CONFIG_DIR/projects). A request that was exported is not counted again,
                whichever comes first, and an import that is run again changes nothing. Transcripts know no dollars: costs are derived from the
                totals in them, and are marked so. Run it before Claude Code deletes its transcripts, after 30 days.

                """,
            Examples =
            [
                ("otellite import", "all of them"),
                ("otellite import --dry-run", "how much would that be?"),
                ("otellite import ~/.claude/projects/-home-me-app", "those of one project"),
                ("otellite import --watch", "and whatever is added from now on"),
            ],
        };
        command.Arguments.Add(paths);
        command.Options.Add(dryRun);
        command.Options.Add(watch);
        command.Options.Add(json);
        command.SetAction(parsed => Run(
            Options.Read(parsed, settings, Environment.GetEnvironmentVariable),
            new Asked(Paths(parsed.GetValue(paths) ?? []), parsed.GetValue(dryRun), parsed.GetValue(watch), parsed.GetValue(json))));
        return command;
    }

    private static string[] Paths(string[] named)
    {
        if (named.Length == 0)
        {
            return ClaudeFolders.Of(Environment.GetEnvironmentVariable).User is { } folder
                ? [Path.Combine(folder, ClaudeTranscript.Folder)]
                : throw new UsageException($"you have no home folder: set {ClaudeFolders.DirVariable}, or name transcripts.");
        }

        string[] paths = [.. named.Select(p => Path.GetFullPath(Folders.Expand(p, Environment.GetEnvironmentVariable)))];
        return paths.FirstOrDefault(p => !Path.Exists(p)) is { } missing
            ? throw new UsageException($"there is no file or folder {missing}.")
            : paths;
    }

    private static int Run(Options options, Asked asked)
    {
        using var stop = new CancellationTokenSource();
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        ProgressBar bar = ProgressBar.OnTerminal();
        try
        {
            if (!asked.Watch && asked.Paths is [var only] && !Path.Exists(only))
            {
                throw new ImportException($"there is no folder {only}: Claude Code has written no transcripts for you, or {ClaudeFolders.DirVariable} names another folder.");
            }

            var run = new ImportRun(options, asked.Paths, asked.DryRun, bar);
            Tell(run.Look(stop.Token), asked, isFirst: true);
            while (asked.Watch && !stop.Token.WaitHandle.WaitOne(Limits.ImportWatchInterval))
            {
                LookAgain(run, asked, bar, stop.Token);
            }

            return run.HasFailed ? ExitCode.Failed : ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            bar.Clear();
            if (asked.Watch)
            {
                return ExitCode.Done;
            }

            Console.Error.WriteLine("otellite: stopped. What was stored is right; import again for the rest.");
        }
        catch (Exception e) when (e is StorageException or ImportException or IOException or UnauthorizedAccessException)
        {
            bar.Clear();
            Console.Error.WriteLine($"otellite: {TerminalText.OneLine(e.Message)}");
        }
        catch (SqliteException e)
        {
            bar.Clear();
            Console.Error.WriteLine($"otellite: the database can't be used now: {e.Message.TrimEnd('.')}. What was stored is right; import again for the rest.");
        }

        return ExitCode.Failed;
    }

    // A server that is busy or away now is there at the next look.
    private static void LookAgain(ImportRun run, Asked asked, ProgressBar bar, CancellationToken stop)
    {
        try
        {
            Tell(run.Look(stop), asked, isFirst: false);
        }
        catch (Exception e) when (e is StorageException or ImportException or IOException or UnauthorizedAccessException or SqliteException)
        {
            bar.Clear();
            Console.Error.WriteLine($"otellite: {TerminalText.OneLine(e.Message)} It is tried again.");
        }
    }

    private static void Tell(ImportReport report, Asked asked, bool isFirst)
    {
        foreach (string problem in report.Problems)
        {
            Console.Error.WriteLine($"otellite: {TerminalText.OneLine(problem)}");
        }

        if (!isFirst && report.Requests == 0)
        {
            return;
        }

        Console.Out.WriteLine(asked.AsJson ? JsonSerializer.Serialize(report, CommandReports.Default.ImportReport)
            : isFirst ? InWords(report)
            : $"{ShownValues.Count(report.Requests, "request")} of {ShownValues.Count(report.Sessions, "session")} more: {report.New} new, {report.Known} known from the export{(report.ImportedBefore > 0 ? $", {report.ImportedBefore} imported before" : "")}.");
        Console.Out.Flush();
    }

    private static string InWords(ImportReport report)
    {
        if (report.Requests == 0)
        {
            return $"{ShownValues.Count(report.Files, "transcript")} read: no request in them.";
        }

        var text = new StringBuilder();
        text.AppendLine(
            $"{ShownValues.Count(report.Files, "transcript")} read: {ShownValues.Count(report.Requests, "billed request")} of {ShownValues.Count(report.Sessions, "session")}.");
        AppendIf(text, report.ImportedBefore - report.Completed, n => $"{n} imported before: nothing new about them.");
        AppendIf(text, report.Completed, n => $"{n} imported before, and {(report.DryRun ? "would be completed" : "completed now")}: their price, the end of the answer or the session that paid was not known then.");
        AppendIf(text, report.Known, n => $"{n} known from the export, and not counted again.");
        AppendIf(text, report.New, n => $"{n} {(report.DryRun ? "would be counted" : "counted now")}: only the transcripts know them. They were made while telemetry was off, or nothing received it.");
        AppendIf(text, report.OutputTooLow, n => $"{n} of these with too few output tokens, and marked so: the transcript has only how the answer began.");
        AppendIf(text, report.CostDerived, n => $"{n} of these at a cost that is derived from the totals in the transcripts, and marked so.");
        AppendIf(text, report.CostUnknown, n => $"{n} of these at no cost: no total in the transcripts tells their model's price.");
        AppendIf(text, report.OnlyExport ?? 0, n => $"{n} of the same sessions only the export knows: requests of Claude Code's own (titles, /compact) stand in no transcript.");
        AppendIf(text, report.CopiedLines, _ => $"{ShownValues.Count(report.CopiedLines, "copied line")} in forked sessions left out: the session that they were copied from paid.");
        AppendIf(text, report.FurtherLines, _ => $"{ShownValues.Count(report.FurtherLines, "further line")} of the same answers left out: each has the whole usage again.");
        if (report.DryRun)
        {
            text.AppendLine("Nothing was counted. Clients before 2.1 name no request in their export: which of theirs are known shows when they are counted.");
        }

        return text.ToString().TrimEnd();
    }

    private static void AppendIf(StringBuilder text, long count, Func<string, string> sentence)
    {
        if (count > 0)
        {
            text.AppendLine("  " + sentence(count.ToString("N0", System.Globalization.CultureInfo.InvariantCulture)));
        }
    }
}
