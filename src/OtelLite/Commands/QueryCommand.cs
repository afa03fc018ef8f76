using System.CommandLine;
using System.Globalization;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Rows;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary><c>otellite query SQL</c>: a question to the database, which can't change it, also beside a running server.</summary>
internal static class QueryCommand
{
    private sealed record Asked(string Sql, string Format, int Rows, TimeSpan Time);

    public static TaughtCommand Create(SettingFlags settings)
    {
        var sql = new Argument<string>("sql") { HelpName = "SQL", Description = "one statement in quotes, or - to read it from stdin" };
        var format = new Option<string>("--format") { HelpName = "table|csv|json", Description = "how rows are printed (table)", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "csv", "json");
        var json = new Option<bool>("--json") { Description = "the same as --format json" };
        var limit = new Option<string?>("--limit") { HelpName = "N", Description = $"print at most N rows ({Limits.QueryRows})" };
        var timeout = new Option<string?>("--timeout") { HelpName = "SECONDS", Description = $"give up after so long ({Limits.QueryTime.TotalSeconds:0})" };
        var command = new TaughtCommand("query", "ask the database in SQL, for reading only")
        {
            About = $"""
                Tables: otel_metrics, otel_events, otel_spans (as it came; attributes are JSON), usage_session, usage_request,
                usage_tool, ... (what is counted; money in nano-dollars, times in nanoseconds since 1970),
                usage_raw (which rows of otel_metrics, otel_events and otel_spans - signal 0, 1 and 2 - are of which session, from
                first_id to last_id: they have no index of their own).
                A table shows at most {Limits.TableCellCharactersMax} characters of a text; csv and json have all of it.

                """,
            Examples =
            [
                ("otellite query \"select event_name, count(*) from otel_events group by 1\"", "what arrived"),
                ("otellite query \"select attributes->>'model', count(*) from otel_events group by 1\" --format csv", "by an attribute"),
                ("otellite query - --json < question.sql", "SQL from a file, JSON out"),
            ],
        };
        command.Arguments.Add(sql);
        foreach (Option option in (Option[])[format, json, limit, timeout])
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed => Run(
            Options.Read(parsed, settings, Environment.GetEnvironmentVariable),
            new Asked(
                parsed.GetRequiredValue(sql) is "-" ? ReadStdin() : parsed.GetRequiredValue(sql),
                parsed.GetValue(json) ? "json" : parsed.GetValue(format)!,
                parsed.GetValue(limit) is { } rows ? GivenValues.Whole("--limit", rows, 1, Limits.QueryRowsMax) : Limits.QueryRows,
                parsed.GetValue(timeout) is { } time ? TimeSpan.FromSeconds(GivenValues.Whole("--timeout", time, 1, Limits.QuerySecondsMax)) : Limits.QueryTime)));
        return command;
    }

    private static int Run(Options options, Asked asked)
    {
        try
        {
            AskedSql.LimitMemory();
            using SqliteConnection connection = StoredFile.Open(options.DataDir);
            using var statement = new AskedSql(connection, asked.Sql, asked.Time, GiveUp);
            if (Print(statement, asked))
            {
                Console.Error.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"otellite: these are the first {asked.Rows} rows; --limit N prints more."));
            }

            return ExitCode.Done;
        }
        catch (Exception e) when (e is StorageException or AskedSqlException)
        {
            Console.Error.WriteLine($"otellite: {TerminalText.OneLine(e.Message)}");
            return ExitCode.Failed;
        }
        catch (IOException e) when (Output.IsClosedPipe(e))
        {
            return ExitCode.Done;
        }
    }

    private static void GiveUp(string why)
    {
        Console.Error.WriteLine($"otellite: {why}");
        Environment.Exit(ExitCode.Failed);
    }

    // True when there are more rows than were asked for.
    private static bool Print(AskedSql statement, Asked asked)
    {
        TextWriter stdout = Output.Stdout();
        RowWriter rows = asked.Format switch
        {
            "csv" => new CsvRows(stdout),
            "json" => new JsonRows(stdout, asArray: true),
            _ => new TableRows(stdout),
        };
        object?[] cells = new object?[statement.Columns.Count];
        bool hasRow = statement.Next(cells);
        rows.Begin([.. statement.Columns.Select(c => new OutColumn(c))]);
        int printed = 0;
        for (; hasRow && printed < asked.Rows; printed++)
        {
            rows.Row(cells);
            hasRow = statement.Next(cells);
        }

        rows.End();
        return hasRow;
    }

    private static string ReadStdin()
    {
        char[] text = new char[Limits.SqlCharactersMax + 1];
        int length = Console.In.ReadBlock(text);
        return length <= Limits.SqlCharactersMax
            ? new string(text, 0, length)
            : throw new UsageException($"the SQL on stdin has more than {Limits.SqlCharactersMax} characters.");
    }
}
