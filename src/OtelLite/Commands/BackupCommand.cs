using System.CommandLine;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary><c>otellite backup FILE</c>: a consistent copy of the database, also beside a running server.</summary>
internal static class BackupCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        Argument<string> file = CommandWords.OfPath(new Argument<string>("file") { HelpName = "FILE", Description = "where the copy goes; only you can read it" });
        var force = new Option<bool>("--force") { Description = "replace FILE if it is there" };
        var json = new Option<bool>("--json") { Description = "print path and size as JSON" };
        var command = new TaughtCommand("backup", "make a consistent copy of the database, also while it is written")
        {
            About = $"""
                The copy is checked before it gets its name. To restore it, stop otellite, take {Database.FileName}, {Database.FileName}-wal and
                {Database.FileName}-shm out of the data folder, and put the copy there as {Database.FileName}. The token is not in it.

                """,
            Examples =
            [
                ("otellite backup ~/usage.db", "a copy"),
                ("otellite backup ~/usage.db --force", "in place of the last one"),
            ],
        };
        command.Arguments.Add(file);
        command.Options.Add(force);
        command.Options.Add(json);
        command.SetAction(parsed => Run(
            Options.Read(parsed, settings, Environment.GetEnvironmentVariable), parsed.GetRequiredValue(file), parsed.GetValue(force), parsed.GetValue(json)));
        return command;
    }

    private static int Run(Options options, string file, bool force, bool asJson)
    {
        try
        {
            string path = Path.GetFullPath(Folders.Expand(file, Environment.GetEnvironmentVariable));
            using SqliteConnection connection = StoredFile.Open(options.DataDir);
            long bytes = Backup.Make(connection, path, force);
            Console.Out.WriteLine(asJson
                ? JsonSerializer.Serialize(new BackupReport(path, bytes), CommandReports.Default.BackupReport)
                : TerminalText.OneLine($"{path}: {ShownValues.Bytes(bytes)}, checked"));
            return ExitCode.Done;
        }
        catch (StorageException e)
        {
            Console.Error.WriteLine($"otellite: {TerminalText.OneLine(e.Message)}");
            return ExitCode.Failed;
        }
    }
}
