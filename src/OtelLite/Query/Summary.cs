using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>Tokens of the four kinds that are billed.</summary>
internal sealed record Tokens(long Input, long Output, long CacheRead, long CacheCreation);

/// <summary>A part of the tokens and the cost of which no request is known.</summary>
internal sealed record WithoutDetail(Tokens Tokens, double CostUsd);

internal sealed record SessionCounts(long Total, long Active);

/// <summary>Who wrote the prompts: a person, a person as a slash command, a background agent. They add up to the prompts.</summary>
internal sealed record PromptKinds(long Human, long Command, long TaskNotification);

internal sealed record LinesOfCode(long Added, long Removed);

internal sealed record ActiveSeconds(double User, double Cli);

internal sealed record EditDecisions(long Accept, long Reject);

internal sealed record ModelUsage(string Model, Tokens Tokens, double CostUsd, long ApiRequests);

/// <param name="P50Ms">The median duration of the calls in the scope, by nearest rank; null without calls.</param>
internal sealed record ToolUsage(string Name, long Calls, long Failures, double? P50Ms, double? P95Ms);

/// <summary>Everything that is stored, whatever the scope.</summary>
internal sealed record Stored(
    long Metrics, long Events, long Spans, DateTimeOffset? LastReceivedAt, DateTimeOffset? LastMetricAt, DateTimeOffset? LastEventAt, DateTimeOffset? LastSpanAt);

/// <summary>The figures of one scope.</summary>
internal record UsageSummary
{
    public required Tokens Tokens { get; init; }

    public required double CostUsd { get; init; }

    /// <summary>The part that only metrics know and need no lost event: requests of Claude Code's own that it tells no event of.</summary>
    public required WithoutDetail Auxiliary { get; init; }

    /// <summary>The other part that only metrics know: its events were lost, or events are switched off.</summary>
    public required WithoutDetail NoRequestDetail { get; init; }

    public required SessionCounts Sessions { get; init; }

    public required long ApiRequests { get; init; }

    public required long ApiErrors { get; init; }

    public required long Prompts { get; init; }

    public required PromptKinds PromptKinds { get; init; }

    public required LinesOfCode LinesOfCode { get; init; }

    public required long Commits { get; init; }

    public required long PullRequests { get; init; }

    public required ActiveSeconds ActiveSeconds { get; init; }

    public required EditDecisions EditDecisions { get; init; }

    public required IReadOnlyList<ModelUsage> Models { get; init; }

    public required IReadOnlyList<ToolUsage> Tools { get; init; }

    public required Checks Checks { get; init; }

    public required Stored Stored { get; init; }
}

/// <summary>
/// The summary: every billed request counts once, as its event tells it, plus the rest that only metrics know
/// (Usage/Unexplained.cs). Never the sum of the two witnesses.
/// </summary>
internal static class SummaryQuery
{
    public static UsageSummary Read(SqliteConnection connection, Scope scope, DateTimeOffset now)
    {
        // One read transaction, so that all the figures are of the same commit.
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        Dictionary<long, Dictionary<Figure, long>> models = BilledQuery.ByModel(connection, scope);
        Dictionary<long, string> names = NamesQuery.Read(connection, models.Keys);
        (Checks checks, long sessions) = ChecksQuery.Read(connection, scope, now);
        Dictionary<Figure, long> all = BilledQuery.Together(models.Values);
        Billed billed = BilledQuery.Of(all);
        long Of(Figure figure) => all.GetValueOrDefault(figure);
        return new UsageSummary
        {
            Tokens = billed.Tokens,
            CostUsd = billed.CostUsd,
            Auxiliary = Part(kind => Of(kind.Auxiliary())),
            NoRequestDetail = Part(kind => Of(kind.Rest()) - Of(kind.Auxiliary())),
            Sessions = new SessionCounts(sessions, SessionsActive(connection, scope, now)),
            ApiRequests = billed.ApiRequests,
            ApiErrors = Of(Figure.ApiErrors),
            Prompts = Of(Figure.Prompts),
            PromptKinds = new PromptKinds(
                Of(Figure.Prompts) - Of(Figure.Commands) - Of(Figure.TaskNotifications), Of(Figure.Commands), Of(Figure.TaskNotifications)),
            LinesOfCode = new LinesOfCode(Of(Figure.LinesAdded), Of(Figure.LinesRemoved)),
            Commits = Of(Figure.Commits),
            PullRequests = Of(Figure.PullRequests),
            ActiveSeconds = new ActiveSeconds(Of(Figure.ActiveUser) / 1e6, Of(Figure.ActiveCli) / 1e6),
            EditDecisions = new EditDecisions(Of(Figure.EditsAccepted), Of(Figure.EditsRejected)),
            Models = [.. models.Where(m => m.Value.Keys.Any(f => f <= Figure.ApiRequests))
                .Select(m => (Name: names[m.Key], Billed: BilledQuery.Of(m.Value)))
                .Select(m => new ModelUsage(m.Name, m.Billed.Tokens, m.Billed.CostUsd, m.Billed.ApiRequests))
                .OrderByDescending(m => m.CostUsd).ThenBy(m => m.Model, StringComparer.Ordinal)],
            Tools = ToolDurations.Read(connection, scope),
            Checks = checks,
            Stored = ReadStored(connection),
        };
    }

    private static WithoutDetail Part(Func<BilledKind, long> of) => new(
        new Tokens(of(BilledKind.Input), of(BilledKind.Output), of(BilledKind.CacheRead), of(BilledKind.CacheCreation)), Usd(of(BilledKind.Cost)));

    private static long SessionsActive(SqliteConnection connection, Scope scope, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        string sessions = scope.WhereSession(command);
        command.CommandText = $"""
            SELECT count(*) FROM usage_session
            WHERE received_unix_nano > $since AND did_something AND is_named {(sessions.Length > 0 ? "AND " + sessions : "")}
                  {scope.AndUsesModel(command)}
            """;
        command.Parameters.AddWithValue("$since", UnixNano.From(now - Limits.ActiveSession));
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>All that is stored, and when the last of it came.</summary>
    public static Stored ReadStored(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        // Ids are given without a gap, so the last one and what was removed tell how many rows there are without reading millions.
        static string Of(string table, string removed) => $"""
            coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}') - (SELECT {removed} FROM otel_removed), 0),
            (SELECT unixepoch(received_at) FROM {table} ORDER BY id DESC LIMIT 1)
            """;
        command.CommandText = $"SELECT {Of("otel_metrics", "metrics")}, {Of("otel_events", "events")}, {Of("otel_spans", "spans")}";
        using SqliteDataReader row = command.ExecuteReader();
        row.Read();
        DateTimeOffset? At(int column) => row.IsDBNull(column) ? null : DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(column));
        return new Stored(row.GetInt64(0), row.GetInt64(2), row.GetInt64(4), new[] { At(1), At(3), At(5) }.Max(), At(1), At(3), At(5));
    }

    internal static double Usd(long nanoUsd) => (double)(nanoUsd / 1_000_000_000m);
}
