using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>Told of a sum: when it begins, of which model, and of what.</summary>
internal delegate void AddFigure(long timeUnixNano, long model, Figure figure, long value);

/// <summary>
/// The figures of a scope of some sessions, from the largest sums that fit: what each has in all, where it lies wholly in one bucket, and its quarters.
/// What is left at both ends of the range comes from the rows themselves. Sums of all sessions together are <see cref="SumsQuery"/>'s.
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

        EachInPart(connection, scope, figures, add, command => scope.Straddling(command));
        if (straddling.Count > 0)
        {
            EachInPart(connection, scope, figures, add, command => Scope.Listed(command, "$buckets", straddling));
        }
    }

    private static void EachInPart(
        SqliteConnection connection, Scope scope, IReadOnlyList<Figure> figures, AddFigure add, Func<SqliteCommand, string> sessions)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT time_unix_nano, model, figure, value FROM ({scope.AmountsOf(command, sessions(command))})
            WHERE value <> 0 AND figure IN ({string.Join(", ", figures.Select(f => (int)f))})
            """;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            add(row.GetInt64(0), row.GetInt64(1), (Figure)row.GetInt64(2), row.GetInt64(3));
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
