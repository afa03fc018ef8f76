using System.Globalization;
using CsCheck;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>What is counted as it arrives, and what is counted anew from what is stored, is the same: over streams that nobody thought of.</summary>
public sealed class RecountTests
{
    // Nano is added so that a time is a valid one; the steps are five minutes, so that quarters of an hour fill and empty.
    private const ulong StepNano = 300_000_000_000;

    // Everything that is counted, by names and not by row numbers.
    private static readonly string[] Dumps =
    [
        "SELECT session_id, is_named, first_unix_nano, last_unix_nano, did_something, project, machine, missing_events FROM usage_session",
        "SELECT session_id, name, time_unix_nano, input, output, cost_nano_usd, duration_ms, request_id, prompt_id, cache_creation_1h FROM usage_request",
        "SELECT session_id, name, kind, time_unix_nano, value, rest FROM usage_point",
        "SELECT session_id, name, kind, metrics, events, rest FROM usage_witness",
        "SELECT session_id, name, time_unix_nano, figure, value FROM usage_tally",
        "SELECT session_id, name, time_unix_nano, succeeded, duration_ms, request_id FROM usage_tool",
        "SELECT session_id, time_unix_nano, prompt_id, kind FROM usage_prompt",
        "SELECT session_id, time_unix_nano, sequence FROM usage_sequence",
        "SELECT session_id, name, quarter, figure, value FROM usage_quarter WHERE value <> 0",
    ];

    private enum Kind
    {
        Request,
        Prompt,
        Tool,
        TokenDelta,
        TokenCumulative,
        Commit,
    }

    private sealed record Step(Kind Kind, int Session, int Model, int Time, int Value, int Id, bool Again, bool Restart);

    private static readonly Gen<Step> AnyStep =
        from kind in Gen.Enum<Kind>()
        from session in Gen.Int[0, 2]
        from model in Gen.Int[0, 1]
        from time in Gen.Int[1, 30]
        from value in Gen.Int[0, 9]
        from id in Gen.Int[0, 40]
        from again in Gen.Int[0, 5]
        from restart in Gen.Int[0, 9]
        select new Step(kind, session, model, time, value, id, again == 0, restart == 0);

    [Fact]
    public void Counting_as_it_comes_and_counting_anew_are_equal() => AnyStep.Array[1, 40].Sample(
        steps =>
        {
            using var open = new OpenWriter();
            Send(open, steps);
            string[] counted = Dump(open.Connection);
            Assert.Equal(Sums(open.Connection, "usage_quarter"), Sums(open.Connection, "usage_amount"));
            open.Reopen();
            Recount.Run(open.Connection);
            Assert.Equal(counted, Dump(open.Connection));
        },
        iter: 150,
        threads: 1);

    [Fact]
    public void What_was_counted_of_raw_rows_that_are_removed_stays_counted() => Gen.Select(AnyStep.Array[1, 40], Gen.Int[0, 40]).Sample(
        (steps, cut) =>
        {
            using var open = new OpenWriter();
            Send(open, steps);
            open.Reopen();
            string[] counted = Dump(open.Connection);
            ulong before = Export.Time + ((ulong)cut * StepNano);
            Database.Execute(open.Connection, string.Create(CultureInfo.InvariantCulture, $"""
                UPDATE otel_removed SET before_unix_nano = {before};
                DELETE FROM otel_metrics WHERE time_unix_nano < {before}; DELETE FROM otel_events WHERE time_unix_nano < {before};
                """));
            Recount.Run(open.Connection);
            Assert.Equal(counted, Dump(open.Connection));
        },
        iter: 100,
        threads: 1);

    [Fact]
    public void The_order_in_which_bodies_come_changes_nothing() => Gen.Select(AnyStep.Where(s => s.Kind != Kind.TokenCumulative).Array[1, 25], Gen.Int).Sample(
        (steps, seed) =>
        {
            using var inOrder = new OpenWriter();
            Send(inOrder, steps);
            Step[] shuffled = [.. steps];
            new Random(seed).Shuffle(shuffled);
            using var mixed = new OpenWriter();
            Send(mixed, shuffled);
            Assert.Equal(Dump(inOrder.Connection), Dump(mixed.Connection));
        },
        iter: 100,
        threads: 1);

