using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary><c>otellite prune --older-than 90d</c>: removes old raw records and keeps every total, also beside a running server.</summary>
internal static class PruneCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        var olderThan = new Option<string>("--older-than") { HelpName = "90d", Description = "remove what happened longer ago than this: 90d, 24h, ...", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "remove nothing, tell what would be removed" };
        var json = new Option<bool>("--json") { Description = "print it as JSON" };
        var command = new TaughtCommand("prune", "remove old raw records; every total stays")
        {
            About = """
                Raw records are the data points, events and spans as they came. What they added stays counted, request by request, and a
                recount leaves it alone; the list of a session's events shows less. It can't be undone: otellite backup comes first.

                """,
            Examples =
            [
                ("otellite prune --older-than 90d --dry-run", "how much would that be?"),
                ("otellite prune --older-than 90d", "also beside a running server"),
            ],
        };
        command.Options.Add(olderThan);
        command.Options.Add(dryRun);
        command.Options.Add(json);
        command.SetAction(parsed => Run(
            Options.Read(parsed, settings, Environment.GetEnvironmentVariable),
            DateTimeOffset.UtcNow - GivenValues.Duration("--older-than", parsed.GetValue(olderThan) ?? ""),
            parsed.GetValue(dryRun),
            parsed.GetValue(json)));
        return command;
    }

    private static int Run(Options options, DateTimeOffset before, bool isDryRun, bool asJson)
    {
        try
        {
            PrunedRows rows = Remove(options, UnixNano.From(before), isDryRun);
            Console.Out.WriteLine(asJson
                ? JsonSerializer.Serialize(new PruneReport(isDryRun, before, rows.Metrics, rows.Events, rows.Spans, rows.Bytes), CommandReports.Default.PruneReport)
                : InWords(rows, before, isDryRun));
            return ExitCode.Done;
        }
        catch (StorageException e)
        {
            Console.Error.WriteLine($"otellite: {e.Message}");
        }
        catch (SqliteException e) when (Database.IsOfTheWorld(e))
        {
            Console.Error.WriteLine($"otellite: not all could be removed now: {e.Message.TrimEnd('.')}. {Database.AdviceOn(e, Path.Combine(options.DataDir, Database.FileName), "What is in the file is right; try again.")}");
        }

        return ExitCode.Failed;
    }

    private static PrunedRows Remove(Options options, long beforeUnixNano, bool isDryRun)
    {
        // Opened for reading first, which makes no new database where there is none.
        using (SqliteConnection connection = StoredFile.Open(options.DataDir))
        {
            if (isDryRun)
            {
                return Prune.Look(connection, beforeUnixNano);
            }
        }

        return Prune.Run(options.DataDir, options.Durability, beforeUnixNano);
    }

    private static string InWords(PrunedRows rows, DateTimeOffset before, bool isDryRun)
    {
        string what = $"{ShownValues.Count(rows.Metrics, "data point")}, {ShownValues.Count(rows.Events, "event")} and {ShownValues.Count(rows.Spans, "span")}";
        string when = before.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return isDryRun
            ? $"{what} of before {when} would be removed: about {ShownValues.Bytes(rows.Bytes)}. Nothing was."
            : $"{what} of before {when} removed; the file is {ShownValues.Bytes(rows.Bytes)} smaller. What they added stays counted.";
    }
}
