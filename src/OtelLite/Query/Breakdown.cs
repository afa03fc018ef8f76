using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>One part of a figure, in all and per bucket.</summary>
/// <param name="Name">What the client calls it; empty for what it did not tell.</param>
/// <param name="Label">What a person reads.</param>
internal sealed record BreakdownGroup(string Name, string Label, double Total, double[] Values);

/// <summary>The groups that are not told apart, as one.</summary>
internal sealed record BreakdownRest(long Count, double Total, double[] Values);

/// <summary>A figure by what it is made of: the groups with the largest totals, of equal ones that whose name comes first, and the rest as one.</summary>
/// <param name="Other">Null when there are no more groups.</param>
/// <param name="Total">Of all groups and the rest: the summary's figure.</param>
internal sealed record Breakdown(IReadOnlyList<BreakdownGroup> Groups, BreakdownRest? Other, double Total);

/// <summary>Any figure of the summary, split by what caused it. Whatever the split, its sums are the summary's, and in each bucket those of the series.</summary>
internal static class BreakdownQuery
{
    /// <summary>What each split is called; for attributes of the resource <see cref="ResourcePrefix"/> with the attribute's key.</summary>
    public static readonly IReadOnlyList<string> Splits = ["kind", "model", "session", "tool", "source", "origin", "project", "machine"];

    public const string ResourcePrefix = "resource.";

    /// <summary>The names, among the sources of requests, of what metrics alone tell of: Claude Code's own requests, and those whose events were lost or are off.</summary>
    private const string AuxiliaryPart = "auxiliary";
    private const string NoDetailPart = "noRequestDetail";

    private static readonly Figure[] ToolFigures = [Figure.ToolCalls, Figure.ToolFailures];

    /// <summary>Whether a figure can be split like this; a request has no tool, and only requests have a source.</summary>
    public static bool GoesWith(string by, Measure measure) => by switch
    {
        "tool" => measure.Figures.All(ToolFigures.Contains),
        "source" or "origin" => measure.Billed.Any() || measure.Figures is [Figure.ApiRequests],
        _ => true,
    };

