using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Tests.Storage;
using OtelLite.Usage;

namespace OtelLite.Tests.Dashboard;

/// <summary>Whatever is asked of many sessions, from sums and totals, is what counting one by one comes to.</summary>
public sealed class SessionListTests : IAsyncLifetime, IDisposable
{
    private const int Sessions = 300;
    private const int Days = 20;

    // A minute after, so that the last sessions are active.
    private readonly DateTimeOffset _end = DateTimeOffset.UtcNow;
    private readonly OpenWriter _open = new();

    public Task InitializeAsync() => LargeSet.Fill(_open.Writer, Sessions, _end, Days);

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _open.Dispose();

    private IEnumerable<Scope> Scopes
    {
        get
        {
            foreach (double days in (double[])[0, Days - 0.3, 3.01, 1.0 / 24])
            {
                var scope = new Scope { FromUnixNano = days == 0 ? 0 : UnixNano.From(_end.AddDays(-days)) };
                yield return scope;
                yield return scope with { ToUnixNano = UnixNano.From(_end.AddHours(-0.4)) };
                yield return scope with { Projects = ["project-3", "project-5"] };
                yield return scope with { Machines = ["machine-1"], Models = ["claude-opus-4-5"] };
                yield return scope with { Models = ["claude-haiku-4-5", "claude-haiku-3-5"] };
            }
        }
    }

    [Fact]
    public void Every_order_and_filter_shows_what_counting_one_by_one_comes_to()
    {
        DateTimeOffset now = _end.AddMinutes(1);
        foreach (Scope scope in Scopes)
        {
            List<Counted> all = Count(scope);
            foreach (SessionSort sort in Enum.GetValues<SessionSort>())
            {
                AssertList(all, scope, new SessionsAsked { Sort = sort }, now);
                AssertList(all, scope, new SessionsAsked { Sort = sort, Ascending = true, Offset = 3, Limit = 7 }, now);
            }

            foreach (string text in (string[])["", "JECT-1", "opus", "DEPARTMENT 2", "9e37", "machine-1", "nothing like it", "%", "_"])
            {
                AssertList(all, scope, new SessionsAsked { Text = text, Sort = SessionSort.Started }, now);
            }

            AssertList(all, scope, new SessionsAsked { Active = true }, now);
            AssertList(all, scope, new SessionsAsked { MinCostNanoUsd = 100_000_000, Sort = SessionSort.Cost, Ascending = true }, now);
            AssertList(all, scope, new SessionsAsked { MinCostNanoUsd = 50_000_000, Text = "project-2", Offset = 2 }, now);
        }
    }

    [Fact]
    public void The_summary_is_what_adding_every_row_comes_to()
    {
        foreach (Scope scope in Scopes)
        {
            UsageSummary summary = SummaryQuery.Read(_open.Connection, scope, _end);
            List<Counted> all = Count(scope);
            Assert.Equal(all.Count, summary.Sessions.Total);
            Assert.Equal(all.Sum(s => s.Of(Figure.ApiRequests)), summary.ApiRequests);
            Assert.Equal(all.Sum(s => s.Of(Figure.Input, Figure.InputRest)), summary.Tokens.Input);
            Assert.Equal(all.Sum(s => s.Of(Figure.CacheRead, Figure.CacheReadRest)), summary.Tokens.CacheRead);
            Assert.Equal(SummaryQuery.Usd(all.Sum(s => s.Of(Figure.Cost, Figure.CostRest))), summary.CostUsd);
            Assert.Equal(all.Sum(s => s.Of(Figure.ApiErrors)), summary.ApiErrors);
            Assert.Equal(all.Sum(s => s.Of(Figure.Prompts)), summary.Prompts);
            Assert.Equal(all.Sum(s => s.Of(Figure.ToolCalls)), summary.Tools.Sum(t => t.Calls));
            Assert.Equal(all.Sum(s => s.Of(Figure.ToolFailures)), summary.Tools.Sum(t => t.Failures));
            Assert.Equal(summary.CostUsd, summary.Models.Sum(m => m.CostUsd), 9);
            Assert.Equal(Tools(scope), summary.Tools);
            long[] starts = [.. Enumerable.Range(0, Days + 2).Select(i => (UnixNano.From(_end.AddDays(i - Days - 1)) / 1_000_000_000 / 86_400 * 86_400) - 3600)];
            UsageSeries series = TimeseriesQuery.Read(_open.Connection, scope, new Buckets(starts, 86_400));
            Assert.Equal(summary.ApiRequests, series.ApiRequests.Sum());
            Assert.Equal(Buckets(scope, starts), series.ApiRequests);
            Assert.Equal(summary.Tokens.CacheRead, series.Tokens.CacheRead.Sum());
        }
    }

    private void AssertList(List<Counted> all, Scope scope, SessionsAsked asked, DateTimeOffset now)
    {
        SessionList list = SessionsQuery.Read(_open.Connection, scope, asked, now);
        List<Counted> fitting =
        [
            .. all.Where(s => s.Text.Any(t => t.Contains(asked.Text, StringComparison.OrdinalIgnoreCase)))
                .Where(s => !asked.Active || s.Received > UnixNano.From(now.AddMinutes(-5)))
                .Where(s => asked.MinCostNanoUsd is not { } cost || s.Of(Figure.Cost, Figure.CostRest) >= cost),
        ];
        IEnumerable<Counted> sorted = asked.Sort == SessionSort.Id
            ? asked.Ascending ? fitting.OrderBy(s => s.Id, StringComparer.Ordinal) : fitting.OrderByDescending(s => s.Id, StringComparer.Ordinal)
            : (asked.Ascending ? fitting.OrderBy(s => s.Key(asked.Sort)) : fitting.OrderByDescending(s => s.Key(asked.Sort))).ThenBy(s => s.Id, StringComparer.Ordinal);
        Assert.Equal(fitting.Count, list.Total);
        Assert.Equal(
            sorted.Skip((int)asked.Offset).Take(asked.Limit).Select(s => (s.Id, s.Key(SessionSort.Cost), s.Key(SessionSort.Tokens), s.Of(Figure.ToolCalls), s.Of(Figure.Prompts))),
            list.Sessions.Select(s => (s.Id, (long)Math.Round(s.CostUsd * 1e9), s.Tokens.Input + s.Tokens.Output + s.Tokens.CacheRead + s.Tokens.CacheCreation, s.ToolCalls, s.Prompts)));
    }

