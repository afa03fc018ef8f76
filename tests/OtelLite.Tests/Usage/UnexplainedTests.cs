using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using OtelLite.Otlp;
using OtelLite.Storage;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;
using OtelLite.Usage;

namespace OtelLite.Tests.Usage;

/// <summary>
/// The incremental weighing of metrics against events, held against its definition computed from scratch, over random
/// histories that arrive in random order and random batches.
/// </summary>
public sealed class UnexplainedTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-").FullName;
    private readonly SqliteConnection _connection;
    private readonly RawTables _raw;
    private readonly UsageTables _usage;

    public UnexplainedTests()
    {
        _connection = Database.OpenWriter(_folder, Durability.Normal);
        _raw = new RawTables(_connection);
        _usage = new UsageTables(_connection);
    }

    public void Dispose()
    {
        _raw.Dispose();
        _usage.Dispose();
        _connection.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>One thing that a client said: a metric point, or an event.</summary>
    private readonly record struct Said(bool IsEvent, string Session, string Model, bool IsCost, long Time, long Value, int Number);

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void Shares_are_those_of_the_definition_after_every_batch_of_any_history(int seed, bool isFalling)
    {
        var random = new Random(seed);
        for (int history = 0; history < 150; history++)
        {
            // Each history has sessions of its own, and one transaction: a commit for each batch would cost more than all the rest.
            Database.Execute(_connection, "BEGIN");
            List<Said> all = [];
            int batches = random.Next(2, 12);
            for (int i = 0; i < batches; i++)
            {
                Said[] batch = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Any(random, history, isFalling, all.Count))];
                all.AddRange(batch);
                Store(batch);
                AssertShares(all, $"seed {seed}, history {history}, batch {i}");
            }

            Database.Execute(_connection, "COMMIT");
        }
    }

    [Fact]
    public void An_event_that_comes_after_its_point_takes_back_what_had_looked_unexplained()
    {
        Store(new Said(false, "late", "m", false, 10, 100, 0));
        Assert.Equal([(10, 100)], Shares("late", "m", isCost: false));
        Store(new Said(true, "late", "m", false, 12, 100, 1));
        Assert.Equal([(10, 0)], Shares("late", "m", isCost: false));
    }

    [Fact]
    public void What_no_event_explains_is_laid_on_the_point_in_which_it_shows()
    {
        Store(new Said(true, "gap", "m", false, 9, 100, 0), new Said(false, "gap", "m", false, 10, 100, 1));
        Store(new Said(false, "gap", "m", false, 20, 50, 2));
        Store(new Said(true, "gap", "m", false, 29, 70, 3), new Said(false, "gap", "m", false, 30, 70, 4));
        Assert.Equal([(10, 0), (20, 50), (30, 0)], Shares("gap", "m", isCost: false));
    }

    [Fact]
    public void More_events_than_points_leave_nothing_unexplained()
    {
        Store(new Said(true, "more", "m", false, 5, 500, 0), new Said(false, "more", "m", false, 10, 100, 1), new Said(false, "more", "m", false, 20, 100, 2));
        Assert.Equal([(10, 0), (20, 0)], Shares("more", "m", isCost: false));
    }

    [Theory]
    [InlineData(-100, 0, 0)]
    [InlineData(-10, 60, 40)]
    public void An_event_that_reports_less_than_nothing_behind_the_last_point_lays_nothing_where_there_is_none(long value, long before, long rest)
    {
        for (int i = 0; i < 2; i++)
        {
            if (before > 0 && i == 0)
            {
                Store(new Said(IsEvent: false, "s", "a", IsCost: false, Time: 10, Value: 100, Number: 1));
                Store(new Said(IsEvent: true, "s", "a", IsCost: false, Time: 10, Value: before, Number: 2));
            }

            Store(new Said(IsEvent: true, "s", "a", IsCost: false, Time: 20 + i, Value: value, Number: 3 + i));
            long Sum(string sql)
            {
                using var statement = new Statement(_connection, sql);
                return statement.Begin().Scalar() ?? 0;
            }

            string ofRest = "figure BETWEEN 11 AND 15";
            Assert.Equal(
                (rest, rest, rest),
                (Sum($"SELECT sum(value) FROM usage_amount WHERE {ofRest}"), Sum($"SELECT sum(value) FROM usage_quarter WHERE {ofRest}"), Sum("SELECT sum(rest) FROM usage_witness")));
        }
    }

    [Fact]
    public void The_walk_back_ends_at_the_second_point_when_everything_new_is_newest()
    {
        // Stored: 10 of 100 unexplained, at points long ago. New: a point of 5 that an event of 5 explains.
        var unexplained = new Unexplained(metrics: 105, events: 95, restBefore: 10, changedSinceUnixNano: 1000);
        Assert.False(unexplained.Visit(1001, eventsAfter: 0, newerValue: 0, newerShareBefore: 0));
        Assert.True(unexplained.Visit(900, eventsAfter: 5, newerValue: 5, newerShareBefore: 0));
        Assert.Equal(10, unexplained.Rest);
    }

    // A small world, so that times, sessions and models meet often. A falling sum reports less than nothing; events do not.
    private static Said Any(Random random, int history, bool isFalling, int before)
    {
        var said = new Said(
            IsEvent: random.Next(2) == 0,
            Session: $"{history} {random.Next(2)}",
            Model: random.Next(4) == 0 ? "b" : "a",
            IsCost: random.Next(3) == 0,
            Time: random.Next(1, 25),
            Value: random.Next(1, 8) * (isFalling && random.Next(4) == 0 ? -1 : 1),
            Number: before * 10 + random.Next(10));
        return said.IsEvent ? said with { Value = Math.Abs(said.Value) } : said;
    }

    private void Store(params Said[] said)
    {
        Assert.True(OtlpJson.TryRead(Encoding.UTF8.GetBytes(BodyOf(said)), out TelemetryBatch batch, out string error), error);
        _raw.Write(batch, receivedUnixSeconds: 0);
        _usage.Write(batch, batch.EventRows.Rows, batch.ResourceRows.Rows, nowUnixNano: 1);
        batch.Return();
    }

    private static string BodyOf(Said[] said)
    {
        string[] events =
        [
            .. said.Where(s => s.IsEvent).Select((s, i) => Export.Event(
                "api_request", (ulong)s.Time, Export.Text("session.id", s.Session), Export.Text("model", s.Model), Export.Text("request_id", $"{s.Number} {i}"),
                s.IsCost
                    ? Export.Attribute("cost_usd", string.Create(CultureInfo.InvariantCulture, $$"""{"doubleValue":{{s.Value / 1e9}}}"""))
                    : Export.Int("input_tokens", s.Value))),
        ];
        string[] metrics =
        [
            .. said.Where(s => !s.IsEvent).Select(s => Export.Sum(
                s.IsCost ? "claude_code.cost.usage" : "claude_code.token.usage",
                [Export.Point(s.IsCost ? s.Value / 1e9 : s.Value, (ulong)s.Time,
                    Export.Text("session.id", s.Session), Export.Text("model", s.Model), Export.Text("type", "input"))])),
        ];
        return Export.Logs(events)[..^1] + "," + Export.Metrics(metrics)[1..];
    }

    private void AssertShares(List<Said> all, string when)
    {
        foreach (IGrouping<(string Session, string Model, bool IsCost), Said> pair in all.GroupBy(s => (s.Session, s.Model, s.IsCost)))
        {
            (long, long)[] expected = [.. Defined([.. pair])];
            (long, long)[] stored = [.. Shares(pair.Key.Session, pair.Key.Model, pair.Key.IsCost)];
            Assert.True(expected.SequenceEqual(stored), $"{when}, {pair.Key}: {string.Join(' ', stored)} is stored, {string.Join(' ', expected)} is right");
        }
    }

    /// <summary>Unexplained's documentation, word for word: R(t) = min over s ≥ t of max(0, M(s) − E(s)); a share is R's growth.</summary>
    private static List<(long Time, long Share)> Defined(Said[] said)
    {
        long[] times = [.. said.Where(s => !s.IsEvent).Select(s => s.Time).Distinct().Order()];
        long Difference(long time) => Math.Max(
            0, said.Where(s => s.Time <= time).Sum(s => s.IsEvent ? -s.Value : s.Value));
        long R(long time) => times.Append(long.MaxValue).Where(s => s >= time).Min(Difference);
        List<(long, long)> shares = [];
        long before = 0;
        foreach (long time in times)
        {
            shares.Add((time, R(time) - before));
            before = R(time);
        }

        Assert.Equal(times.Length > 0 ? Difference(long.MaxValue) : 0, before);
        return shares;
    }

    private List<(long Time, long Share)> Shares(string session, string model, bool isCost)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = """
            SELECT time_unix_nano, rest FROM usage_point JOIN usage_session ON usage_session.id = session JOIN usage_name ON usage_name.id = model
            WHERE session_id = $session AND name = $model AND kind = $kind ORDER BY time_unix_nano
            """;
        command.Parameters.AddWithValue("$session", session);
        command.Parameters.AddWithValue("$model", model);
        command.Parameters.AddWithValue("$kind", (int)(isCost ? BilledKind.Cost : BilledKind.Input));
        List<(long, long)> shares = [];
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            shares.Add((reader.GetInt64(0), reader.GetInt64(1)));
        }

        return shares;
    }
}
