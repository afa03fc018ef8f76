using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>Told of a sum: when it begins, of which model, and of what.</summary>
internal delegate void AddFigure(long timeUnixNano, long model, Figure figure, long value);

/// <summary>
/// The figures of a scope of some sessions, from the largest sums that fit: what each has in all, where it lies wholly in one bucket, and its quarters.
/// What is left at both ends of the range comes from the rows themselves.
/// </summary>
internal static class FigureSums
{
    /// <param name="buckets">Each at least a quarter of an hour long; null: there is one.</param>
    public static void Each(SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, Buckets? buckets, AddFigure add)
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
                if (buckets is null || buckets.Of(first) == buckets.Of(last))
                {
                    AddRow(row, figures, add);
                }
                else if (straddling.Count == 0 || straddling[^1] != id)
                {
                    straddling.Add(id);
                }
            }
        }

        EachInPart(connection, scope, figures, add, scope.Straddling(connection));
        EachInPart(connection, scope, figures, add, straddling);
    }

    /// <summary>The same of all sessions together: whole steps from their totals, what is left at both ends from the rows themselves. A scope of some sessions can ask for exact times alone.</summary>
    /// <param name="buckets">Null: there is one.</param>
    /// <param name="byModel">False: which model it is does not matter, and may not be told.</param>
    public static void EachOfAll(SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, Buckets? buckets, bool byModel, AddFigure add)
    {
        if (buckets is { NeedExactTimes: true } || scope.FirstQuarter >= scope.EndQuarter)
        {
            using SqliteCommand command = connection.CreateCommand();
            Add(command, $"usage_amount WHERE {scope.Where(command)}", figures, add);
            return;
        }

        AddWholeSteps(connection, scope, figures, buckets, byModel || scope.Models.Count > 0, add);

        // The bounds of each end alone: of two upper bounds SQLite looks for the first, and would pass over all between.
        foreach ((long from, long to) in scope.Ends())
        {
            using SqliteCommand command = connection.CreateCommand();
            Add(command, $"usage_amount WHERE time_unix_nano >= {from} AND time_unix_nano < {to}{scope.AndModel(command)}", figures, add);
        }
    }

    private static void AddWholeSteps(SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, Buckets? buckets, bool ofModels, AddFigure add)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT quarter, {(ofModels ? "model" : "0")}, {string.Join(", ", figures.Select(FigureColumns.Of))}
            FROM {SumsQuery.WholeSteps(scope, ofModels ? SumsTable.Figures : SumsTable.AllModels, buckets)}{scope.AndModel(command)}
            """;
        // Added up here: SQLite would sort the rows, of which each has all the columns, before it adds them up, and that took three times as long.
        using var row = Statement.Of(command);
        while (row.Step())
        {
            (long time, long model) = (row.Int64(0) * QuarterTable.QuarterNano, row.Int64(1));
            for (int i = 0; i < figures.Count; i++)
            {
                if (row.Int64(i + 2) is not 0 and var value)
                {
                    add(time, model, figures[i], value);
                }
            }
        }
    }

    private static void EachInPart(SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, AddFigure add, IReadOnlyCollection<long> sessions)
    {
        if (sessions.Count > 0)
        {
            using SqliteCommand command = connection.CreateCommand();
            Add(command, $"({scope.AmountsOf(command, sessions)}) WHERE value <> 0", figures, add);
        }
    }

    private static void Add(SqliteCommand command, string amounts, IReadOnlyList<Figure> figures, AddFigure add)
    {
        // Which figures is looked at here: as a condition on each of a dozen tables it took longer to prepare than the rows to read.
        ulong asked = 0;
        foreach (Figure figure in figures)
        {
            asked |= 1UL << (int)figure;
        }

        command.CommandText = $"SELECT time_unix_nano, model, figure, value FROM {amounts}";
        using var row = Statement.Of(command);
        while (row.Step())
        {
            if ((asked >> (int)row.Int64(2) & 1) != 0)
            {
                add(row.Int64(0), row.Int64(1), (Figure)row.Int64(2), row.Int64(3));
            }
        }
    }

    // id, first, last and model of a session, and then the figures.
    private static void AddRow(SqliteDataReader row, IReadOnlyList<Figure> figures, AddFigure add)
    {
        for (int i = 0; i < figures.Count; i++)
        {
            long value = row.GetInt64(4 + i);
            if (value != 0)
            {
                add(row.GetInt64(1), row.GetInt64(3), figures[i], value);
            }
        }
    }
}