    private sealed record Counted(string Id, long First, long Last, long Received, string[] Text, Dictionary<Figure, long> Figures)
    {
        public long Of(params Figure[] figures) => figures.Sum(f => Figures.GetValueOrDefault(f));

        public long Key(SessionSort sort) => sort switch
        {
            SessionSort.Seen => Last,
            SessionSort.Started => First,
            SessionSort.Duration => Last - First,
            SessionSort.Cost => Of(Figure.Cost, Figure.CostRest),
            SessionSort.Tokens => Of([.. BilledKinds.All.Where(k => k != BilledKind.Cost).SelectMany(k => (Figure[])[k.ByEvents(), k.Rest()])]),
            SessionSort.Output => Of(Figure.Output, Figure.OutputRest),
            SessionSort.Input => Of(Figure.Input, Figure.InputRest),
            SessionSort.Requests => Of(Figure.ApiRequests),
            SessionSort.Errors => Of(Figure.ApiErrors),
            _ => Of(Figure.Prompts),
        };
    }

    // Row by row of the list of all amounts, with nothing added up beforehand.
    private List<Counted> Count(Scope scope)
    {
        Dictionary<long, Counted> sessions = [];
        foreach (object?[] row in Rows($"""
            SELECT id, session_id, first_unix_nano, last_unix_nano, received_unix_nano, project, machine, (SELECT attributes FROM otel_resource r WHERE r.id = resource),
                   (SELECT group_concat(name, char(10)) FROM usage_name WHERE usage_name.id IN (SELECT model FROM usage_amount WHERE session = usage_session.id))
            FROM usage_session
            """))
        {
            if ((scope.Projects.Count == 0 || scope.Projects.Contains((string)row[5]!)) && (scope.Machines.Count == 0 || scope.Machines.Contains((string)row[6]!)))
            {
                string[] text =
                [
                    (string)row[1]!, (string)row[5]!, (string)row[6]!, .. ((string)row[8]!).Split('\n'),
                    .. JsonNode.Parse((string)row[7]!)!.AsObject().Select(p => p.Value!.ToString()),
                ];
                sessions[(long)row[0]!] = new((string)row[1]!, (long)row[2]!, (long)row[3]!, (long)row[4]!, text, []);
            }
        }

        foreach (object?[] row in Rows($"""
            SELECT session, figure, sum(value) FROM usage_amount JOIN usage_name ON usage_name.id = model
            WHERE value <> 0 AND {InScope(scope)} GROUP BY 1, 2
            """))
        {
            if (sessions.TryGetValue((long)row[0]!, out Counted? session))
            {
                session.Figures[(Figure)(long)row[1]!] = (long)row[2]!;
            }
        }

        return [.. sessions.Values.Where(s => s.Figures.Count > 0)];
    }

    private List<ToolUsage> Tools(Scope scope) =>
    [
        .. Rows($"""
            SELECT t.name, duration_ms, succeeded FROM usage_tool JOIN usage_name t ON t.id = tool JOIN usage_name ON usage_name.id = model
            JOIN usage_session ON usage_session.id = session WHERE {InScope(scope)} {AndSession(scope)}
            """)
            .GroupBy(r => (string)r[0]!)
            .Select(g =>
            {
                long[] sorted = [.. g.Select(r => (long)r[1]!).Order()];
                double At(double share) => sorted[(int)Math.Ceiling(sorted.Length * share) - 1];
                return new ToolUsage(g.Key, sorted.Length, g.Count(r => (long)r[2]! == 0), At(0.5), At(0.95));
            })
            .OrderByDescending(t => t.Calls).ThenBy(t => t.Name, StringComparer.Ordinal),
    ];

    private long[] Buckets(Scope scope, long[] starts)
    {
        long[] counts = new long[starts.Length];
        foreach (object?[] row in Rows($"""
            SELECT time_unix_nano FROM usage_request JOIN usage_name ON usage_name.id = model JOIN usage_session ON usage_session.id = session
            WHERE {InScope(scope)} {AndSession(scope)}
            """))
        {
            counts[Math.Max(0, Array.FindLastIndex(starts, s => s * 1_000_000_000 <= (long)row[0]!))]++;
        }

        return counts;
    }

    private static string InScope(Scope scope) => $"time_unix_nano >= {scope.FromUnixNano} AND time_unix_nano < {scope.ToUnixNano}"
        + (scope.Models.Count == 0 ? "" : $" AND usage_name.name IN ('{string.Join("', '", scope.Models)}')");

    private static string AndSession(Scope scope) =>
        (scope.Projects.Count == 0 ? "" : $" AND project IN ('{string.Join("', '", scope.Projects)}')")
        + (scope.Machines.Count == 0 ? "" : $" AND machine IN ('{string.Join("', '", scope.Machines)}')");

    private List<object?[]> Rows(string sql)
    {
        using SqliteCommand command = _open.Connection.CreateCommand();
        command.CommandText = sql;
        List<object?[]> rows = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            object?[] values = new object?[row.FieldCount];
            row.GetValues(values!);
            rows.Add(values);
        }

        return rows;
    }
}
