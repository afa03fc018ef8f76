using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>Tokens of the four kinds that are billed.</summary>
internal sealed record Tokens(long Input, long Output, long CacheRead, long CacheCreation);

internal sealed record SessionCounts(long Total, long Active);

internal sealed record LinesOfCode(long Added, long Removed);

internal sealed record ActiveSeconds(double User, double Cli);

internal sealed record EditDecisions(long Accept, long Reject);

internal sealed record ModelUsage(string Model, Tokens Tokens, double CostUsd, long ApiRequests);

/// <param name="P50Ms">The median duration of the calls in the scope, by nearest rank; null without calls.</param>
internal sealed record ToolUsage(string Name, long Calls, long Failures, double? P50Ms, double? P95Ms);

/// <summary>Everything that is stored, whatever the scope.</summary>
internal sealed record Stored(long Metrics, long Events, DateTimeOffset? LastReceivedAt);

/// <summary>The figures of one scope.</summary>
internal record UsageSummary
{
    public required Tokens Tokens { get; init; }

    public required double CostUsd { get; init; }

    public required SessionCounts Sessions { get; init; }

    public required long ApiRequests { get; init; }

    public required long ApiErrors { get; init; }

    public required long Prompts { get; init; }

    public required LinesOfCode LinesOfCode { get; init; }

    public required long Commits { get; init; }

    public required long PullRequests { get; init; }

    public required ActiveSeconds ActiveSeconds { get; init; }

    public required EditDecisions EditDecisions { get; init; }

    public required IReadOnlyList<ModelUsage> Models { get; init; }

    public required IReadOnlyList<ToolUsage> Tools { get; init; }

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
        List<ModelUsage> models = Models(connection, scope);
        Dictionary<Figure, long> tallies = Tallies(connection, scope);
        long Of(Figure figure) => tallies.GetValueOrDefault(figure);
        return new UsageSummary
        {
            Tokens = new Tokens(
                models.Sum(m => m.Tokens.Input), models.Sum(m => m.Tokens.Output),
                models.Sum(m => m.Tokens.CacheRead), models.Sum(m => m.Tokens.CacheCreation)),
            // Each model's figure is an exact number of nano-dollars; in decimal their sum is exact too.
            CostUsd = (double)models.Sum(m => (decimal)m.CostUsd),
            Sessions = new SessionCounts(SessionsTotal(connection, scope), SessionsActive(connection, scope, now)),
            ApiRequests = models.Sum(m => m.ApiRequests),
            ApiErrors = Of(Figure.ApiErrors),
            Prompts = Of(Figure.Prompts),
            LinesOfCode = new LinesOfCode(Of(Figure.LinesAdded), Of(Figure.LinesRemoved)),
            Commits = Of(Figure.Commits),
            PullRequests = Of(Figure.PullRequests),
            ActiveSeconds = new ActiveSeconds(Of(Figure.ActiveUser) / 1e6, Of(Figure.ActiveCli) / 1e6),
            EditDecisions = new EditDecisions(Of(Figure.EditsAccepted), Of(Figure.EditsRejected)),
            Models = models,
            Tools = Tools(connection, scope),
            Stored = ReadStored(connection),
        };
    }

    private static List<ModelUsage> Models(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        string where = scope.Where(command);
        command.CommandText = $"""
            WITH part AS (
                SELECT model, input, output, cache_read, cache_creation, cost_nano_usd, 1 AS requests
                FROM usage_request WHERE {where}
                UNION ALL
                SELECT model, iif(kind = 1, rest, 0), iif(kind = 2, rest, 0), iif(kind = 3, rest, 0), iif(kind = 4, rest, 0),
                       iif(kind = 5, rest, 0), 0
                FROM usage_point WHERE rest > 0 AND {where})
            SELECT name, sum(input), sum(output), sum(cache_read), sum(cache_creation), sum(cost_nano_usd), sum(requests)
            FROM part JOIN usage_name ON usage_name.id = part.model
            GROUP BY model ORDER BY sum(cost_nano_usd) DESC, name
            """;
        List<ModelUsage> models = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            models.Add(new ModelUsage(
                row.GetString(0),
                new Tokens(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4)),
                Usd(row.GetInt64(5)),
                row.GetInt64(6)));
        }

        return models;
    }

    private static Dictionary<Figure, long> Tallies(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT figure, sum(value) FROM usage_tally WHERE {scope.Where(command)} GROUP BY figure";
        Dictionary<Figure, long> tallies = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            tallies[(Figure)row.GetInt64(0)] = row.GetInt64(1);
        }

        return tallies;
    }

    private static List<ToolUsage> Tools(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            WITH call AS (
                SELECT tool, succeeded, duration_ms,
                       row_number() OVER (PARTITION BY tool ORDER BY duration_ms) AS rank,
                       count(*) OVER (PARTITION BY tool) AS calls
                FROM usage_tool WHERE {ToolsWhere(scope, command)})
            SELECT name, calls, sum(1 - succeeded),
                   max(iif(rank = (calls * 50 + 99) / 100, duration_ms, 0)), max(iif(rank = (calls * 95 + 99) / 100, duration_ms, 0))
            FROM call JOIN usage_name ON usage_name.id = call.tool
            GROUP BY tool ORDER BY calls DESC, name
            """;
        List<ToolUsage> tools = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            tools.Add(new ToolUsage(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetDouble(3), row.GetDouble(4)));
        }

        return tools;
    }

    /// <summary>A tool call has no model of its own; the request that asked for it has.</summary>
    internal static string ToolsWhere(Scope scope, SqliteCommand command) => scope.Where(
        command, model: "(SELECT request.model FROM usage_request request WHERE request.request_id = usage_tool.request_id)");

    // A session that did nothing in the scope (only start-up records) has no row in any of these.
    private static long SessionsTotal(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        string where = scope.Where(command);
        command.CommandText = $"""
            SELECT count(*) FROM (
                SELECT session FROM usage_request WHERE {where}
                UNION SELECT session FROM usage_point WHERE rest > 0 AND {where}
                UNION SELECT session FROM usage_tally WHERE {where}
                UNION SELECT session FROM usage_tool WHERE {ToolsWhere(scope, command)})
            JOIN usage_session ON usage_session.id = session WHERE session_id <> ''
            """;
        return (long)command.ExecuteScalar()!;
    }

    private static long SessionsActive(SqliteConnection connection, Scope scope, DateTimeOffset now)
    {
        using SqliteCommand command = connection.CreateCommand();
        string sessions = scope.WhereSession(command);
        command.CommandText = $"""
            SELECT count(*) FROM usage_session
            WHERE received_unix_nano > $since AND did_something AND session_id <> '' {(sessions.Length > 0 ? "AND " + sessions : "")}
            """;
        command.Parameters.AddWithValue("$since", UnixNano.From(now - Limits.ActiveSession));
        return (long)command.ExecuteScalar()!;
    }

    private static Stored ReadStored(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        // Rows leave a raw table only at its old end, so the ids at both ends tell their number without reading millions.
        command.CommandText = """
            SELECT coalesce((SELECT max(id) - min(id) + 1 FROM otel_metrics), 0),
                   coalesce((SELECT max(id) - min(id) + 1 FROM otel_events), 0),
                   (SELECT max(received_unix_nano) FROM usage_session)
            """;
        using SqliteDataReader row = command.ExecuteReader();
        row.Read();
        return new Stored(row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : UnixNano.ToTime(row.GetInt64(2)));
    }

    internal static double Usd(long nanoUsd) => (double)(nanoUsd / 1_000_000_000m);
}
