using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Bench.Queries;

/// <summary>What the page asks of a year of heavy use, each question by itself: the time of the best of several. The data is made once and kept.</summary>
internal static class Pages
{
    private const int Times = 5;
    private const int Days = 365;

    public static async Task<int> Run(int sessions)
    {
        (string folder, DateTimeOffset end) = await LargeFile.Of(sessions, Days);
        using SqliteConnection reader = Database.OpenReader(folder);
        foreach ((string range, double days) in ((string, double)[])[("15m", 1 / 96.0), ("24h", 1), ("30d", 30), ("1y", 364), ("all", 0)])
        {
            var scope = new Scope { FromUnixNano = days == 0 ? 0 : UnixNano.From(end.AddDays(-days)) };
            double spanned = days == 0 ? Days : days;
            Ask(reader, $"{range}", scope, end, spanned);
            Ask(reader, $"{range} of a project", scope with { Projects = ["project-3"] }, end, spanned);
            Ask(reader, $"{range} of a machine", scope with { Machines = ["machine-1"] }, end, spanned);
            Ask(reader, $"{range} of a model", scope with { Models = ["claude-opus-4-5"] }, end, spanned);
        }

        return 0;
    }

    private static void Ask(SqliteConnection reader, string what, Scope scope, DateTimeOffset now, double days)
    {
        // Days at an offset of a whole hour, as in Berlin; hours and minutes for short ranges.
        long step = days > 30 ? 86_400 : days >= 1 ? 3_600 : 60;
        long start = (UnixNano.From(now.AddDays(-days)) / 1_000_000_000 / step * step) - (step == 86_400 ? 3_600 : 0);
        long[] starts = [.. Enumerable.Range(0, (int)(days * 86_400 / step) + 2).Select(i => start + (i * step))];
        Measure($"summary {what}", () => SummaryQuery.Read(reader, scope, now));
        Measure($"timeseries {what}", () => TimeseriesQuery.Read(reader, scope, new Buckets(starts, step)));
        foreach (SessionSort sort in (SessionSort[])[SessionSort.Seen, SessionSort.Cost, SessionSort.Id])
        {
            Measure($"sessions by {sort} {what}", () => SessionsQuery.Read(reader, scope, new SessionsAsked { Sort = sort }, now));
        }

        Measure($"sessions, a late page, {what}", () => SessionsQuery.Read(reader, scope, new SessionsAsked { Sort = SessionSort.Cost, Offset = 5000 }, now));
        Measure($"sessions with text {what}", () => SessionsQuery.Read(reader, scope, new SessionsAsked { Text = "OPUS" }, now));
        Measure($"sessions with the text of an id {what}", () => SessionsQuery.Read(reader, scope, new SessionsAsked { Text = "9e3779b1" }, now));
        Measure($"sessions that cost {what}", () => SessionsQuery.Read(reader, scope, new SessionsAsked { MinCostNanoUsd = 300_000_000 }, now));
    }

    private static void Measure(string what, Func<object> ask)
    {
        double best = double.MaxValue;
        double cpu = double.MaxValue;
        for (int i = 0; i < Times; i++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            var clock = Stopwatch.StartNew();
            ask();
            cpu = Math.Min(cpu, (Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
            best = Math.Min(best, clock.Elapsed.TotalMilliseconds);
        }

        Tell(string.Create(CultureInfo.InvariantCulture, $"({cpu,7:0.0} ms of the processor)  {what}"), best);
    }

    private static void Tell(string what, double ms) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ms,9:0.0} ms  {what}"));
}
