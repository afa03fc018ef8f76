using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Tests.Otlp;
using OtelLite.Tests.Storage;
using OtelLite.Usage;

namespace OtelLite.Tests.Dashboard;

/// <summary>Figures that are read from sums are those that a plain look at every row comes to: for ranges with any ends, sessions that lie over them, and any narrowing.</summary>
public sealed class PlainFiguresTests
{
    private const int Days = 40;
    private const long Minute = 60_000_000_000;

    private sealed record Row(long Time, long Session, long Model, Figure Figure, long Value);

    private sealed record Timed(long Time, long Session, long Key, long Model, long Number, bool Failed);

    private sealed record Session(
        long Id, string Name, bool Named, long First, long Last, long Received, string? Project, string? Machine, SessionVerdict Verdict, long Missing, long Open);

    // All rows of a file, as they are.
    private sealed class Rows
    {
        public required List<Row> Amounts { get; init; }

        public required List<Timed> Tools { get; init; }

        public required List<Timed> Requests { get; init; }

        public required Dictionary<long, Session> Sessions { get; init; }

        public required Dictionary<long, string> Names { get; init; }

        public static Rows Read(SqliteConnection connection) => new()
        {
            Amounts = All(connection, "SELECT time_unix_nano, session, model, figure, value FROM usage_amount", r =>
                new Row(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), (Figure)r.GetInt64(3), r.GetInt64(4))),
            Tools = All(connection, "SELECT time_unix_nano, session, tool, model, duration_ms, NOT succeeded FROM usage_tool", ReadTimed),
            Requests = All(connection, "SELECT time_unix_nano, session, model, model, duration_ms, 0 FROM usage_request WHERE duration_ms IS NOT NULL", ReadTimed),
            Sessions = All(connection, """
                SELECT id, session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, project, machine, verdict, missing_events, open_calls FROM usage_session
                """, r => new Session(r.GetInt64(0), r.GetString(1), r.GetBoolean(2), r.GetInt64(3), r.GetInt64(4), r.GetInt64(5), r.IsDBNull(6) ? null : r.GetString(6),
                    r.IsDBNull(7) ? null : r.GetString(7), (SessionVerdict)r.GetInt64(8), r.GetInt64(9), r.GetInt64(10))).ToDictionary(s => s.Id),
            Names = All(connection, "SELECT id, name FROM usage_name", r => (r.GetInt64(0), r.GetString(1))).ToDictionary(n => n.Item1, n => n.Item2),
        };

