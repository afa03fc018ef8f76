using System.CommandLine;
using System.Text.Json;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary><c>otellite recover [FILE]</c>: a database out of what can be read of a damaged one.</summary>
internal static class RecoverCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        Argument<string?> file = CommandWords.OfPath(new Argument<string?>("file")
        {
            HelpName = "FILE",
            Description = "the damaged database; without it the newest that was set aside in the data folder",
            Arity = ArgumentArity.ZeroOrOne,
        });
        var json = new Option<bool>("--json") { Description = "print what was recovered as JSON" };
        var command = new TaughtCommand("recover", "bring back what can be read of a damaged database")
        {
            About = """
                A server that finds its database damaged sets it aside and begins a new one. This puts what can be read of the damaged one and what has
                arrived since together in the data folder (--data-dir), whichever folder FILE is in, and makes every total anew. Stop the server first. Both files are
                kept. It needs room for the damaged file twice.

                """,
            Examples =
            [
                ("otellite recover", "the one that was set aside last"),
                ("otellite recover ~/.local/share/otellite/otellite.db", "the database itself"),
            ],
        };
        command.Arguments.Add(file);
        command.Options.Add(json);
        command.SetAction(parsed => Run(Options.Read(parsed, settings, Environment.GetEnvironmentVariable), parsed.GetValue(file), parsed.GetValue(json)));
        return command;
    }

    private static int Run(Options options, string? file, bool asJson)
    {
        try
        {
            Recovered recovered = Recovery.Run(options.DataDir, options.Durability, file is null ? null : Folders.Expand(file, Environment.GetEnvironmentVariable));
            Console.Out.WriteLine(asJson ? JsonSerializer.Serialize(recovered, CommandReports.Default.Recovered) : InWords(recovered, Path.Combine(options.DataDir, Database.FileName)));
            return ExitCode.Done;
        }
        catch (StorageException e)
        {
            Console.Error.WriteLine($"otellite: {TerminalText.OneLine(e.Message)}");
            return ExitCode.Failed;
        }
    }

    private static string InWords(Recovered recovered, string path)
    {
        string rows = $"{ShownValues.Count(recovered.Metrics, "data point")}, {ShownValues.Count(recovered.Events, "event")} and {ShownValues.Count(recovered.Spans, "span")}";
        string newer = recovered.Newer > 0 ? $", {ShownValues.Count(recovered.Newer, "row")} of which arrived since" : "";
        string lost = recovered.Lost > 0 ? $"About {ShownValues.Count(recovered.Lost, "row")} of data points, events and spans could not be read." : "No data point, event or span is missing, as far as their numbers tell.";
        string before = recovered.Before is null ? "" : $" The database until now is kept in {recovered.Before}.";
        string read = recovered.WasSound
            ? $"Nothing was wrong with {recovered.Damaged}, and it is as it was.{(before.Length == 0 ? "" : $"{before} Nothing reads that any more: delete it when you like.")}"
            : $"The damaged one is kept in {recovered.Damaged}.{before} Nothing reads these any more: delete them when you like.";
        return $"Recovered: {path} has {rows}{newer}. {lost} All totals are counted anew from them, and otellite can be started again.\n{read}";
    }
}
