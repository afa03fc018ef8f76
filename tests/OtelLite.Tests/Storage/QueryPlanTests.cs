using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;
using OtelLite.Usage;

namespace OtelLite.Tests.Storage;

/// <summary>A question about a few sessions reads what is stored of these, and not all that is stored.</summary>
public sealed class QueryPlanTests
{
    private const ulong Day = 86_400_000_000_000;

    [Theory]
    [InlineData("summary")]
    [InlineData("sessions")]
    [InlineData("series")]
    [InlineData("checks")]
    public void No_question_looks_at_all_rows_of_a_table_that_grows_with_what_is_done(string question)
    {
        using var open = new OpenWriter();
        Fill(open);
        foreach (Scope scope in (Scope[])[new(), new() { Sessions = ["s3"] }, new() { FromUnixNano = (long)(Export.Time + Day) }])
        {
            string[] plan = Plan(open.Connection, question, scope);
            Assert.NotEmpty(plan);
            Assert.DoesNotContain(plan, step => step.StartsWith("SCAN", StringComparison.Ordinal)
                && ((string[])["usage_witness", "usage_quarter", "usage_request", "usage_point", "usage_tally", "usage_tool", "usage_sum", "usage_session_model"])
                    .Any(table => step.Split(' ')[1] == table));
        }
    }

    [Fact]
    public void A_question_about_a_session_looks_at_the_time_of_that_session()
    {
        using var open = new OpenWriter();
        Fill(open);
        Scope all = new();
        Assert.Same(all, all.Narrowed(open.Connection));
        Scope narrowed = new Scope { Sessions = ["s3"] }.Narrowed(open.Connection);
        Assert.Equal(((long)(Export.Time + (3 * Day)), (long)(Export.Time + (3 * Day)) + 1), (narrowed.FromUnixNano, narrowed.ToUnixNano));
        Scope within = new Scope { Sessions = ["s3", "s5"], ToUnixNano = (long)(Export.Time + (4 * Day)) }.Narrowed(open.Connection);
        Assert.Equal(((long)(Export.Time + (3 * Day)), (long)(Export.Time + (4 * Day))), (within.FromUnixNano, within.ToUnixNano));

        // What no session fits is found without a look at any.
        Scope none = new Scope { Sessions = ["nobody"] }.Narrowed(open.Connection);
        Assert.Equal((0, 0), (none.FromUnixNano, none.ToUnixNano));
        Assert.Equal(1, SummaryQuery.Read(open.Connection, new Scope { Sessions = ["s3"] }, DateTimeOffset.UtcNow).ApiRequests);
        Assert.Equal(0, SummaryQuery.Read(open.Connection, new Scope { Sessions = ["nobody"] }, DateTimeOffset.UtcNow).ApiRequests);
    }

    [Fact]
    public void A_copied_request_is_looked_for_among_those_of_its_seconds()
    {
        using var open = new OpenWriter();
        Fill(open);
        string[] plan = Traced(open.Connection, () =>
        {
            using var copies = new CopiedRequests(open.Connection);
            var request = new BilledRequest { RequestId = TextRange.None };
            TelemetryBatch batch = TelemetryBatch.Rent();
            copies.Exported(batch.Text, request, 1, 1);
            copies.Told(batch.Text, request, 1, 1);
            batch.Return();
        });
        Assert.Contains("SEARCH other USING INDEX usage_request_time (time_unix_nano>? AND time_unix_nano<?)", plan);
        Assert.Contains("SEARCH other USING INDEX usage_request_duration (model=? AND duration_ms=? AND time_unix_nano>? AND time_unix_nano<?)", plan);
        Assert.DoesNotContain(plan, step => step.StartsWith("SCAN", StringComparison.Ordinal));
    }

    [Fact]
    public void What_fills_a_hole_is_looked_for_in_the_newest_sessions_of_its_user_first()
    {
        using var open = new OpenWriter();
        string[] plan = [.. Explained(open.Connection, SequenceTable.IsElsewhere("1", "2", "3", "4", "5"))];
        Assert.Contains("SEARCH usage_sender USING PRIMARY KEY (sender=? AND begun_unix_nano<?)", plan);
        Assert.Equal(3, plan.Count(step => step.EndsWith(" USING PRIMARY KEY (session=? AND level=? AND sequence=?)", StringComparison.Ordinal)));
        Assert.DoesNotContain(plan, step => step.Contains("TEMP B-TREE", StringComparison.Ordinal) || step.Contains("MATERIALIZE", StringComparison.Ordinal));
    }

    [Fact]
    public void When_a_user_began_in_a_session_is_looked_for_from_where_that_began()
    {
        using var open = new OpenWriter();
        string[] plan = [.. Explained(open.Connection, SequenceTable.BegunAt.Replace("?1", "1", StringComparison.Ordinal).Replace("?2", "2", StringComparison.Ordinal))];
        Assert.Contains("SEARCH usage_sender USING PRIMARY KEY (sender=? AND begun_unix_nano>?)", plan);
        Assert.DoesNotContain(plan, step => step.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }

    [Fact]
    public void All_that_is_stored_of_a_session_is_read_in_its_order_and_not_sorted()
    {
        using var open = new OpenWriter();
        Fill(open);
        string[] plan = Traced(open.Connection, () =>
        {
            using var stored = new StoredBatches(open.Connection);
            Assert.Equal(1, stored.Each("s1", 0, (_, _, _, _) => { }));
        });
        Assert.Equal(4, plan.Count(step => step == "SEARCH usage_raw USING PRIMARY KEY (session=? AND signal=?)"));
        Assert.DoesNotContain(plan, step => step.Contains("TEMP B-TREE", StringComparison.Ordinal) || step.StartsWith("SCAN otel_", StringComparison.Ordinal));
    }

    // Ten sessions on ten days.
    private static void Fill(OpenWriter open)
    {
        for (int i = 0; i < 10; i++)
        {
            open.Write(Export.Logs(Export.Event(
                "api_request", Export.Time + ((ulong)i * Day), Export.Text("session.id", $"s{i}"), Export.Text("model", "m"), Export.Int("input_tokens", 5))))
                .GetAwaiter().GetResult();
        }
    }

    private static string[] Plan(SqliteConnection connection, string question, Scope scope) => Traced(connection, () =>
    {
        switch (question)
        {
            case "summary": SummaryQuery.Read(connection, scope, DateTimeOffset.UtcNow); break;
            case "sessions": SessionsQuery.Read(connection, scope, new SessionsAsked(), DateTimeOffset.UtcNow); break;
            case "series": TimeseriesQuery.Read(connection, scope, new Buckets([(long)(Export.Time / 1_000_000_000)], 3600)); break;
            default: ChecksQuery.ReadAll(connection, DateTimeOffset.UtcNow); break;
        }
    });

    // The very statements, as SQLite says that it would run them.
    private static string[] Traced(SqliteConnection connection, Action ask)
    {
        List<string> statements = [];
        SQLitePCL.raw.sqlite3_trace(connection.Handle, (_, sql) => statements.Add(sql), null);
        try
        {
            ask();
        }
        finally
        {
            SQLitePCL.raw.sqlite3_trace(connection.Handle, (SQLitePCL.strdelegate_trace?)null, null);
        }

        return [.. statements.Where(s => s.Contains("SELECT", StringComparison.Ordinal)).SelectMany(sql => Explained(connection, sql))];
    }

    private static List<string> Explained(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + sql;
        List<string> steps = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            steps.Add(row.GetString(3));
        }

        return steps;
    }
}
