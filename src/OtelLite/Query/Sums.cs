using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>
/// Sums of a scope, from as few rows as there are: of all sessions, whole days, hours and quarters from their totals, and what is left at both ends from the
/// rows themselves; narrowed to some sessions, from their rows.
/// </summary>
internal static class SumsQuery
{
    /// <summary>A range of quarters as few ranges of steps, each of quarters: days in its middle, hours around them, quarters at both ends.</summary>
    /// <param name="align">The largest step.</param>
    public static IEnumerable<(long Step, long First, long End)> Pieces(long first, long end, long align)
    {
        if (first >= end)
        {
            yield break;
        }

        long step = align;
        long smaller = step == 96 ? 4 : 1;
        long from = (first + step - 1) / step * step;
        long to = end / step * step;
        if (step == 1)
        {
            yield return (1, first, end);
        }
        else if (from >= to)
        {
            foreach ((long, long, long) piece in Pieces(first, end, smaller))
            {
                yield return piece;
            }
        }
        else
        {
            foreach ((long, long, long) piece in Pieces(first, from, smaller).Append((step, from, to)).Concat(Pieces(to, end, smaller)))
            {
                yield return piece;
            }
        }
    }

    /// <summary>A SELECT of time_unix_nano, the keys, and the columns asked for; added up, they are the scope's.</summary>
    /// <param name="buckets">Rows do not reach over the border of two; null: they may.</param>
    public static string Of(SqliteCommand command, Scope scope, SumsTable sums, IReadOnlyList<string> columns, Buckets? buckets = null)
    {
        string keys = string.Join(", ", sums.Keys.Keys);
        string row = $"SELECT time_unix_nano, {string.Join(", ", sums.Keys.Select(k => $"{k.Value} AS {k.Key}"))}, "
            + $"{string.Join(", ", columns.Select(c => $"{sums.Columns[c]} AS {c}"))} FROM";
        string rows = $"{row} {sums.Rows}";
        bool isExact = buckets is { NeedExactTimes: true };
        if (sums == SumsTable.Figures && scope.IsOfSessions)
        {
            // Those are added up for each session too.
            return $"{row} ({scope.Amounts(command, isExact)})";
        }

        if (scope.IsOfSessions || isExact || scope.FirstQuarter >= scope.EndQuarter)
        {
            return $"{rows} WHERE {scope.Where(command)}";
        }

        long align = SumTable.Steps.Last(step => buckets is null || buckets.StandOn(step));
        (long Step, long First, long End)[] parts = [.. Pieces(scope.FirstQuarter, scope.EndQuarter, align)];

        string model = scope.AndModel(command, "model");
        string asked = string.Join(", ", columns);
        IEnumerable<string> whole = parts.Select(p => $"""
            SELECT quarter * {QuarterTable.QuarterNano} AS time_unix_nano, {keys}, {asked} FROM {sums.Table}
            WHERE step = {p.Step} AND quarter >= {p.First} AND quarter < {p.End}{model}
            """);
        // The bounds of each end alone: of two upper bounds SQLite looks for the first, and would pass over all between.
        return string.Join(" UNION ALL ", [.. whole, .. scope.Ends().Select(end =>
            $"{rows} WHERE time_unix_nano >= {end.From} AND time_unix_nano < {end.To}{model}")]);
    }
}
