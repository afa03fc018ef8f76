using System.CommandLine;
using System.Text;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Rows;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary><c>otellite export WHAT</c>: rows of a range as CSV or JSON lines, straight from the file, also beside a running server.</summary>
internal static class ExportCommand
{
    private const int BufferBytes = 64 << 10;

    private sealed record Asked(Exported What, bool AsJson, DateTimeOffset From, DateTimeOffset Until, string? To, bool Force);

    public static TaughtCommand Create(SettingFlags settings)
    {
        var what = new Argument<string>("what") { HelpName = "WHAT", Description = "one of " + string.Join(", ", Exported.All.Select(e => e.Name)) };
        what.AcceptOnlyFromAmong([.. Exported.All.Select(e => e.Name)]);
        var format = new Option<string>("--format") { HelpName = "csv|jsonl", Description = "CSV with a line of names, or one JSON object a line (csv)", DefaultValueFactory = _ => "csv" };
        format.AcceptOnlyFromAmong("csv", "jsonl");
        var json = new Option<bool>("--json") { Description = "the same as --format jsonl" };
        var since = new Option<string?>("--since") { HelpName = "TIME", Description = "from then on: 7d (back from now), 2026-01-31, 2026-01-31T09:30:00Z" };
        var until = new Option<string?>("--until") { HelpName = "TIME", Description = "what happened before then" };
        Option<string?> to = CommandWords.OfPath(new Option<string?>("--to") { HelpName = "FILE", Description = "into FILE, which only you can read, instead of stdout" });
        var force = new Option<bool>("--force") { Description = "replace FILE if it is there" };
        var command = new TaughtCommand("export", "write what is stored as CSV or JSON lines")
        {
            About = string.Concat(Exported.All.Select(e => $"  {e.Name,-10} {e.Does}\n")),
            Examples =
            [
                ("otellite export requests --since 7d > requests.csv", "each billed request of a week"),
                ("otellite export events --format jsonl --since 2026-01-31 | jq .attributes", "everything that arrived"),
                ("otellite export sessions --to sessions.csv", "into a file"),
            ],
        };
        command.Arguments.Add(what);
        foreach (Option option in (Option[])[format, json, since, until, to, force])
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            DateTimeOffset now = DateTimeOffset.UtcNow;
            DateTimeOffset from = parsed.GetValue(since) is { } start ? GivenValues.Moment("--since", start, now) : DateTimeOffset.UnixEpoch;
            DateTimeOffset end = parsed.GetValue(until) is { } last ? GivenValues.Moment("--until", last, now) : DateTimeOffset.MaxValue;
            return from >= end
                ? throw new UsageException("--since must be before --until.")
                : Run(
                    Options.Read(parsed, settings, Environment.GetEnvironmentVariable),
                    new Asked(
                        Exported.All.First(e => e.Name == parsed.GetRequiredValue(what)), parsed.GetValue(json) || parsed.GetValue(format) == "jsonl", from, end,
                        parsed.GetValue(to), parsed.GetValue(force)));
        });
        return command;
    }

    private static int Run(Options options, Asked asked)
    {
        try
        {
            using SqliteConnection connection = StoredFile.Open(options.DataDir);
            if (asked.To is null)
            {
                Write(connection, asked, Output.Stdout());
                return ExitCode.Done;
            }

            using var file = new NewFile(Folders.Expand(asked.To, Environment.GetEnvironmentVariable), asked.Force, options.DataDir);
            long rows;
            using (var text = new StreamWriter(file.Unfinished, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), BufferBytes))
            {
                rows = Write(connection, asked, text);
            }

            file.Keep();
            Console.Error.WriteLine($"otellite: {ShownValues.Count(rows, "row")} in {TerminalText.OneLine(asked.To)}.");
            return ExitCode.Done;
        }
        catch (IOException e) when (asked.To is null && Output.IsClosedPipe(e))
        {
            return ExitCode.Done;
        }
        catch (Exception e) when (e is StorageException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"otellite: {TerminalText.OneLine(e.Message)}");
        }
        catch (SqliteException e)
        {
            Console.Error.WriteLine($"otellite: the database can't be read to its end now: {e.Message.TrimEnd('.')}. What was written is not all. {Database.AdviceOn(e, Path.Combine(options.DataDir, Database.FileName), "Try again.")}");
        }

        return ExitCode.Failed;
    }

    private static long Write(SqliteConnection connection, Asked asked, TextWriter to)
    {
        RowWriter writer = asked.AsJson ? new JsonRows(to, asArray: false) : new CsvRows(to);
        using var rows = new ExportedRows(connection, asked.What, UnixNano.From(asked.From), asked.Until == DateTimeOffset.MaxValue ? long.MaxValue : UnixNano.From(asked.Until));
        writer.Begin([.. asked.What.Columns.Select(c => new OutColumn(c.Name, c.Told == Told.Json))]);
        object?[] cells = new object?[asked.What.Columns.Count];
        long count = 0;
        for (; rows.Next(cells); count++)
        {
            writer.Row(cells);
        }

        writer.End();
        return count;
    }
}
