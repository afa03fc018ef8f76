using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>
/// Copies the tables of a damaged database ("damaged", attached) into a new one: by ranges of ids, which are halved where a page can't be read until the rows on it are alone.
/// The tree of a table is read and no index, so that a broken index loses nothing.
/// </summary>
internal sealed class SalvagedTables(SqliteConnection connection)
{
    private long _lost;

    /// <summary>How many data points, events and spans could not be read, as far as their ids tell. What is counted of them is made anew.</summary>
    public long CopyAll()
    {
        // The row that a new file begins with.
        Database.Execute(connection, "DELETE FROM otel_removed");
        bool isAllThere = Ask("SELECT max(before_unix_nano) FROM damaged.otel_removed") == 0;
        foreach ((string table, bool hasRowId) in Tables())
        {
            // All that is counted is made anew from what it was counted of. Where that was removed, the count is all that there is.
            if (isAllThere && table.StartsWith("usage_", StringComparison.Ordinal))
            {
                continue;
            }

            // Each step for itself: SQLite lets no transaction end well in which a page could not be read.
            if (hasRowId)
            {
                long unread = CopyByIds(table);
                _lost += Prune.Raw.Any(raw => raw.Table == table) ? Math.Min(unread, Missing(table) ?? unread) : 0;
            }
            else
            {
                CopyInOrder(table);
            }
        }

        Database.Execute(connection, "INSERT INTO otel_removed (before_unix_nano) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM otel_removed)");
        if (!isAllThere)
        {
            TakeOutOrphans();
        }

        return _lost;
    }

    // How many rows a raw table has fewer than were stored and not removed since; null where that can't be read.
    private long? Missing(string table)
    {
        string column = table["otel_".Length..];
        return Ask($"SELECT seq - (SELECT {column} FROM damaged.otel_removed) - (SELECT count(*) FROM main.{table}) FROM damaged.sqlite_sequence WHERE name = '{table}'") is { } rows ? Math.Max(0, rows) : null;
    }

    // How many ids could not be read, whether or not there were rows of all of them.
    private long CopyByIds(string table)
    {
        long unread = 0;
        // A table whose last page is gone still has its last id elsewhere; where not even that can be read, a page has no more than some hundred rows.
        long last = Ask($"SELECT max(rowid) FROM damaged.{table}") ?? Ask($"SELECT seq FROM damaged.sqlite_sequence WHERE name = '{table}'")
            ?? (Ask("SELECT page_count FROM pragma_page_count('damaged')") ?? 0) * 100;
        for (long after = (Ask($"SELECT min(rowid) FROM damaged.{table}") ?? 1) - 1; after < last; after += Limits.RecoverRowsPerStep)
        {
            unread += CopyRange(table, after, Math.Min(last, after + Limits.RecoverRowsPerStep));
        }

        return unread;
    }

    private long CopyRange(string table, long after, long upTo)
    {
        if (TryCopy($"INSERT OR IGNORE INTO main.{table} SELECT * FROM damaged.{table} WHERE rowid > {after} AND rowid <= {upTo}"))
        {
            return 0;
        }

        if (upTo - after == 1)
        {
            return 1;
        }

        long middle = after + ((upTo - after) / 2);
        return CopyRange(table, after, middle) + CopyRange(table, middle, upTo);
    }

    // Without ids there are only two ends to begin at.
    private void CopyInOrder(string table)
    {
        if (TryCopy($"INSERT OR IGNORE INTO main.{table} SELECT * FROM damaged.{table}"))
        {
            return;
        }

        List<string> key = Texts($"SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk");
        foreach (string order in (string[])["", " DESC"])
        {
            using SqliteCommand read = connection.CreateCommand(), write = connection.CreateCommand();
            read.CommandText = $"SELECT * FROM damaged.{table} ORDER BY {string.Join(", ", key.Select(k => k + order))}";
            try
            {
                using SqliteDataReader row = read.ExecuteReader();
                while (row.Read())
                {
                    if (write.Parameters.Count == 0)
                    {
                        write.CommandText = $"INSERT OR IGNORE INTO main.{table} VALUES ({string.Join(", ", Enumerable.Range(0, row.FieldCount).Select(i => $"$p{i}"))})";
                        for (int i = 0; i < row.FieldCount; i++)
                        {
                            write.Parameters.AddWithValue($"$p{i}", DBNull.Value);
                        }
                    }

                    for (int i = 0; i < row.FieldCount; i++)
                    {
                        write.Parameters[i].Value = row.GetValue(i);
                    }

                    write.ExecuteNonQuery();
                }
            }
            catch (SqliteException e) when (Database.IsDamage(e))
            {
                // As far as it goes from this end.
            }
        }
    }

    // What is counted of a session whose row is lost must not become another's, which gets its number.
    private void TakeOutOrphans()
    {
        foreach (string table in Texts("SELECT m.name FROM main.sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name LIKE 'usage_%' AND c.name = 'session'"))
        {
            Database.Execute(connection, $"DELETE FROM main.{table} WHERE session NOT IN (SELECT id FROM main.usage_session)");
        }
    }

    private IEnumerable<(string Table, bool HasRowId)> Tables() =>
        Texts("SELECT name || iif(wr, '', '*') FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'")
            .Select(t => (t.TrimEnd('*'), t.EndsWith('*')));

    private bool TryCopy(string sql)
    {
        try
        {
            Database.Execute(connection, sql);
            return true;
        }
        catch (SqliteException e) when (Database.IsDamage(e) || IsMissing(e))
        {
            return false;
        }
    }

    // A table that the schema's damage took with it.
    private static bool IsMissing(SqliteException e) => e.SqliteErrorCode == SQLitePCL.raw.SQLITE_ERROR;

    private long? Ask(string sql)
    {
        try
        {
            using var ask = new Statement(connection, sql);
            return ask.Begin().Step() && !ask.IsNull(0) ? ask.Int64(0) : null;
        }
        catch (SqliteException e) when (Database.IsDamage(e) || IsMissing(e))
        {
            return null;
        }
    }

    private List<string> Texts(string sql)
    {
        List<string> texts = [];
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            texts.Add(row.GetString(0));
        }

        return texts;
    }
}
