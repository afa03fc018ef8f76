using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;
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
    public static readonly IReadOnlyList<string> Splits = ["kind", "model", "session", "tool", "source", "origin", .. Scope.OfSession];

    public const string ResourcePrefix = "resource.";

    /// <summary>What, among the sources of requests, metrics alone tell of: Claude Code's own requests, and those whose events were lost or are off.</summary>
    public const string AuxiliaryPart = "auxiliary";

    /// <inheritdoc cref="AuxiliaryPart"/>
    public const string NoDetailPart = "noRequestDetail";

    private static readonly Figure[] ToolFigures = [Figure.ToolCalls, Figure.ToolFailures];

    // A name with what it has in some buckets: of many groups most are in few.
    private sealed record Part(string Name, string Label, List<(int Place, long Value)> Values)
    {
        public long Total => Values.Sum(v => v.Value);
    }

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
        var rows = new BreakdownRows(scope, measure, by);
        return by switch
        {
            "kind" => Of(Kinds(connection, scope, buckets, measure), buckets, measure, top),
            "session" => Sessions(connection, scope, buckets, measure, rows, top),
            _ => Of(Parts(connection, rows, buckets, by), buckets, measure, top),
        };
    }

    private static Breakdown Of(IEnumerable<Part> all, Buckets buckets, Measure measure, int top)
    {
        Part[] parts = [.. all.Where(p => p.Values.Any(v => v.Value != 0)).OrderByDescending(p => p.Total).ThenBy(p => p.Name, StringComparer.Ordinal)];
        Part[] rest = [.. parts.Skip(top)];
        return new Breakdown(
            [.. parts.Take(top).Select(p => new BreakdownGroup(p.Name, p.Label, measure.Value(p.Total), Column(p.Values, buckets, measure)))],
            rest.Length == 0 ? null : new BreakdownRest(rest.Length, measure.Value(rest.Sum(p => p.Total)), Column(rest.SelectMany(p => p.Values), buckets, measure)),
            measure.Value(parts.Sum(p => p.Total)));
    }

    private static double[] Column(IEnumerable<(int Place, long Value)> values, Buckets buckets, Measure measure)
    {
        long[] column = new long[buckets.Starts.Length];
        foreach ((int place, long value) in values)
        {
            column[place] += value;
        }

        return Array.ConvertAll(column, measure.Value);
    }

    private static IEnumerable<Part> Kinds(SqliteConnection connection, Scope scope, Buckets buckets, Measure measure)
    {
        Func<Figure, long[]> columnOf = TimeseriesQuery.Columns(connection, scope, buckets, [.. measure.Kinds.SelectMany(k => k.Plus.Concat(k.Minus)).Distinct()]);
        return measure.Kinds.Select(kind => new Part(kind.Name, kind.Name,
            [.. buckets.Starts.Select((_, i) => (i, kind.Plus.Sum(f => columnOf(f)[i]) - kind.Minus.Sum(f => columnOf(f)[i])))]));
    }

    private static IEnumerable<Part> Parts(SqliteConnection connection, BreakdownRows rows, Buckets buckets, string by)
    {
        if (rows.IsOfSession)
        {
            return SessionParts(connection, rows, buckets, by);
        }

        Dictionary<object, List<(int Place, long Value)>> parts = [];
        using (SqliteCommand command = connection.CreateCommand())
        {
            command.CommandText = $"SELECT {buckets.PlaceOf("time_unix_nano")}, part, total(value) FROM ({rows.Sql(command, buckets)}) WHERE value <> 0 GROUP BY 1, 2";
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                object part = row.GetValue(1);
                if (!parts.TryGetValue(part, out List<(int Place, long Value)>? values))
                {
                    parts[part] = values = [];
                }

                values.Add((row.GetInt32(0), row.GetInt64(2)));
            }
        }

        Func<object, string> nameOf = rows.Names(connection, parts.Keys);
        return parts.GroupBy(p => nameOf(p.Key)).Select(g => new Part(g.Key, LabelOf(g.Key, by), [.. g.SelectMany(p => p.Value)]));
    }

    // Added up here: SQLite sorts them first, which of a hundred thousand sessions takes four times as long as to read them.
    private static IEnumerable<Part> SessionParts(SqliteConnection connection, BreakdownRows rows, Buckets buckets, string by)
    {
        Dictionary<(ulong Part, int Place), long> sums = [];
        Dictionary<ulong, string> names = [];
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT {buckets.PlaceOf("time_unix_nano")}, part, value FROM ({rows.Sql(command, buckets)}) WHERE value <> 0";
        using var row = Statement.Of(command);
        while (row.Step())
        {
            ReadOnlySpan<byte> part = row.Utf8(1);
            ulong id = XxHash3.HashToUInt64(part);
            if (!names.ContainsKey(id))
            {
                names.Add(id, Encoding.UTF8.GetString(part));
            }

            ref long sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, (id, (int)row.Int64(0)), out _);
            sum += row.Int64(2);
        }

        return sums.GroupBy(s => s.Key.Part).Select(g => new Part(names[g.Key], LabelOf(names[g.Key], by), [.. g.Select(s => (s.Key.Place, s.Value))]));
    }

    private static string LabelOf(string name, string by) =>
        name.Length == 0 ? "not told" : by is "source" or "origin" && name == NoDetailPart ? "no request detail" : name;

    // Of a hundred thousand sessions a few are told apart: their buckets are read, and the rest is what is left of the whole.
    private static Breakdown Sessions(SqliteConnection connection, Scope scope, Buckets buckets, Measure measure, BreakdownRows rows, int top)
    {
        List<Part> parts = [];
        long count = 0;
        using (SqliteCommand command = connection.CreateCommand())
        {
            // An id is known by its beginning.
            string totals = rows.SessionTotals(command);
            command.CommandText = $"""
                SELECT session_id, trim(coalesce(project, '') || ' ' || iif(is_named, substr(session_id, 1, 8), session_id)), (SELECT count(*) FROM ({totals}))
                FROM ({totals}) ORDER BY value DESC, session_id LIMIT $top
                """;
            command.Parameters.AddWithValue("$top", top);
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                parts.Add(new Part(row.GetString(0), row.GetString(1), []));
                count = row.GetInt64(2);
            }
        }

        FillSessions(connection, scope, buckets, measure, parts.ToDictionary(p => p.Name));
        Func<Figure, long[]> columnOf = TimeseriesQuery.Columns(connection, scope, buckets, measure.Figures);
        List<(int Place, long Value)> all = [.. measure.Figures.SelectMany(f => columnOf(f).Select((value, place) => (place, value)))];
        List<(int Place, long Value)> rest = [.. all, .. parts.SelectMany(p => p.Values).Select(v => (v.Place, -v.Value))];
        return new Breakdown(
            [.. parts.Select(p => new BreakdownGroup(p.Name, p.Label, measure.Value(p.Total), Column(p.Values, buckets, measure)))],
            count <= parts.Count ? null : new BreakdownRest(count - parts.Count, measure.Value(rest.Sum(v => v.Value)), Column(rest, buckets, measure)),
            measure.Value(all.Sum(v => v.Value)));
    }

    private static void FillSessions(SqliteConnection connection, Scope scope, Buckets buckets, Measure measure, Dictionary<string, Part> parts)
    {
        if (parts.Count == 0)
        {
            return;
        }

        using SqliteCommand command = connection.CreateCommand();
        Scope told = scope with { Sessions = [.. parts.Keys] };
        command.CommandText = $"""
            SELECT (SELECT session_id FROM usage_session WHERE id = session), {buckets.PlaceOf("time_unix_nano")} AS place, total(value)
            FROM ({told.Amounts(command, buckets.NeedExactTimes)}) WHERE figure IN ({measure.FigureList}) GROUP BY session, place
            """;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            parts[row.GetString(0)].Values.Add((row.GetInt32(1), row.GetInt64(2)));
        }
    }
}
