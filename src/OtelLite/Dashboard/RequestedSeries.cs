using Microsoft.Data.Sqlite;
using OtelLite.Query;

namespace OtelLite.Dashboard;

/// <summary>The buckets that a request asks for, with what the answer says of them.</summary>
internal sealed record RequestedSeries(Scope Scope, DateTimeOffset From, DateTimeOffset To, string TimeZone, long StepSeconds, Buckets Buckets)
{
    public static readonly (string Name, string Does) StepParameter = ("step", "length of a bucket, such as 1m, 1h or 1d; default: what makes a readable chart");

    /// <param name="others">Parameters of the endpoint that are read elsewhere.</param>
    /// <exception cref="BadRequestException">A parameter is unknown or makes no sense.</exception>
    public static RequestedSeries Read(IQueryCollection query, SqliteConnection connection, params ReadOnlySpan<string> others)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        RequestedScope requested = ScopeReader.Read(query, connection, now, ["step", .. others]);
        TimeSpan? step = query["step"] is [{ } text] ? Calendar.Duration("step", text, TimeSpan.FromDays(366)) : null;
        DateTimeOffset from = requested.From ?? FirstIn(requested.Scope, connection) ?? now;
        DateTimeOffset to = requested.To ?? LastIn(requested.Scope, connection, now);
        (long[] starts, long stepSeconds) = Calendar.Buckets(from, to, step, requested.TimeZone);
        return new RequestedSeries(
            requested.Scope, requested.Local(from), requested.Local(to), requested.TimeZone.Id, stepSeconds, new Buckets(starts, stepSeconds));
    }

    /// <summary>Without a start a figure begins with the first thing that its scope holds: of one session, its own beginning.</summary>
    public static DateTimeOffset? FirstIn(Scope scope, SqliteConnection connection)
    {
        long? first = scope.Narrowed(connection).FromUnixNano is > 0 and var own ? own : TimeseriesQuery.First(connection);
        return first is { } nano ? UnixNano.ToTime(nano) : null;
    }

    // Without an end a chart of sessions goes to the last thing they did, and not over the months since.
    private static DateTimeOffset LastIn(Scope scope, SqliteConnection connection, DateTimeOffset now)
    {
        long last = scope.Narrowed(connection).ToUnixNano;
        // .NET's steps are a hundred nanoseconds: the one after holds the last.
        return last is > 0 and < long.MaxValue && UnixNano.ToTime(last).AddTicks(1) is var own && own < now ? own : now;
    }
}
