using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Tests.Storage;
using SQLitePCL;

namespace OtelLite.Tests.Dashboard;

/// <summary>
/// How much work the page's questions are, in steps of SQLite's machine, which are the same on every machine and at every load: a day takes as much in a file of many
/// months as in one of few, a long range takes so many for each session and no more, and what the page shows first hardly any for a session.
/// </summary>
public sealed class WorkTests
{
    private const int SessionsPerDay = 8;
    private const int Resolution = 50;

    // At 100,000 sessions of a year, with some 10 ns a step, these are 110 ms.
    private const int StepsPerSessionMax = 100;
    private const int StepsPerDayMax = 2000;

    [Fact]
    public async Task A_day_takes_as_much_in_a_file_of_many_months_as_in_one_of_few()
    {
        Dictionary<string, long> few = await Ask(days: 20, rangeDays: 1), many = await Ask(days: 120, rangeDays: 1);
        // How to look for percentiles is decided by the sums of all days, which are few.
        Assert.All(many, asked => Assert.True(asked.Value <= (few[asked.Key] * 1.5) + (100 * StepsPerDayMax / 2), $"{asked.Key}: {few[asked.Key]} steps in 20 days, {asked.Value} in 120"));
    }

    [Fact]
    public async Task All_of_a_long_time_takes_less_than_twice_as_much_with_ten_times_as_many_sessions()
    {
        const int days = 40;
        Dictionary<string, long> few = await Ask(days, days - 1), many = await Ask(days, days - 1, 10 * SessionsPerDay);
        Assert.All((string[])["summary", "series", "sessions", "models"], question =>
            Assert.True(many[question] < few[question] * 2, $"{question}: {few[question]} steps with {SessionsPerDay} sessions a day, {many[question]} with ten times as many"));
    }

    [Fact]
    public async Task All_of_a_long_time_takes_a_bounded_number_of_steps_for_each_session_and_day()
    {
        const int days = 120;
        Dictionary<string, long> all = await Ask(days, days - 1);
        const int most = days * ((SessionsPerDay * StepsPerSessionMax) + StepsPerDayMax);
        Assert.All(all, asked => Assert.True(asked.Value <= most, $"{asked.Key}: {asked.Value} steps, at most {most}"));
    }

    // Steps of each question.
    private static async Task<Dictionary<string, long>> Ask(int days, double rangeDays, int sessionsPerDay = SessionsPerDay)
    {
        // When it is asked nothing is active: each active session is looked at.
        DateTimeOffset end = DateTimeOffset.UtcNow, later = end.AddHours(1);
        using var writer = new OpenWriter();
        await LargeSet.Fill(writer.Writer, days * sessionsPerDay, end, days);
        using SqliteConnection reader = Database.OpenReader(Path.GetDirectoryName(writer.Connection.DataSource)!);
        var scope = new Scope { FromUnixNano = UnixNano.From(end.AddDays(-rangeDays)) };
        long step = rangeDays > 30 ? 86_400 : 3_600;
        long start = UnixNano.From(end.AddDays(-rangeDays)) / 1_000_000_000 / step * step;
        var buckets = new Buckets([.. Enumerable.Range(0, (int)(rangeDays * 86_400 / step) + 2).Select(i => start + (i * step))], step);
        Measure cost = Measures.All.Single(m => m.Name == "costUsd");
        Dictionary<string, Func<object>> questions = new()
        {
            ["summary"] = () => SummaryQuery.Read(reader, scope, later),
            ["summary of a model"] = () => SummaryQuery.Read(reader, scope with { Models = ["claude-opus-4-5"] }, end),
            ["series"] = () => TimeseriesQuery.Read(reader, scope, buckets),
            ["sessions"] = () => SessionsQuery.Read(reader, scope, new SessionsAsked { Sort = SessionSort.Seen }, end),
            ["dear sessions"] = () => SessionsQuery.Read(reader, scope, new SessionsAsked { Sort = SessionSort.Cost }, end),
            ["by model"] = () => BreakdownQuery.Read(reader, scope, buckets, cost, "model", 8),
            ["by project"] = () => BreakdownQuery.Read(reader, scope, buckets, cost, "project", 8),
            ["by session"] = () => BreakdownQuery.Read(reader, scope, buckets, cost, "session", 8),
            ["tools"] = () => ToolsQuery.Read(reader, scope),
            ["models"] = () => ModelsQuery.Read(reader, scope),
            ["dimensions"] = () => DimensionsQuery.Read(reader, scope),
            ["now"] = () => NowQuery.Read(reader, end, end.AddHours(-12), end.AddHours(12)),
        };
        Dictionary<string, long> steps = [];
        foreach ((string name, Func<object> question) in questions)
        {
            long units = 0;
            raw.sqlite3_progress_handler(reader.Handle, Resolution, _ => { units++; return 0; }, null);
            question();
            raw.sqlite3_progress_handler(reader.Handle, 0, null, null);
            steps[name] = units * Resolution;
        }

        return steps;
    }
}
