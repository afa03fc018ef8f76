using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>A part of a model's use by what it was for.</summary>
/// <param name="Source">What the client calls it; empty where it does not tell. "auxiliary" and "noRequestDetail" are what only metrics know of.</param>
internal sealed record ModelSource(string Source, long ApiRequests, double CostUsd, long Tokens);

/// <summary>One model: what it cost, how well the cache served it, how fast it was.</summary>
/// <param name="ErrorRate">Of all that was asked, what failed for good; null where nothing was.</param>
/// <param name="CacheHitShare">Of the tokens that went in, what came from the cache.</param>
/// <param name="CostPerRequest">Of the requests that are known one by one, in dollars.</param>
/// <param name="P50Ms">Of the requests' durations, by nearest rank.</param>
/// <param name="TtftP50Ms">Until the first token, where the client tells.</param>
/// <param name="OutputTokensPerSecond">Over the whole time of the requests that are known one by one.</param>
/// <param name="BySource">Adds up to the model.</param>
internal sealed record ModelFacts(
    string Model, Tokens Tokens, double CostUsd, long ApiRequests, long ApiErrors, double? ErrorRate, double? CacheHitShare, double? CostPerRequest,
    double? P50Ms, double? P95Ms, double? TtftP50Ms, double? OutputTokensPerSecond, IReadOnlyList<ModelSource> BySource);

/// <summary>The models of a scope, the most expensive first, as in the summary; also those of which only errors are known.</summary>
internal static class ModelsQuery
{
    private sealed record SourceRow(long Model, string Source, long Requests, long CostNanoUsd, long Tokens, long TimedOutput, long DurationMs);

    public static IReadOnlyList<ModelFacts> Read(SqliteConnection connection, Scope scope)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        ILookup<long, SourceRow> sources = BySource(connection, scope).ToLookup(s => s.Model);
        Dictionary<long, Spread> durations = Spreads.Read(connection, scope, SpreadOf.RequestDurations);
        Dictionary<long, Spread> firsts = Spreads.Read(connection, scope, SpreadOf.RequestTtft);
        Dictionary<long, Dictionary<Figure, long>> models = BilledQuery.ByModel(connection, scope);
        Dictionary<long, string> names = NamesQuery.Read(connection, models.Keys);
        return
        [
            .. models.Where(m => m.Value.Keys.Any(f => f is <= Figure.ApiRequests or Figure.ApiErrors))
                .Select(m => Facts(
                    names[m.Key], m.Value, [.. sources[m.Key]], durations.TryGetValue(m.Key, out Spread d) ? d : null, firsts.TryGetValue(m.Key, out Spread t) ? t : null))
                .OrderByDescending(m => m.CostUsd).ThenBy(m => m.Model, StringComparer.Ordinal),
        ];
    }

    private static ModelFacts Facts(string name, Dictionary<Figure, long> amounts, IReadOnlyList<SourceRow> sources, Spread? duration, Spread? first)
    {
        Billed billed = BilledQuery.Of(amounts);
        Tokens tokens = billed.Tokens;
        long requests = amounts.GetValueOrDefault(Figure.ApiRequests), errors = amounts.GetValueOrDefault(Figure.ApiErrors);
        long took = tokens.Input + tokens.CacheRead + tokens.CacheCreation, milliseconds = sources.Sum(s => s.DurationMs);
        static double? Ratio(double part, double whole) => whole > 0 ? part / whole : null;
        return new ModelFacts(
            name, tokens, billed.CostUsd, requests, errors, Ratio(errors, requests + errors), Ratio(tokens.CacheRead, took),
            Ratio(SummaryQuery.Usd(amounts.GetValueOrDefault(Figure.Cost)), requests), duration?.P50, duration?.P95, first?.P50,
            Ratio(sources.Sum(s => s.TimedOutput) * 1000.0, milliseconds),
            [.. Parts(amounts, sources).OrderByDescending(s => s.CostUsd).ThenByDescending(s => s.Tokens).ThenBy(s => s.Source, StringComparer.Ordinal)]);
    }

    // A source that is called like one of the two parts that only metrics know is one with it.
    private static IEnumerable<ModelSource> Parts(Dictionary<Figure, long> amounts, IReadOnlyList<SourceRow> sources)
    {
        long Of(Func<BilledKind, Figure> figure, bool cost) =>
            BilledKinds.All.Where(k => k == BilledKind.Cost == cost).Sum(k => amounts.GetValueOrDefault(figure(k)));
        (long auxiliaryCost, long auxiliaryTokens) = (Of(BilledKinds.Auxiliary, true), Of(BilledKinds.Auxiliary, false));
        IEnumerable<(string Source, long Requests, long Cost, long Tokens)> parts =
        [
            .. sources.Select(s => (s.Source, s.Requests, s.CostNanoUsd, s.Tokens)),
            (BreakdownQuery.AuxiliaryPart, 0, auxiliaryCost, auxiliaryTokens),
            (BreakdownQuery.NoDetailPart, 0, Of(BilledKinds.Rest, true) - auxiliaryCost, Of(BilledKinds.Rest, false) - auxiliaryTokens),
        ];
        return parts.Where(p => p.Requests != 0 || p.Cost != 0 || p.Tokens != 0).GroupBy(p => p.Source)
            .Select(g => new ModelSource(g.Key, g.Sum(p => p.Requests), SummaryQuery.Usd(g.Sum(p => p.Cost)), g.Sum(p => p.Tokens)));
    }

    private static List<SourceRow> BySource(SqliteConnection connection, Scope scope)
    {
        using SqliteCommand command = connection.CreateCommand();
        string rows = SumsQuery.Of(command, scope, SumsTable.Sources, ["requests", "input", "output", "cache_read", "cache_creation", "cost", "duration_ms", "timed_output"]);
        command.CommandText = $"""
            SELECT model, (SELECT name FROM usage_name WHERE id = source), total(requests), total(cost), total(input + output + cache_read + cache_creation),
                   total(timed_output), total(duration_ms)
            FROM ({rows}) GROUP BY model, source
            """;
        List<SourceRow> sources = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            sources.Add(new SourceRow(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6)));
        }

        return sources;
    }
}
