using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>Told of a sum: when it begins, whose it is (null: of all sessions of the scope), of which model, and of what.</summary>
internal delegate void AddFigure(long timeUnixNano, long? session, long model, Figure figure, long value);

/// <summary>
/// The figures of a scope, from the largest sums that fit: of all sessions together days, hours and quarters; of some sessions what each has in
/// all, where it lies wholly in one bucket, and its quarters. What is left at both ends of the range comes from the rows themselves.
/// </summary>
internal static class FigureSums
{
    /// <summary>The sums of the figures.</summary>
    /// <param name="starts">The buckets' starts in Unix nanoseconds, ascending, whole quarters of an hour but for the first; null: there is one bucket.</param>
    /// <param name="bySession">Tell of each session by itself, though the scope is of all.</param>
    public static void Each(SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, long[]? starts, AddFigure add, bool bySession = false)
    {
        if (bySession || scope.IsOfSessions)
        {
            EachOfSessions(connection, scope, figures, starts, add);
            return;
        }

        // All buckets start at whole days in UTC, or hours, or quarters.
        long align = SumTable.Steps.Last(step => starts is null || starts.Skip(1).All(s => s % (step * QuarterTable.QuarterNano) == 0));
        foreach ((long step, long first, long end) in Pieces(scope.FirstQuarter, scope.EndQuarter, align))
        {
            EachOfPiece(connection, scope, figures, step, first, end, add);
        }

        EachAtEnds(connection, scope, figures, add);
    }

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

    private static void EachOfPiece(
        SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, long step, long first, long end, AddFigure add)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT quarter, model, {Columns(figures)} FROM usage_sum WHERE step = {step} AND quarter >= $first AND quarter < $end{scope.AndModel(command)}
            """;
        command.Parameters.AddWithValue("$first", first);
        command.Parameters.AddWithValue("$end", end);
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            AddRow(row, 2, figures, row.GetInt64(0) * QuarterTable.QuarterNano, null, row.GetInt64(1), add);
        }
    }

    private static void EachAtEnds(SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, AddFigure add)
    {
        foreach ((long from, long to) in scope.Ends())
        {
            using SqliteCommand command = connection.CreateCommand();
            Scope end = scope with { FromUnixNano = from, ToUnixNano = to };
            command.CommandText = $"SELECT time_unix_nano, model, figure, value FROM usage_amount WHERE {end.Where(command)} AND figure IN ({Numbers(figures)})";
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                add(row.GetInt64(0), null, row.GetInt64(1), (Figure)row.GetInt64(2), row.GetInt64(3));
            }
        }
    }

    private static void EachOfSessions(SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, long[]? starts, AddFigure add)
    {
        List<long> straddling = [];
        using (SqliteCommand command = connection.CreateCommand())
        {
            command.CommandText = $"""
                SELECT id, first_unix_nano, last_unix_nano, model, {string.Join(", ", figures.Select(f => $"usage_session_model.{FigureColumns.Of(f)}"))}
                FROM usage_session CROSS JOIN usage_session_model ON usage_session_model.session = usage_session.id
                WHERE {scope.Inside(command)}{scope.AndModel(command)}
                """;
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                (long id, long first, long last) = (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
                if (starts is null || BucketOf(starts, first) == BucketOf(starts, last))
                {
                    AddRow(row, 4, figures, first, id, row.GetInt64(3), add);
                }
                else if (straddling.Count == 0 || straddling[^1] != id)
                {
                    straddling.Add(id);
                }
            }
        }

        EachInPart(connection, scope, figures, add, command => scope.Straddling(command));
        if (straddling.Count > 0)
        {
            EachInPart(connection, scope, figures, add, command =>
            {
                command.Parameters.AddWithValue("$straddling", $"[{string.Join(',', straddling)}]");
                return "SELECT value FROM json_each($straddling)";
            });
        }
    }

    private static void EachInPart(
        SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, AddFigure add, Func<SqliteCommand, string> sessions)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT time_unix_nano, session, model, figure, value FROM ({scope.AmountsOf(command, sessions(command))}) WHERE figure IN ({Numbers(figures)})
            """;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            add(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), (Figure)row.GetInt64(3), row.GetInt64(4));
        }
    }

    private static void AddRow(SqliteDataReader row, int first, IReadOnlyList<Figure> figures, long time, long? session, long model, AddFigure add)
    {
        for (int i = 0; i < figures.Count; i++)
        {
            long value = row.GetInt64(first + i);
            if (value != 0)
            {
                add(time, session, model, figures[i], value);
            }
        }
    }

    private static int BucketOf(long[] starts, long unixNano)
    {
        int index = Array.BinarySearch(starts, unixNano);
        return Math.Max(0, index >= 0 ? index : ~index - 1);
    }

    private static string Columns(IReadOnlyList<Figure> figures) => string.Join(", ", figures.Select(FigureColumns.Of));

    private static string Numbers(IReadOnlyList<Figure> figures) => string.Join(", ", figures.Select(f => (int)f));
}
