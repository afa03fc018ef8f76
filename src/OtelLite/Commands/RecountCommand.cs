using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary><c>otellite recount</c>: every total anew from the raw tables, also beside a running server.</summary>
internal static class RecountCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        var json = new Option<bool>("--json") { Description = "print what was counted, and the totals before and after, as JSON" };
        var command = new TaughtCommand("recount", "make every total anew from the stored points and events")
        {
            About = "No figure should change; it says so when one does. Beside a running server what arrives meanwhile is a change too.\n",
            Examples = [("otellite recount", "also beside a running server"), ("otellite recount --json", "for a program")],
        };
        command.Options.Add(json);
        command.SetAction(parsed => Run(Options.Read(parsed, settings, Environment.GetEnvironmentVariable), parsed.GetValue(json)));
        return command;
    }

    private static int Run(Options options, bool asJson)
    {
        try
        {
            // One of an older version is brought up to date by a start, and not beside the older server whose it may still be.
            StoredFile.Open(options.DataDir).Dispose();
            (long records, CountedTotals before, CountedTotals after) = Recount.Run(options.DataDir, options.Durability, Totals);
            Console.Out.WriteLine(asJson
                ? JsonSerializer.Serialize(new RecountReport(records, before != after, before, after), CommandReports.Default.RecountReport)
                : InSentences(records, before, after));
            return ExitCode.Done;
        }
        catch (StorageException e)
        {
            Console.Error.WriteLine($"otellite: {e.Message}");
        }
        catch (Exception e) when (e is OverflowException || (e is SqliteException of && !Database.IsOfTheWorld(of)))
        {
            Console.Error.WriteLine($"otellite: {Path.Combine(options.DataDir, Database.FileName)} can't be recounted to its end: {TerminalText.OneLine(e.Message.TrimEnd('.'))}. What was counted before is as it was.");
        }
        catch (SqliteException e) when (Database.IsOfTheWorld(e))
        {
            string path = Path.Combine(options.DataDir, Database.FileName);
            Console.Error.WriteLine($"otellite: {path} can't be recounted to its end now: {e.Message.TrimEnd('.')}. {Database.AdviceOn(e, path, "What is in it is right; try again.")}");
        }

        return ExitCode.Failed;
    }

    private static CountedTotals Totals(SqliteConnection connection)
    {
        Billed billed = BilledQuery.Read(connection, new Scope());
        return new CountedTotals(billed.AllTokens, billed.CostUsd, billed.ApiRequests);
    }

    private static string InSentences(long records, CountedTotals before, CountedTotals after) => before == after
        ? string.Create(CultureInfo.InvariantCulture, $"{records} points and records counted anew; no total changed")
        : string.Create(CultureInfo.InvariantCulture, $"""
            {records} points and records counted anew; totals changed:
              tokens    {before.Tokens} -> {after.Tokens}
              cost      ${before.CostUsd} -> ${after.CostUsd}
              requests  {before.ApiRequests} -> {after.ApiRequests}
            """);
}
