using System.Globalization;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary><c>otellite recount</c>: every total anew from the raw tables, also beside a running server.</summary>
internal static class RecountCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        var command = new TaughtCommand("recount", "make every total anew from the stored points and events")
        {
            Examples = [("otellite recount", "also beside a running server; no figure should change")],
        };
        command.SetAction(parsed => Run(Options.Read(parsed, settings, Environment.GetEnvironmentVariable)));
        return command;
    }

    private static int Run(Options options)
    {
        try
        {
            long rows = Recount.Run(options.DataDir, options.Durability);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows} points and records counted anew"));
            return ExitCode.Done;
        }
        catch (StorageException e)
        {
            Console.Error.WriteLine($"otellite: {e.Message}");
        }
        catch (SqliteException e) when (Database.IsOfTheWorld(e))
        {
            Console.Error.WriteLine($"otellite: {Path.Combine(options.DataDir, Database.FileName)} can't be recounted to its end now: {e.Message.TrimEnd('.')}. What is in it is right; try again.");
        }

        return ExitCode.Failed;
    }
}
