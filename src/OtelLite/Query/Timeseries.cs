using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Usage;

namespace OtelLite.Query;

internal sealed record TokenSeries(long[] Input, long[] Output, long[] CacheRead, long[] CacheCreation);

internal sealed record EditSeries(long[] Accept, long[] Reject);

/// <summary>Figures per bucket; all arrays have a place for each of <see cref="Times"/>.</summary>
internal record UsageSeries
{
    /// <summary>The buckets' starts in Unix seconds.</summary>
    public required long[] Times { get; init; }

    public required TokenSeries Tokens { get; init; }

    public required double[] CostUsd { get; init; }

    public required long[] ApiRequests { get; init; }

    public required long[] ApiErrors { get; init; }

    public required long[] ToolCalls { get; init; }

    public required long[] ToolFailures { get; init; }

    public required long[] Prompts { get; init; }

    public required long[] LinesAdded { get; init; }

    public required long[] LinesRemoved { get; init; }

    public required long[] Commits { get; init; }

    public required long[] PullRequests { get; init; }

    /// <summary>Of the user and of Claude Code together.</summary>
    public required double[] ActiveSeconds { get; init; }

    public required EditSeries Edits { get; init; }
}

/// <summary>The same figures as the summary, in time. Their sums over the buckets are the summary's.</summary>
internal static class TimeseriesQuery
{
    private static readonly Figure[] Shown =
    [
        .. BilledKinds.All.Select(k => k.ByEvents()), .. BilledKinds.All.Select(k => k.Rest()), Figure.ApiRequests, Figure.ApiErrors, Figure.ToolCalls,
        Figure.ToolFailures, Figure.Prompts, Figure.LinesAdded, Figure.LinesRemoved, Figure.Commits, Figure.PullRequests, Figure.ActiveUser, Figure.ActiveCli,
        Figure.EditsAccepted, Figure.EditsRejected,
    ];

    public static UsageSeries Read(SqliteConnection connection, Scope scope, Buckets buckets)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        Func<Figure, long[]> of = Columns(connection, scope.Narrowed(connection), buckets, Shown);
        long[] Sum(Figure one, Figure other) => [.. of(one).Zip(of(other), (a, b) => a + b)];
        long[] Billed(BilledKind kind) => Sum(kind.ByEvents(), kind.Rest());
        return new UsageSeries
        {
            Times = buckets.Starts,
            Tokens = new TokenSeries(Billed(BilledKind.Input), Billed(BilledKind.Output), Billed(BilledKind.CacheRead), Billed(BilledKind.CacheCreation)),
            CostUsd = Array.ConvertAll(Billed(BilledKind.Cost), SummaryQuery.Usd),
            ApiRequests = of(Figure.ApiRequests),
            ApiErrors = of(Figure.ApiErrors),
            ToolCalls = of(Figure.ToolCalls),
            ToolFailures = of(Figure.ToolFailures),
            Prompts = of(Figure.Prompts),
            LinesAdded = of(Figure.LinesAdded),
            LinesRemoved = of(Figure.LinesRemoved),
            Commits = of(Figure.Commits),
            PullRequests = of(Figure.PullRequests),
            ActiveSeconds = Array.ConvertAll(Sum(Figure.ActiveUser, Figure.ActiveCli), microseconds => microseconds / 1e6),
            Edits = new EditSeries(of(Figure.EditsAccepted), of(Figure.EditsRejected)),
        };
    }

    /// <summary>The sums of these figures per bucket, of a scope that is narrowed already.</summary>
    public static Func<Figure, long[]> Columns(SqliteConnection connection, Scope scope, Buckets buckets, Figure[] figures)
    {
        Dictionary<Figure, long[]> columns = figures.ToDictionary(f => f, _ => new long[buckets.Starts.Length]);
        if (scope.IsOfSessions && !buckets.NeedExactTimes)
        {
            FigureSums.Each(connection, scope, figures, buckets, (time, _, figure, value) => columns[figure][buckets.Of(time)] += value);
            return figure => columns[figure];
        }

        // All of a row are of one time.
        (long at, int bucket) = (long.MinValue, 0);
        FigureSums.EachOfAll(connection, scope, figures, buckets, byModel: false, (time, _, figure, value) =>
        {
            (at, bucket) = time == at ? (at, bucket) : (time, buckets.Of(time));
            columns[figure][bucket] += value;
        });
        return figure => columns[figure];
    }

    /// <summary>The first moment at which anything stored happened, in Unix nanoseconds; null when nothing is stored.</summary>
    public static long? First(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT min(first_unix_nano) FROM usage_session";
        return command.ExecuteScalar() as long?;
    }
}
