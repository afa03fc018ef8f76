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
        var day = DateOnly.FromDateTime(now.DateTime);
        using SqliteConnection connection = openReader();
        NowFigures figures = NowQuery.Read(connection, now, Calendar.StartOfDay(day, zone), Calendar.StartOfDay(day.AddDays(1), zone));
        return Answers.Write(context, new NowAnswer(figures, now, zone.Id), ApiJson.Default.NowAnswer);
    }
}