    /// <param name="by">One of <see cref="Splits"/>, or a resource's attribute.</param>
    /// <param name="top">How many groups are told apart.</param>
    public static Breakdown Read(SqliteConnection connection, Scope scope, Buckets buckets, Measure measure, string by, int top)
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        scope = scope.Narrowed(connection);
        return by == "kind"
            ? ByKind(TimeseriesQuery.Columns(connection, scope, buckets), buckets, measure, top)
            : new SplitQuery(connection, scope, buckets, measure, by).Read(top);
    }

    private static Breakdown ByKind(Func<Figure, long[]> columnOf, Buckets buckets, Measure measure, int top)
    {
        List<(string Name, long Total, long[] Values)> kinds = [];
        foreach ((string name, Figure[] plus, Figure[] minus) in measure.Kinds)
        {
            long[] values = new long[buckets.Starts.Length];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = plus.Sum(f => columnOf(f)[i]) - minus.Sum(f => columnOf(f)[i]);
            }

            if (values.AsSpan().ContainsAnyExcept(0))
            {
                kinds.Add((name, values.Sum(), values));
            }
        }

        kinds = [.. kinds.OrderByDescending(k => k.Total).ThenBy(k => k.Name, StringComparer.Ordinal)];
        List<(string Name, long Total, long[] Values)> rest = [.. kinds.Skip(top)];
        double[] Values(IEnumerable<long[]> columns) => [.. Enumerable.Range(0, buckets.Starts.Length).Select(i => measure.Value(columns.Sum(c => c[i])))];
        return new Breakdown(
            [.. kinds.Take(top).Select(k => new BreakdownGroup(k.Name, k.Name, measure.Value(k.Total), Values([k.Values])))],
            rest.Count == 0 ? null : new BreakdownRest(rest.Count, measure.Value(rest.Sum(k => k.Total)), Values(rest.Select(k => k.Values))),
            measure.Value(kinds.Sum(k => k.Total)));
    }

    /// <summary>A split whose groups are rows: their totals first, then the buckets of those with the largest.</summary>
    private sealed class SplitQuery(SqliteConnection connection, Scope scope, Buckets buckets, Measure measure, string by)
    {
        private string FigureList => string.Join(", ", measure.Figures.Select(f => (int)f));

        public Breakdown Read(int top)
        {
            List<(string Name, string Label, long Total)> groups = Totals(top, out long count, out long all);
            Dictionary<string, int> places = groups.Select((g, place) => (g.Name, place)).ToDictionary(g => g.Name, g => g.place);
            long[][] columns = [.. Enumerable.Range(0, groups.Count + 1).Select(_ => new long[buckets.Starts.Length])];
            Fill(columns, places);
            return new Breakdown(
                [.. groups.Select((g, place) => new BreakdownGroup(g.Name, g.Label, measure.Value(g.Total), Array.ConvertAll(columns[place], measure.Value)))],
                count <= groups.Count ? null : new BreakdownRest(
                    count - groups.Count, measure.Value(all - groups.Sum(g => g.Total)), Array.ConvertAll(columns[^1], measure.Value)),
                measure.Value(all));
        }

        private List<(string Name, string Label, long Total)> Totals(int top, out long count, out long all)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"""
                WITH part AS (SELECT part, total(value) AS value FROM ({Rows(command)}) GROUP BY 1),
                named AS (SELECT {NameOf(command)} AS name, {LabelOf} AS label, value FROM part),
                whole AS (SELECT name, max(label) AS label, total(value) AS total FROM named GROUP BY name)
                SELECT name, label, total, count(*) OVER (), sum(total) OVER () FROM whole ORDER BY total DESC, name LIMIT $top
                """;
            command.Parameters.AddWithValue("$top", top);
            List<(string, string, long)> groups = [];
            (count, all) = (0, 0);
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                string name = row.GetString(0);
                groups.Add((name, name.Length == 0 ? "not told" : row.IsDBNull(1) ? name : row.GetString(1), row.GetInt64(2)));
                (count, all) = (row.GetInt64(3), row.GetInt64(4));
            }

            return groups;
        }

        // The last column is that of all other groups.
        private void Fill(long[][] columns, Dictionary<string, int> places)
        {
            using SqliteCommand command = connection.CreateCommand();
            int place = 0;
            foreach (string name in places.Keys)
            {
                command.Parameters.AddWithValue($"$name{place++}", name);
            }

            command.CommandText = $"""
                WITH part AS (SELECT {buckets.Unit} AS unit, part, total(value) AS value FROM ({Rows(command)}) GROUP BY 1, 2),
                named AS (SELECT unit, {NameOf(command)} AS name, value FROM part)
                SELECT unit, iif(name IN ({string.Join(", ", Enumerable.Range(0, place).Select(i => $"$name{i}"))}), name, NULL), total(value) FROM named GROUP BY 1, 2
                """;
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                columns[row.IsDBNull(1) ? columns.Length - 1 : places[row.GetString(1)]][buckets.Of(row.GetInt64(0))] += row.GetInt64(2);
            }
        }

        // A SELECT of time_unix_nano, part, value.
        private string Rows(SqliteCommand command) => by switch
        {
            "source" => $"{Requests(command, "query_source")} {MetricsAlone(command)}",
            "origin" => $"{Requests(command, "origin")} {MetricsAlone(command)}",
            "tool" => $"""
                SELECT time_unix_nano, tool AS part, 1 AS value FROM usage_tool
                WHERE {scope.ToolsWhere(command)} {(measure.Figures.Contains(Figure.ToolFailures) ? "AND NOT succeeded" : "")}
                """,
            _ => $"""
                SELECT time_unix_nano, {(by == "model" ? "model" : "session")} AS part, value FROM ({Amounts(command)}) WHERE figure IN ({FigureList}) AND value <> 0
                """,
        };

        private string Amounts(SqliteCommand command) => measure.Figures.Any(ToolFigures.Contains)
            ? $"""
                SELECT time_unix_nano, session, (SELECT coalesce(max(model), (SELECT id FROM usage_name WHERE name = '')) FROM usage_request request
                    WHERE request.session = usage_tool.session AND request.request_id = usage_tool.request_id) AS model,
                    {(int)measure.Figures[0]} AS figure, 1 AS value FROM usage_tool
                WHERE {scope.ToolsWhere(command)} {(measure.Figures.Contains(Figure.ToolFailures) ? "AND NOT succeeded" : "")}
                """
            : scope.Amounts(command, buckets.NeedExactTimes);

        private string Requests(SqliteCommand command, string part)
        {
            string value = measure.Billed.Any() ? string.Join(" + ", measure.Billed.Select(kind => Storage.UsageTables.ColumnOf[kind])) : "1";
            return $"SELECT time_unix_nano, {part} AS part, {value} AS value FROM usage_request WHERE {scope.Where(command)}";
        }

        // Of the part that no request explains, some needs no lost event.
        private string MetricsAlone(SqliteCommand command)
        {
            if (!measure.Billed.Any())
            {
                return "";
            }

            string amounts = scope.Amounts(command, buckets.NeedExactTimes);
            string rest = string.Join(", ", measure.Billed.Select(kind => (int)kind.Rest()));
            string auxiliary = string.Join(", ", measure.Billed.Select(kind => (int)kind.Auxiliary()));
            return $"""
                UNION ALL SELECT time_unix_nano, -1, value FROM ({amounts}) WHERE figure IN ({auxiliary})
                UNION ALL SELECT time_unix_nano, -2, iif(figure IN ({auxiliary}), -value, value) FROM ({amounts}) WHERE figure IN ({rest}, {auxiliary})
                """;
        }

        private string NameOf(SqliteCommand command)
        {
            const string metricsAlone = $"WHEN -1 THEN '{AuxiliaryPart}' WHEN -2 THEN '{NoDetailPart}'";
            const string name = "(SELECT name FROM usage_name WHERE id = part)";
            if (by.StartsWith(ResourcePrefix, StringComparison.Ordinal) && !command.Parameters.Contains("$key"))
            {
                command.Parameters.AddWithValue("$key", by[ResourcePrefix.Length..]);
            }

            return by switch
            {
                "model" or "tool" => name,
                "source" => $"CASE part {metricsAlone} ELSE {name} END",
                // As schema.sql numbers them.
                "origin" => $"CASE part {metricsAlone} WHEN 1 THEN 'main' WHEN 2 THEN 'subagent' WHEN 3 THEN 'auxiliary' ELSE '' END",
                "session" => OfSession("session_id"),
                "project" or "machine" => OfSession(by),
                _ => OfSession($"""
                    (SELECT iif(type IN ('true', 'false'), type, CAST(value AS TEXT)) FROM json_each((SELECT attributes FROM otel_resource WHERE id = {SessionResource.Column}))
                     WHERE key = $key LIMIT 1)
                    """),
            };
        }

        // An id is known by its beginning.
        private string LabelOf => by switch
        {
            "session" => OfSession("trim(coalesce(project, '') || ' ' || iif(is_named, substr(session_id, 1, 8), session_id))"),
            "source" or "origin" => $"CASE part WHEN -2 THEN 'no request detail' ELSE NULL END",
            _ => "NULL",
        };

        private static string OfSession(string column) => $"coalesce((SELECT {column} FROM usage_session WHERE id = part), '')";
    }
}
