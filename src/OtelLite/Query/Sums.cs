using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

/// <summary>
/// Sums of a scope, from as few rows as there are: of all sessions, whole steps from their totals, and what is left at both ends from the
/// rows themselves; narrowed to some sessions, from their rows.
/// </summary>
internal static class SumsQuery
{
    /// <summary>A range of quarters as few ranges of steps, each of quarters: the largest in its middle, smaller ones around them, quarters at both ends.</summary>
    /// <param name="align">The largest step.</param>
    public static IEnumerable<(long Step, long First, long End)> Pieces(long first, long end, long align)
    {
        if (first >= end)
        {
            yield break;
        }

        long step = align;
        long smaller = SumTable.Steps.LastOrDefault(s => s < step, 1);
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
        string row = $"SELECT time_unix_nano, {string.Join(", ", sums.Keys.Select(k => $"{k.Value} AS {k.Key}").Concat(columns.Select(c => $"{sums.Columns[c]} AS {c}")))} FROM";
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

        string model = scope.AndModel(command, "model");
        string whole = $"SELECT quarter * {QuarterTable.QuarterNano} AS time_unix_nano, {string.Join(", ", sums.Keys.Keys.Concat(columns))} FROM {WholeSteps(scope, sums, buckets)}{model}";
        // The bounds of each end alone: of two upper bounds SQLite looks for the first, and would pass over all between.
        return string.Join(" UNION ALL ", [whole, .. scope.Ends().Select(end =>
            $"{rows} WHERE time_unix_nano >= {end.From} AND time_unix_nano < {end.To}{model}")]);
    }

    /// <summary>What follows FROM in a SELECT of the rows of sums that are the whole quarters of a scope, of which there must be one; further conditions may follow.</summary>
    /// <param name="buckets">Rows do not reach over the border of two; null: they may.</param>
    public static string WholeSteps(Scope scope, SumsTable sums, Buckets? buckets)
    {
        long align = SumTable.Steps.Last(step => buckets is null || buckets.StandOn(step));
        string pieces = string.Join(", ", Pieces(scope.FirstQuarter, scope.EndQuarter, align).Select(p => $"({p.Step}, {p.First}, {p.End})"));
        return $"(VALUES {pieces}) piece CROSS JOIN {sums.Table} ON step = piece.column1 AND quarter >= piece.column2 AND quarter < piece.column3 WHERE true";
    }
}
