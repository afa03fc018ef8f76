using System.Text.Json.Serialization.Metadata;
using Microsoft.Data.Sqlite;
using OtelLite.Query;

namespace OtelLite.Dashboard;

/// <summary>The figures that go beyond the summary: what goes on now, and the same sums by what they are made of.</summary>
internal sealed class FigureAnswers(Func<SqliteConnection> openReader)
{
    public Task ServeNow(HttpContext context)
    {
        TimeZoneInfo zone = ScopeReader.ReadZone(context.Request.Query);
        DateTimeOffset now = TimeZoneInfo.ConvertTime(DateTimeOffset.UtcNow, zone);
        DateOnly day = Calendar.DayOf(now, zone);
        using SqliteConnection connection = openReader();
        NowFigures figures = NowQuery.Read(connection, now, Calendar.StartOfDay(day, zone), Calendar.StartOfDay(day.AddDays(1), zone));
        return Answers.Write(context, new NowAnswer(figures, now, zone.Id), ApiJson.Default.NowAnswer);
    }

    public Task ServeTimeseries(HttpContext context)
    {
        using SqliteConnection connection = openReader();
        RequestedSeries requested = RequestedSeries.Read(context.Request.Query, connection);
        return Answers.Write(
            context, new TimeseriesAnswer(TimeseriesQuery.Read(connection, requested.Scope, requested.Buckets), requested), ApiJson.Default.TimeseriesAnswer);
    }

    public Task ServeBreakdown(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        using SqliteConnection connection = openReader();
        RequestedSeries requested = RequestedSeries.Read(query, connection, "figure", "by", "top");
        string figure = (string?)query["figure"] ?? "tokens", by = (string?)query["by"] ?? "model";
        int top = ScopeReader.Count(query, "top", 8, Limits.BreakdownTopMax);
        Measure measure = Measures.All.FirstOrDefault(m => m.Name == figure)
            ?? throw new BadRequestException($"figure: '{figure}' is none of {string.Join(", ", Measures.All.Select(m => m.Name))}");
        if (!BreakdownQuery.Splits.Contains(by) && (by.Length == BreakdownQuery.ResourcePrefix.Length || !by.StartsWith(BreakdownQuery.ResourcePrefix, StringComparison.Ordinal)))
        {
            throw new BadRequestException($"by: '{by}' is none of {string.Join(", ", BreakdownQuery.Splits)}, {BreakdownQuery.ResourcePrefix}KEY");
        }

        if (!BreakdownQuery.GoesWith(by, measure))
        {
            IEnumerable<string> figures = Measures.All.Where(m => BreakdownQuery.GoesWith(by, m)).Select(m => m.Name);
            throw new BadRequestException($"by: {figure} can't be split by {by}; that goes with {string.Join(", ", figures)}");
        }

        Breakdown parts = BreakdownQuery.Read(connection, requested.Scope, requested.Buckets, measure, by, top);
        return Answers.Write(
            context,
            new BreakdownAnswer(
                requested.From, requested.To, requested.TimeZone, requested.StepSeconds, requested.Buckets.Starts, figure, by, parts.Groups, parts.Other, parts.Total),
            ApiJson.Default.BreakdownAnswer);
    }

    public Task ServeDimensions(HttpContext context)
    {
        using SqliteConnection connection = openReader();
        RequestedScope requested = ScopeReader.Read(context.Request.Query, connection, DateTimeOffset.UtcNow);
        return Answers.Write(context, DimensionsQuery.Read(connection, requested.Scope), ApiJson.Default.Dimensions);
    }

    public Task ServeTools(HttpContext context) => Serve(
        context, ToolsQuery.Read, (from, to, zone, tools) => new ToolsAnswer(from, to, zone, tools), ApiJson.Default.ToolsAnswer);

    public Task ServeModels(HttpContext context) => Serve(
        context, ModelsQuery.Read, (from, to, zone, models) => new ModelsAnswer(from, to, zone, models), ApiJson.Default.ModelsAnswer);

    private Task Serve<TFacts, TAnswer>(
        HttpContext context, Func<SqliteConnection, Scope, TFacts> read, Func<DateTimeOffset?, DateTimeOffset, string, TFacts, TAnswer> answer, JsonTypeInfo<TAnswer> type)
    {
        using SqliteConnection connection = openReader();
        DateTimeOffset now = DateTimeOffset.UtcNow;
        RequestedScope requested = ScopeReader.Read(context.Request.Query, connection, now);
        TFacts facts = read(connection, requested.Scope);
        DateTimeOffset? from = requested.From ?? RequestedSeries.FirstIn(requested.Scope, connection);
        return Answers.Write(context, answer(from is { } f ? requested.Local(f) : null, requested.Local(requested.To ?? now), requested.TimeZone.Id, facts), type);
    }
}