    [Fact]
    public async Task Real_recordings_counted_anew_are_what_they_were()
    {
        await using RunningServer server = await RunningServer.Start();
        foreach (string kind in (string[])["json", "versions", "cumulative", "auto-mode"])
        {
            await server.Replay(Recorded.Bodies(kind));
        }

        // Beside the running server, as a person would.
        string[] counted, recounted;
        using (SqliteConnection connection = Database.OpenWriter(server.DataDir, Durability.Normal))
        {
            counted = Dump(connection);
            long rows = Recount.Run(connection);
            Assert.Equal(server.Sql("SELECT (SELECT count(*) FROM otel_metrics) + (SELECT count(*) FROM otel_events)"), rows);
            recounted = Dump(connection);
            Assert.Equal("ok", Lines(connection, "PRAGMA integrity_check"));
        }

        Assert.Equal(counted, recounted);
        Assert.All(counted, table => Assert.NotEmpty(table));
        await server.Replay(Recorded.Bodies("json", "s02"));
        ExpectedSums.AssertSummary(
            await server.Get("/api/summary?session=b6a02e84-2f59-4d1f-911b-fff2c419f1eb"), Recorded.Expected("json").Single(t => t.Capture == "s02"));
    }

    // A body that comes again is the same to the byte; a request that is told again has the same id in another body.
    private static void Send(OpenWriter open, Step[] steps)
    {
        foreach (Step step in steps)
        {
            string body = Body(step);
            open.Write(body).GetAwaiter().GetResult();
            if (step.Again)
            {
                open.Write(body).GetAwaiter().GetResult();
            }

            if (step.Restart)
            {
                open.Reopen();
            }
        }
    }

    private static string Body(Step step)
    {
        ulong time = Export.Time + (ulong)step.Time * StepNano;
        // The third session's client sends no ids.
        string[] session = step.Session < 2 ? [Export.Text("session.id", $"s{step.Session}")] : [Export.Text("user.id", "u")];
        string model = Export.Text("model", $"m{step.Model}");
        return step.Kind switch
        {
            // Of requests with one id all say the same, whichever body tells it first.
            Kind.Request => Export.Logs(Export.Event(
                "api_request", Export.Time + (ulong)step.Id * StepNano, [.. session, Export.Text("model", $"m{step.Id % 2}"), Export.Text("request_id", $"r{step.Id}"),
                Export.Int("input_tokens", step.Id), Export.Int("output_tokens", step.Id % 3), Export.Int("cache_creation_1h_tokens", 1),
                Export.Text("prompt.id", $"p{step.Id % 4}"), Export.Attribute("cost_usd", """{"doubleValue":0.0057599999999999995}""")])),
            Kind.Prompt => Export.Logs(Export.Event(
                "user_prompt", time, [.. session, Export.Text("prompt.id", $"p{step.Value}"), Export.Text("command_name", step.Value > 6 ? "clear" : ""), Export.Int("event.sequence", step.Id)])),
            Kind.Tool => Export.Logs(Export.Event(
                "tool_result", time, [.. session, Export.Text("tool_name", "Bash"), Export.Text("success", step.Value > 3 ? "true" : "false"), Export.Int("event.sequence", step.Id)])),
            Kind.TokenDelta => Export.Metrics(Export.Sum("claude_code.token.usage", [Export.Point(step.Value, time, [.. session, model, Export.Text("type", "input")])])),
            Kind.TokenCumulative => Export.Metrics(Export.Sum(
                "claude_code.token.usage", [Export.Point(step.Value * 10, time, [.. session, model, Export.Text("type", "output")])], temporality: 2)),
            _ => Export.Metrics(Export.Sum("claude_code.commit.count", [Export.Point(step.Value, time, session)])),
        };
    }

    private static string[] Dump(SqliteConnection connection) => [.. Dumps.Select(sql => Lines(connection, Named(sql)))];

    private static string Named(string sql)
    {
        string table = sql.Split(" FROM ")[1].Split(' ')[0];
        string join = (sql.Contains("session_id,", StringComparison.Ordinal) && table != "usage_session" ? $" JOIN usage_session ON usage_session.id = {table}.session" : "")
            + (sql.Contains(" name,", StringComparison.Ordinal) ? $" JOIN usage_name ON usage_name.id = {table}.{(table == "usage_tool" ? "tool" : "model")}" : "");
        return sql.Replace($" FROM {table}", $" FROM {table}{join}", StringComparison.Ordinal);
    }

    private static string Sums(SqliteConnection connection, string table) => Lines(connection, table == "usage_quarter"
        ? "SELECT quarter, session, model, figure, value FROM usage_quarter WHERE value <> 0"
        : $"SELECT time_unix_nano / {QuarterTable.QuarterNano}, session, model, figure, sum(value) FROM usage_amount GROUP BY 1, 2, 3, 4 HAVING sum(value) <> 0");

    private static string Lines(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader row = command.ExecuteReader();
        List<string> lines = [];
        while (row.Read())
        {
            lines.Add(string.Join(' ', Enumerable.Range(0, row.FieldCount).Select(i => row.IsDBNull(i) ? "-" : Convert.ToString(row.GetValue(i), CultureInfo.InvariantCulture))));
        }

        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }
}
