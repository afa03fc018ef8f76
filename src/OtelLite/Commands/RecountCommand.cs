using System.Globalization;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary><c>otellite recount</c>: every total anew from the raw tables, also beside a running server.</summary>
internal static class RecountCommand
{
    public static int Run(IReadOnlyList<string> arguments)
    {
        Options options = Options.Read(arguments, Environment.GetEnvironmentVariable);
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