        private static Timed ReadTimed(SqliteDataReader r) => new(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3), r.GetInt64(4), r.GetBoolean(5));

        private static List<T> All<T>(SqliteConnection connection, string sql, Func<SqliteDataReader, T> read)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = sql;
            using SqliteDataReader row = command.ExecuteReader();
            List<T> all = [];
            while (row.Read())
            {
                all.Add(read(row));
            }

            return all;
        }

        public bool IsIn(Scope scope, long time, long session, long model) =>
            time >= scope.FromUnixNano && time < scope.ToUnixNano && (scope.Models.Count == 0 || scope.Models.Contains(Names[model])) && Fits(scope, Sessions[session]);

        private static bool Fits(Scope scope, Session session) => (scope.Sessions.Count == 0 || scope.Sessions.Contains(session.Name))
            && (scope.Projects.Count == 0 || scope.Projects.Contains(session.Project ?? "")) && (scope.Machines.Count == 0 || scope.Machines.Contains(session.Machine ?? ""));
    }

    [Fact]
    public async Task Figures_of_any_range_are_what_a_look_at_every_row_comes_to()
    {
        DateTimeOffset end = DateTimeOffset.UtcNow;
        using var open = new OpenWriter();
        await LargeSet.Fill(open.Writer, 400, end, Days);
        await open.Write(Export.Logs([.. LongSessions(UnixNano.From(end))]));
        // Some are active: something of them came just now.
        Database.Execute(open.Connection, $"UPDATE usage_session SET received_unix_nano = iif(id % 7 = 0, {UnixNano.From(end.AddHours(1)) - Minute}, 5)");
        Rows rows = Rows.Read(open.Connection);
        Assert.True(rows.Sessions.Values.Count(s => s.Last - s.First > 1440 * Minute) > 10);
        Assert.Equal([SessionVerdict.Agree, SessionVerdict.Auxiliary, SessionVerdict.EventsIncomplete, SessionVerdict.EventsOnly], rows.Sessions.Values.Select(s => s.Verdict).Distinct().Order());
        foreach (Scope scope in Scopes(rows, UnixNano.From(end)))
        {
            AssertSummary(rows, scope, SummaryQuery.Read(open.Connection, scope, end.AddHours(1)), UnixNano.From(end.AddHours(1)));
            AssertTools(rows, scope, ToolsQuery.Read(open.Connection, scope));
            AssertModels(rows, scope, ModelsQuery.Read(open.Connection, scope));
            AssertSeries(rows, scope, open.Connection, UnixNano.From(end));
            Assert.Equal(Doing(rows, scope).Count, SessionsQuery.Read(open.Connection, scope, new SessionsAsked { Limit = 3 }, end).Total);
        }
    }

    // Over the borders of days and of eight of them, for hours and for weeks, two of them without an id.
    private static IEnumerable<string> LongSessions(long end)
    {
        var random = new Random(5);
        for (int i = 0; i < 24; i++)
        {
            string[] who = i < 22 ? [Export.Text("session.id", $"long-{i}"), Export.Text("vcs.repository.name", $"project-{i % 4}")] : [Export.Text("user.id", $"u{i}")];
            long first = end - (long)(random.NextDouble() * Days * 1440 * Minute), length = (long)(random.NextDouble() * (i % 2 == 0 ? 15 : 1.5) * 1440 * Minute);
            foreach (double share in (double[])[0, random.NextDouble(), 1])
            {
                ulong time = (ulong)Math.Min(end, first + (long)(share * length));
                yield return Export.Event("api_request", time, [.. who, Export.Text("model", $"claude-opus-{i % 2}"), Export.Int("input_tokens", 5 + i), Export.Text("request_id", $"r{i}-{share}"),
                    Export.Int("duration_ms", random.Next(30_000)), Export.Int("event.sequence", (long)(share * 9))]);
                yield return Export.Event("tool_result", time + 1, [.. who, Export.Text("tool_name", "Bash"), Export.Text("duration_ms", $"{random.Next(9000)}")]);
            }
        }
    }

    private static IEnumerable<Scope> Scopes(Rows rows, long end)
    {
        yield return new Scope();
        var random = new Random(9);
        Session[] sessions = [.. rows.Sessions.Values];
        long begin = end - (Days * 1440 * Minute);
        for (int i = 0; i < 60; i++)
        {
            long[] ends = [Edge(i), Edge(i / 3)];
            var scope = new Scope { FromUnixNano = i % 10 == 3 ? 0 : ends.Min(), ToUnixNano = i % 10 == 7 ? long.MaxValue : ends.Max() };
            yield return scope;
            yield return (i % 5) switch
            {
                0 => scope with { Models = ["claude-opus-4-5"] },
                1 => scope with { Projects = ["project-3", "project-1"] },
                2 => scope with { Machines = ["machine-2"] },
                3 => scope with { Sessions = [sessions[random.Next(sessions.Length)].Name, "long-3"] },
                _ => scope with { Projects = ["project-2"], Models = ["claude-opus-1", "claude-haiku-4-5"] },
            };
        }

        // Anywhere, where a session begins or ends or a moment beside it, on a quarter, or on a day.
        long Edge(int kind)
        {
            Session session = sessions[random.Next(sessions.Length)];
            long any = begin + (long)(random.NextDouble() * (end - begin));
            return (kind % 6) switch
            {
                0 => session.First + random.Next(2),
                1 => session.Last + random.Next(2),
                2 => any / (15 * Minute) * 15 * Minute,
                3 => any / (1440 * Minute) * 1440 * Minute,
                4 => any / (8 * 1440 * Minute) * 8 * 1440 * Minute,
                _ => any,
            };
        }
    }

    private static List<Session> Doing(Rows rows, Scope scope) => [.. rows.Amounts.Where(a => a.Value != 0 && rows.IsIn(scope, a.Time, a.Session, a.Model))
        .Select(a => a.Session).Distinct().Select(id => rows.Sessions[id])];

    private static void AssertSummary(Rows rows, Scope scope, UsageSummary told, long now)
    {
        List<Session> doing = Doing(rows, scope);
        long Count(SessionCheck check, bool named = true) =>
            doing.Count(s => s.Named == named && ChecksQuery.Of((long)s.Verdict, s.Received > now - (5 * Minute)) == check);
        Assert.Equal(
            new Checks(
                doing.Count(s => s.Named) - Count(SessionCheck.Nothing), Count(SessionCheck.Agree), Count(SessionCheck.Auxiliary), Count(SessionCheck.EventsIncomplete),
                Count(SessionCheck.MetricsIncomplete), Count(SessionCheck.MetricsOnly), Count(SessionCheck.EventsOnly), Count(SessionCheck.Open), doing.Sum(s => s.Missing),
                doing.Sum(s => s.Open), doing.Count(s => !s.Named) - Count(SessionCheck.Nothing, named: false), Count(SessionCheck.Agree, named: false), 0, 0),
            told.Checks);
        Assert.Equal(doing.Count(s => s.Named), told.Sessions.Total);
        Dictionary<Figure, long> sums = rows.Amounts.Where(a => rows.IsIn(scope, a.Time, a.Session, a.Model)).GroupBy(a => a.Figure).ToDictionary(g => g.Key, g => g.Sum(a => a.Value));
        long Of(params Figure[] figures) => figures.Sum(f => sums.GetValueOrDefault(f));
        Assert.Equal(
            new Tokens(Of(Figure.Input, Figure.InputRest), Of(Figure.Output, Figure.OutputRest), Of(Figure.CacheRead, Figure.CacheReadRest), Of(Figure.CacheCreation, Figure.CacheCreationRest)),
            told.Tokens);
        Assert.Equal(SummaryQuery.Usd(Of(Figure.Cost, Figure.CostRest)), told.CostUsd);
        Assert.Equal((Of(Figure.ApiRequests), Of(Figure.ApiErrors), Of(Figure.Prompts)), (told.ApiRequests, told.ApiErrors, told.Prompts));
        Assert.Equal(
            rows.Tools.Where(t => rows.IsIn(scope, t.Time, t.Session, t.Model)).GroupBy(t => t.Key).Select(g => new ToolUsage(
                rows.Names[g.Key], g.Count(), g.Count(t => t.Failed), At(g, 50), At(g, 95))).OrderByDescending(t => t.Calls).ThenBy(t => t.Name, StringComparer.Ordinal),
            told.Tools);
        Assert.Equal(
            rows.Amounts.Where(a => a.Figure == Figure.ApiRequests && rows.IsIn(scope, a.Time, a.Session, a.Model)).GroupBy(a => rows.Names[a.Model]).ToDictionary(g => g.Key, g => g.Sum(a => a.Value)),
            told.Models.Where(m => m.ApiRequests != 0).ToDictionary(m => m.Model, m => m.ApiRequests));
    }

    private static void AssertTools(Rows rows, Scope scope, IReadOnlyList<ToolFacts> told) => Assert.Equal(
        rows.Tools.Where(t => rows.IsIn(scope, t.Time, t.Session, t.Model)).GroupBy(t => rows.Names[t.Key]).ToDictionary(
            g => g.Key, g => ((long)g.Count(), (long)g.Count(t => t.Failed), (double?)At(g, 50), (double?)At(g, 95), (double?)g.Max(t => t.Number))),
        told.Where(t => t.Calls > 0).ToDictionary(t => t.Name, t => (t.Calls, t.FailuresByKind.Sum(k => k.Count), t.P50Ms, t.P95Ms, t.MaxMs)));

    private static void AssertModels(Rows rows, Scope scope, IReadOnlyList<ModelFacts> told) => Assert.Equal(
        rows.Requests.Where(t => rows.IsIn(scope, t.Time, t.Session, t.Model)).GroupBy(t => rows.Names[t.Key]).ToDictionary(
            g => g.Key, g => ((double?)At(g, 50), (double?)At(g, 95))),
        told.Where(m => m.P50Ms is not null).ToDictionary(m => m.Model, m => (m.P50Ms, m.P95Ms)));

    // Buckets of half a day and of an hour, on the clock of UTC and an hour beside it, and of a minute.
    private static void AssertSeries(Rows rows, Scope scope, SqliteConnection connection, long end)
    {
        foreach ((long step, long beside) in ((long, long)[])[(43_200, 0), (43_200, 3_600), (3_600, 0), (60, 0)])
        {
            long first = Math.Max(scope.FromUnixNano, end - (Days * 1440 * Minute)) / 1_000_000_000 / step * step - beside, last = Math.Min(scope.ToUnixNano, end) / 1_000_000_000;
            var buckets = new Buckets([.. Enumerable.Range(0, (int)Math.Clamp((last - first) / step, 0, 2000) + 1).Select(i => first + (i * step))], step);
            UsageSeries told = TimeseriesQuery.Read(connection, scope, buckets);
            long[] requests = new long[buckets.Starts.Length], input = new long[buckets.Starts.Length];
            foreach (Row amount in rows.Amounts.Where(a => a.Figure is Figure.ApiRequests or Figure.Input or Figure.InputRest && rows.IsIn(scope, a.Time, a.Session, a.Model)))
            {
                (amount.Figure == Figure.ApiRequests ? requests : input)[buckets.Of(amount.Time)] += amount.Value;
            }

            Assert.Equal(requests, told.ApiRequests);
            Assert.Equal(input, told.Tokens.Input);
        }
    }

    private static double At(IEnumerable<Timed> numbers, int percent)
    {
        long[] sorted = [.. numbers.Select(n => n.Number).Order()];
        return sorted[((sorted.Length * percent) + 99) / 100 - 1];
    }
}
