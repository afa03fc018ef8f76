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

    // No transcript is as near to a request without an id as to be taken for it: which of two it is depends on which is there.
    private static readonly ulong OutOfMatch = (ulong)(2 * Limits.TranscriptMatch.Ticks * TimeSpan.NanosecondsPerTick);

    // Everything that is counted, by names and not by row numbers.
    private static readonly string[] Dumps =
    [
        "SELECT session_id, is_named, first_unix_nano, last_unix_nano, did_something, project, project_unix_nano, machine, machine_unix_nano, has_points, has_records, missing_events, resource_unix_nano FROM usage_session",
        "SELECT session_id, input, output, cache_read, cache_creation, tokens, cost_nano_usd, api_requests, api_errors, prompts, tool_calls, has_figures, verdict, open_calls FROM usage_session",
        "SELECT session_id, attributes FROM usage_session JOIN otel_resource ON otel_resource.id = resource",
        "SELECT session_id, name, time_unix_nano, input, output, cost_nano_usd, duration_ms, ttft_ms, origin, event_id = 0, request_id, cache_creation_1h FROM usage_request",
        "SELECT session_id, name, time_unix_nano, prompt_id, told_by, transcript_unix_nano, output_is_low, cost_kind FROM usage_request",
        "SELECT session_id, request_id, first_unix_nano, last_unix_nano, settled_event_id FROM usage_telling",
        "SELECT session_id, request_id, payer IS NULL FROM usage_telling",
        "SELECT session_id, name, kind, time_unix_nano, value, auxiliary, rest FROM usage_point",
        // A weaker teller's word that was taken out again leaves nothing but zeros.
        "SELECT session_id, name, kind, metrics, auxiliary, events, rest, transcripts FROM usage_witness WHERE metrics <> 0 OR auxiliary <> 0 OR events <> 0 OR transcripts <> 0",
        "SELECT session_id, requests, captured, low_outputs, derived_costs, unknown_costs FROM usage_capture",
        "SELECT session_id, name, time_unix_nano, figure, value FROM usage_tally",
        "SELECT session_id, name, time_unix_nano, succeeded, duration_ms, request_id, prompt_id, input_bytes, result_bytes FROM usage_tool",
        "SELECT session_id, m.name, e.name, time_unix_nano, request_id FROM usage_tool JOIN usage_name m ON m.id = model LEFT JOIN usage_name e ON e.id = error_type",
        "SELECT session_id, name, time_unix_nano, accepted, request_id FROM usage_decision",
        "SELECT s.name, m.name, time_unix_nano, accepted FROM usage_decision JOIN usage_name s ON s.id = source JOIN usage_name m ON m.id = model",
        "SELECT session_id, name, tool_use_id, accepted_unix_nano, result_unix_nano FROM usage_call",
        "SELECT session_id, time_unix_nano, prompt_id, kind FROM usage_prompt",
        "SELECT session_id, level, sequence, time_unix_nano, sender FROM usage_sequence",
        "SELECT session_id, level, sequence, since_unix_nano, time_unix_nano, sender, missing FROM usage_hole",
        "SELECT session_id, name, quarter, figure, value FROM usage_quarter WHERE value <> 0",
        $"SELECT session_id, name, {Columns} FROM usage_session_model WHERE {AnyOf}",
        $"SELECT step, quarter, name, {Columns} FROM usage_sum WHERE {AnyOf}",
        $"SELECT step, quarter, {Columns} FROM usage_sum_all WHERE {AnyOf}",
        "SELECT step, quarter, is_named, verdict, sessions, missing_events, open_calls FROM usage_sum_session WHERE sessions <> 0",
        "SELECT spread, step, quarter, n.name, hex(counts) FROM usage_spread JOIN usage_name n ON n.id = key WHERE length(counts) > 0",
        $"SELECT step, quarter, name, origin, {SourceSums} FROM usage_sum_source WHERE requests <> 0",
        "SELECT step, quarter, origin, s.name, requests FROM usage_sum_source JOIN usage_name s ON s.id = source WHERE requests <> 0",
        $"SELECT step, quarter, name, {ToolSums} FROM usage_sum_tool WHERE calls <> 0",
        "SELECT step, quarter, m.name, calls FROM usage_sum_tool JOIN usage_name m ON m.id = model WHERE calls <> 0",
        "SELECT step, quarter, name, accepted, decisions FROM usage_sum_decision WHERE decisions <> 0",
        "SELECT step, quarter, s.name, m.name, decisions FROM usage_sum_decision JOIN usage_name s ON s.id = source JOIN usage_name m ON m.id = model WHERE decisions <> 0",
    ];

    // The sums that are kept, each with what it is the sum of.
    private static readonly (string Kept, string Added)[] AllSums =
    [
        ("SELECT quarter, session, model, figure, value FROM usage_quarter WHERE value <> 0",
         $"SELECT time_unix_nano / {QuarterTable.QuarterNano}, session, model, figure, sum(value) FROM usage_amount GROUP BY 1, 2, 3, 4 HAVING sum(value) <> 0"),
        ($"SELECT session, model, {Columns} FROM usage_session_model WHERE {AnyOf}",
         $"SELECT * FROM (SELECT session, model, {ByFigure} FROM usage_quarter GROUP BY 1, 2) WHERE {AnyOf}"),
        ($"SELECT step, quarter, model, {Columns} FROM usage_sum WHERE {AnyOf}",
         $"SELECT * FROM (SELECT step, quarter / step * step AS start, model, {ByFigure} FROM {Steps} JOIN usage_quarter GROUP BY 1, 2, 3) WHERE {AnyOf}"),
        ($"SELECT step, quarter, {Columns} FROM usage_sum_all WHERE {AnyOf}",
         $"SELECT * FROM (SELECT step, quarter / step * step AS start, {ByFigure} FROM {Steps} JOIN usage_quarter GROUP BY 1, 2) WHERE {AnyOf}"),
        ("SELECT step, quarter, is_named, verdict, sessions, missing_events, open_calls FROM usage_sum_session WHERE sessions <> 0 OR missing_events <> 0 OR open_calls <> 0", $"""
         SELECT step, first_unix_nano / {QuarterTable.QuarterNano} / step * step, is_named, verdict, count(*), sum(missing_events), sum(open_calls)
         FROM {Steps} JOIN usage_session WHERE has_figures GROUP BY 1, 2, 3, 4
         """),
        ($"SELECT step, quarter, model, source, origin, {SourceSums} FROM usage_sum_source WHERE requests <> 0", $"""
         SELECT step, {Quarter} / step * step, model, query_source, origin, count(*), sum(input), sum(output), sum(cache_read), sum(cache_creation),
                sum(cost_nano_usd), coalesce(sum(duration_ms), 0), coalesce(sum(ttft_ms), 0), count(ttft_ms), count(duration_ms),
                sum(iif(duration_ms IS NOT NULL, output, 0)) FROM {Steps} JOIN usage_request GROUP BY 1, 2, 3, 4, 5
         """),
        ($"SELECT step, quarter, tool, model, {ToolSums} FROM usage_sum_tool WHERE calls <> 0", $"""
         SELECT step, {Quarter} / step * step, tool, model, count(*), sum(1 - succeeded), coalesce(sum(input_bytes), 0), coalesce(sum(result_bytes), 0), count(result_bytes)
         FROM {Steps} JOIN usage_tool GROUP BY 1, 2, 3, 4
         """),
        ("SELECT step, quarter, tool, model, accepted, source, decisions FROM usage_sum_decision WHERE decisions <> 0",
         $"SELECT step, {Quarter} / step * step, tool, model, accepted, source, count(*) FROM {Steps} JOIN usage_decision GROUP BY 1, 2, 3, 4, 5, 6"),
        ("SELECT id, tokens, cost_nano_usd, api_requests, tool_calls, open_calls FROM usage_session", """
         SELECT id, (SELECT coalesce(sum(value), 0) FROM usage_amount WHERE session = id AND figure IN (1, 2, 3, 4, 11, 12, 13, 14)),
                (SELECT coalesce(sum(value), 0) FROM usage_amount WHERE session = id AND figure IN (5, 15)),
                (SELECT count(*) FROM usage_request WHERE session = usage_session.id), (SELECT count(*) FROM usage_tool WHERE session = usage_session.id),
                (SELECT count(*) FROM usage_call WHERE session = usage_session.id AND accepted_unix_nano IS NOT NULL AND result_unix_nano IS NULL)
         FROM usage_session
         """),
        ("SELECT session, requests, captured, unknown_costs FROM usage_capture",
         "SELECT session, count(*), sum(told_by <> 3), sum(cost_kind = 2) FROM usage_request WHERE transcript_unix_nano IS NOT NULL GROUP BY 1"),
        // And which rows are of which session.
        ("SELECT session, signal, id FROM usage_raw JOIN (SELECT 0 AS raw, id FROM otel_metrics UNION ALL SELECT 1, id FROM otel_events UNION ALL SELECT 2, id FROM otel_spans) ON raw = signal AND id BETWEEN first_id AND last_id", string.Join(" UNION ALL ", ((string[])["otel_metrics", "otel_events", "otel_spans"]).Select((table, signal) =>
            $"SELECT iif(session_id IS NULL, 0, (SELECT id FROM usage_session s WHERE s.session_id = raw.session_id)), {signal}, id FROM {table} raw"))),
        // And where a number is to be looked for.
        ("SELECT sender, session FROM usage_sequence EXCEPT SELECT sender, session FROM usage_sender", "SELECT 0, 0 WHERE false"),
        // What asked for a tool has its model.
        ("SELECT id, model FROM usage_tool", $"SELECT id, {ModelOf("usage_tool")} FROM usage_tool"),
        ("SELECT id, model FROM usage_decision", $"SELECT id, {ModelOf("usage_decision")} FROM usage_decision"),
    ];

    private const string Steps = "(SELECT 1 AS step UNION SELECT 4 UNION SELECT 24 UNION SELECT 96 UNION SELECT 768)";

    private const string SourceSums = "requests, input, output, cache_read, cache_creation, cost, duration_ms, ttft_ms, ttft_requests, timed_requests, timed_output";

    private const string ToolSums = "calls, failures, input_bytes, result_bytes, results";

    private static string Quarter => $"time_unix_nano / {QuarterTable.QuarterNano}";

    private static string Columns => string.Join(", ", FigureColumns.All);

    private static string AnyOf => string.Join(" OR ", FigureColumns.All.Select(c => $"{c} <> 0"));

    private static string ByFigure => string.Join(", ", FigureColumns.Figures.Select(f => $"sum(iif(figure = {(int)f}, value, 0)) AS {FigureColumns.Of(f)}"));

    private static string ModelOf(string table) => $"""
        coalesce((SELECT model FROM usage_request r WHERE r.session = {table}.session AND r.request_id = {table}.request_id),
            (SELECT id FROM usage_name WHERE name = ''))
        """;

    private enum Kind
    {
        Request,
        RequestWithoutId,
        Error,
        Span,
        Transcript,
        Prompt,
        Decision,
        Tool,
        TokenDelta,
        TokenCumulative,
        CostDelta,
        CostCumulative,
        Commit,
    }

    /// <summary>What a client may say next. Its process is its start time, its numbers and its machine.</summary>
    private sealed record Step(Kind Kind, int Session, int Model, int Time, int Value, int Id, int Process, bool Again, bool Restart);

    private static readonly Gen<Step> AnyStep =
        from kind in Gen.Enum<Kind>()
        from session in Gen.Int[0, 2]
        from model in Gen.Int[0, 1]
        from time in Gen.Int[1, 30]
        from value in Gen.Int[-2, 9]
        from id in Gen.Int[0, 40]
        from process in Gen.Int[0, 2]
        from again in Gen.Int[0, 5]
        from restart in Gen.Int[0, 9]
        select new Step(kind, session, model, time, value, id, process, again == 0, restart == 0);

    // A few requests of which several sessions' transcripts tell, at times that are nearly the same, and some exports too.
    private static readonly Gen<Step> OfFewRequests =
        from kind in Gen.OneOfConst(Kind.Transcript, Kind.Transcript, Kind.Transcript, Kind.Transcript, Kind.Request, Kind.Span, Kind.Tool)
        from step in AnyStep
        from time in Gen.Int[1, 6]
        from id in Gen.OneOfConst(12, 15, 37)
        select step with { Kind = kind, Time = time, Id = id };

    [Fact]
    public void Counting_as_it_comes_and_counting_anew_are_equal() => AnyStep.Array[1, 40].Sample(AssertIsCountedAnewTheSame, iter: 100, threads: 1);

    [Fact]
    public void Requests_that_several_transcripts_tell_of_are_counted_anew_the_same() =>
        OfFewRequests.Array[1, 14].Sample(AssertIsCountedAnewTheSame, iter: 100, threads: 1);

    [Fact]
    public void The_order_in_which_transcripts_tell_of_requests_changes_nothing() => Gen.Select(OfFewRequests.Where(s => !IsSettled(s)).Array[1, 10], Gen.Int).Sample(
        AssertOrderChangesNothing, iter: 100, threads: 1);

    [Fact]
    public void Of_a_request_that_a_second_session_tells_of_between_two_times_of_the_first_there_is_one()
    {
        Step told = new(Kind.Transcript, 2, 0, 30, 8, 36, 0, false, false);
        Step[] steps = [told, told with { Session = 1, Time = 18, Value = 0 }, told with { Time = 4, Value = 0 }];
        foreach (Step[] order in (Step[][])[steps, [.. steps.Reverse()], [steps[1], steps[0], steps[2]], [steps[0], steps[2], steps[1]]])
        {
            using var open = new OpenWriter();
            Send(open, order);
            Assert.Equal(1L, open.Sql("SELECT count(*) FROM usage_request"));
            AssertIsCountedAnewTheSame(order);
        }
    }

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
                DELETE FROM otel_spans WHERE end_time_unix_nano < {before};
                """));
            Recount.Run(open.Connection);
            Assert.Equal(counted, Dump(open.Connection));
            AssertSums(open.Connection);
        },
        iter: 100,
        threads: 1);

    [Theory]
    [InlineData("UPDATE usage_sum_session SET sessions = sessions + 1 WHERE step = 96")]
    [InlineData("DELETE FROM usage_sum_all WHERE step = 768")]
    [InlineData("UPDATE usage_spread SET counts = x'0002' WHERE step = 24")]
    [InlineData("UPDATE usage_spread SET counts = x'FFFFFFFFFFFFFFFFFFFFFF' WHERE step = 96")]
    [InlineData("INSERT INTO usage_spread VALUES (2, 96, 0, 1, x'0002')")]
    [InlineData("DELETE FROM usage_spread WHERE step = 768")]
    public void A_sum_that_is_wrong_is_right_after_a_recount(string damage)
    {
        using var open = new OpenWriter();
        Send(open, [.. Enumerable.Range(1, 30).Select(i => new Step((Kind)(i % 13), i % 3, i % 2, i, i % 10, i, 0, false, false))]);
        string[] counted = Dump(open.Connection);
        Database.Execute(open.Connection, damage);
        Assert.NotEqual(counted, Dump(open.Connection));
        open.Reopen();
        Recount.Run(open.Connection);
        Assert.Equal(counted, Dump(open.Connection));
        AssertSums(open.Connection);
    }

    [Fact]
    public void The_order_in_which_bodies_come_changes_nothing() => Gen.Select(
        AnyStep.Where(s => s.Kind is not (Kind.TokenCumulative or Kind.CostCumulative) && !IsSettled(s)).Array[1, 25], Gen.Int).Sample(
        AssertOrderChangesNothing, iter: 100, threads: 1);

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
            Uncounted.WaitFor(connection);
            counted = Dump(connection);
            long rows = Recount.Run(connection);
            Assert.Equal(server.Sql("SELECT (SELECT count(*) FROM otel_metrics) + (SELECT count(*) FROM otel_events)"), rows);
            recounted = Dump(connection);
            Assert.Equal("ok", Lines(connection, "PRAGMA integrity_check"));
        }

        Assert.Equal(counted, recounted);

        // What real processes number has no holes, and no transcript was imported.
        Assert.Equal(["usage_telling", "usage_telling", "usage_capture", "usage_hole"], Dumps.Zip(counted).Where(d => d.Second.Length == 0).Select(d => d.First.Split(" FROM ")[1]));
        await server.Replay(Recorded.Bodies("json", "s02"));
        ExpectedSums.AssertSummary(
            await server.Get("/api/summary?session=b6a02e84-2f59-4d1f-911b-fff2c419f1eb"), Recorded.Expected("json").Single(t => t.Capture == "s02"));
    }

    private static void AssertIsCountedAnewTheSame(Step[] steps)
    {
        using var open = new OpenWriter();
        Send(open, steps);
        string[] counted = Dump(open.Connection);
        AssertSums(open.Connection);
        open.Reopen();
        Recount.Run(open.Connection);
        Assert.Equal(counted, Dump(open.Connection));
        AssertSums(open.Connection);
    }

    private static void AssertOrderChangesNothing(Step[] steps, int seed)
    {
        using var inOrder = new OpenWriter();
        Send(inOrder, steps);
        Step[] shuffled = [.. steps];
        new Random(seed).Shuffle(shuffled);
        using var mixed = new OpenWriter();
        Send(mixed, shuffled);
        Assert.Equal(Dump(inOrder.Connection), Dump(mixed.Connection));
    }

    // Its transcript's teller knows that this session paid; of two who know it, the one that came last counts.
    private static bool IsSettled(Step step) => step is { Kind: Kind.Transcript, Value: 9 };

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
        // A span that comes again is the same to its last attribute.
        step = step.Kind == Kind.Span ? step with { Value = 1, Process = 0 } : step;
        ulong time = Export.Time + (ulong)step.Time * StepNano;
        // The third session's client sends no ids.
        string[] session =
        [
            step.Session < 2 ? Export.Text("session.id", $"s{step.Session}") : Export.Text("user.id", "u"),
            .. step.Value % 2 == 0 ? (string[])[Export.Text("vcs.repository.name", $"project{step.Id % 3}")] : [],
        ];
        string body = Body(step, time, session, Export.Text("model", $"m{step.Model}"));
        return step.Process == 0 ? body : body.Replace(
            "\"resource\":{}", $"\"resource\":{{\"attributes\":[{Export.Text("host.name", $"machine{step.Process}")}]}}", StringComparison.Ordinal);
    }

    private static string Body(Step step, ulong time, string[] session, string model)
    {
        // Each process numbers its events as time goes by; some numbers meet.
        string number = Export.Int("event.sequence", Math.Max(0, step.Time - 8 * step.Process));
        string[] counted = [.. session, model, Export.Text("query_source", ((string[])["main", "auxiliary", ""])[step.Id % 3])];
        string Point(double value, string type) => Export.Point($$"""
            "startTimeUnixNano":"{{Export.Time + (ulong)step.Process}}","timeUnixNano":"{{time}}","asDouble":{{value.ToString(CultureInfo.InvariantCulture)}},
            "attributes":[{{string.Join(',', [.. counted, Export.Text("type", type)])}}]
            """);
        string Metric(string name, double value, int temporality) =>
            Export.Metrics(Export.Sum(name, [Point(value, step.Id % 2 == 0 ? "input" : "output")], temporality));
        return step.Kind switch
        {
            // Of requests with one id all say the same, whichever body tells it first.
            Kind.Request => Export.Logs(Export.Event(
                "api_request", Export.Time + (ulong)step.Id * StepNano, [.. session, .. OfRequest(step.Id), Export.Int("cache_creation_1h_tokens", 1),
                Export.Text("prompt.id", $"p{step.Id % 4}"), Export.Attribute("cost_usd", """{"doubleValue":0.0057599999999999995}""")])),
            Kind.RequestWithoutId => Export.Logs(Export.Event(
                "api_request", time, [.. session, step.Value > 7 ? Export.Attribute("model", "{\"arrayValue\":{}}") : model, Export.Int("input_tokens", step.Value % 2), number])),
            Kind.Error => Export.Logs(Export.Event("api_error", time, [.. session, model, number])),
            // Of some the events come too, of some not.
            Kind.Span => Export.LlmSpan(
                step.Id + 100 * step.Session, Export.Time + (ulong)(step.Id + 1) * StepNano, failed: step.Id > 35,
                [.. session, .. step.Id > 35 ? [Export.Text("request_id", $"r{step.Id}")] : OfRequest(step.Id)]),
            // One that is told again knows more of the output, and may know the price.
            Kind.Transcript => Export.Logs(Export.Event(
                "transcript_request", Export.Time + (ulong)step.Id * StepNano + OutOfMatch + (ulong)step.Time, [.. session, .. OfRequest(step.Id), Export.Text("prompt.id", $"p{step.Id % 4}"),
                Export.Int("output_tokens", step.Value % 2), Export.Attribute("cost_usd", $$"""{"doubleValue":{{(step.Value < 5 ? 0 : step.Value % 2 + 1)}}}"""),
                .. IsSettled(step) ? (string[])[Export.Attribute("session_settled", """{"boolValue":true}""")] : [], Export.Attribute(step.Value < 5 ? "cost_usd_unknown" : "cost_usd_derived", """{"boolValue":true}""")])),
            Kind.Decision => Export.Logs(Export.Event(
                "tool_decision", time, [.. session, Export.Text("decision", step.Value > 1 ? "accept" : "reject"), Export.Text("tool_use_id", $"t{step.Id % 9}"),
                .. OfTool(step), Export.Text("source", $"source{step.Value % 3}"), number])),
            Kind.Prompt => Export.Logs(Export.Event(
                "user_prompt", time, [.. session, Export.Text("prompt.id", $"p{step.Value}"), Export.Text("command_name", step.Value > 6 ? "clear" : ""), number])),
            Kind.Tool => Export.Logs(Export.Event(
                "tool_result", time, [.. session, Export.Text("success", step.Value > 3 ? "true" : "false"), Export.Int("duration_ms", step.Value),
                .. OfTool(step), .. step.Value > 3 ? (string[])[Export.Text("tool_result_size_bytes", $"{step.Value}")] : [Export.Text("error_type", $"error{step.Value}")],
                Export.Text("tool_input_size_bytes", $"{step.Id}"), Export.Text("tool_use_id", $"t{step.Id % 9}"), Export.Text("prompt.id", $"p{step.Id % 4}"), number])),
            Kind.TokenDelta => Metric("claude_code.token.usage", step.Value, 1),
            Kind.TokenCumulative => Metric("claude_code.token.usage", step.Value * 10, 2),
            Kind.CostDelta => Metric("claude_code.cost.usage", step.Value * 0.0033, 1),
            Kind.CostCumulative => Metric("claude_code.cost.usage", step.Value * 0.011, 2),
            _ => Export.Metrics(Export.Sum("claude_code.commit.count", [Export.Point(step.Value, time, session)])),
        };
    }

    // Of some the request is known, before or afterwards.
    private static string[] OfTool(Step step) =>
        [Export.Text("tool_name", step.Id % 9 == 0 ? "Read" : "Bash"), .. step.Id > 9 ? (string[])[Export.Text("request_id", $"r{step.Id}")] : []];

    // Of requests with one id all witnesses say the same.
    private static string[] OfRequest(int id) =>
    [
        Export.Text("model", $"m{id % 2}"), Export.Text("request_id", $"r{id}"), Export.Int("input_tokens", id), Export.Int("output_tokens", id % 3),
        .. id % 5 == 0 ? (string[])[Export.Text("query_source", id % 2 == 0 ? "sdk" : "compact"), Export.Int("ttft_ms", id)] : [],
    ];

    private static string[] Dump(SqliteConnection connection) => [.. Dumps.Select(sql => Lines(connection, Named(sql)))];

    private static string Named(string sql)
    {
        string table = sql.Split(" FROM ")[1].Split(' ')[0];
        string join = (sql.Contains("session_id,", StringComparison.Ordinal) && table != "usage_session" ? $" JOIN (SELECT id AS row, session_id FROM usage_session) ON row = {table}.session" : "")
            + (sql.Contains(" name,", StringComparison.Ordinal) ? $" JOIN usage_name ON usage_name.id = {table}.{(table is "usage_tool" or "usage_decision" or "usage_call" or "usage_sum_tool" or "usage_sum_decision" ? "tool" : "model")}" : "");
        return sql.Replace($" FROM {table}", $" FROM {table}{join}", StringComparison.Ordinal);
    }

    private static void AssertSums(SqliteConnection connection)
    {
        Assert.All(AllSums, sums => Assert.Equal(Lines(connection, sums.Added), Lines(connection, sums.Kept)));
        Assert.True(SpreadTable.IsAsMade(connection));
    }

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
