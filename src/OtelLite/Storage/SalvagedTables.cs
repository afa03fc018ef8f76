using System.Text;
using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>
/// Copies the rows of a damaged database into a new one of the same version, page by page: no page stands in the way of another's rows, and those of indexes are not needed.
/// </summary>
internal sealed class SalvagedTables(SqliteConnection connection, DamagedPages pages, DamagedTables tables, IReadOnlyDictionary<string, int> asNew)
{
    /// <summary>What is said of a file that is another's, or of which nothing can be read.</summary>
    public const string NothingFound = "no table of OtelLite's can be found in it";

    private const string Sequence = "sqlite_sequence", Removed = "otel_removed";

    private readonly DamagedRows _rows = new(pages);
    private readonly Dictionary<string, long> _lastIds = [];
    private bool _hasLost = pages.HasLost;
    private long _copied;

    /// <summary>How many data points, events and spans could not be read, as far as their ids tell. What is counted of them is made anew.</summary>
    /// <exception cref="IOException">There is nothing that this program has written.</exception>
    public long CopyAll(bool isShort)
    {
        IReadOnlyList<TableShape> shapes = TableShape.Of(connection);
        ILookup<string, int> found = tables.Find(shapes, asNew);
        // The row that a new file begins with.
        Database.Execute(connection, $"BEGIN; DELETE FROM {Removed}");
        CopyTree(shapes.Single(s => s.Name == Removed), found);
        bool isAllThere = Ask($"SELECT max(before_unix_nano) FROM {Removed}") == 0;
        foreach (TableShape table in shapes.Where(s => s.Name != Removed))
        {
            // All that is counted is made anew from what it was counted of. Where that was removed, the count is all that there is.
            if (!isAllThere || !table.Name.StartsWith("usage_", StringComparison.Ordinal))
            {
                CopyTree(table, found);
            }
        }

        CopyUnknown([.. shapes.Where(s => Prune.Raw.Any(raw => raw.Table == s.Name))], found[""]);
        long lost = _hasLost || isShort || _rows.Unread > 0 ? Prune.Raw.Sum(raw => Missing(raw.Table, raw.Count)) : 0;
        if (tables.Schema.Count == 0 && _copied == 0)
        {
            throw new IOException(NothingFound);
        }

        KeepIds();
        Database.Execute(connection, $"INSERT INTO {Removed} (before_unix_nano) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM {Removed}); COMMIT");
        if (!isAllThere)
        {
            TakeOutOrphans();
        }

        return lost;
    }

    private void CopyTree(TableShape table, ILookup<string, int> found) => Copy(table, found[table.Name].Where(page => pages.IsOfTable(page) == table.HasIds).SelectMany(_rows.Of));

    // Of no known tree, where both the map and the page above are lost, or of no known name: each of the raw tables has as many columns as no other has.
    private void CopyUnknown(TableShape[] raw, IEnumerable<int> from)
    {
        foreach (List<DamagedRow> rows in from.Where(pages.IsOfTable).Select(_rows.Of).Where(rows => rows.Count > 0))
        {
            TableShape likely = raw.MaxBy(t => rows.Count(row => LooksLike(t, row)))!;
            Copy(likely, rows.Where(row => LooksLike(likely, row)));
        }

        static bool LooksLike(TableShape table, DamagedRow row) => row.Values.Length == table.Columns.Count && table.Fits(row);
    }

    private void Copy(TableShape table, IEnumerable<DamagedRow> rows)
    {
        Dictionary<int, Statement> inserts = [];
        foreach (DamagedRow row in rows)
        {
            if (!table.Fits(row) || row.Id is < 0 or > Limits.RecoverIdMax)
            {
                _hasLost = true;
            }
            else if (table.Name == Sequence)
            {
                _lastIds[Encoding.UTF8.GetString(row.Values[0].Bytes.Span)] = Math.Clamp(row.Values[1].Integer, 0, Limits.RecoverIdMax);
            }
            else
            {
                Insert(table, row, inserts);
            }
        }

        foreach (Statement insert in inserts.Values)
        {
            insert.Dispose();
        }
    }

    private void Insert(TableShape table, DamagedRow row, Dictionary<int, Statement> inserts)
    {
        if (!inserts.TryGetValue(row.Values.Length, out Statement? insert))
        {
            string names = string.Join(", ", table.Columns.Take(row.Values.Length).Select(c => $"\"{c.Name}\"")), marks = string.Join(", ", Enumerable.Repeat("?", row.Values.Length));
            inserts[row.Values.Length] = insert = new Statement(connection, table.HasIds
                ? $"INSERT OR IGNORE INTO {table.Name} ({(table.HasIdColumn ? "" : "rowid, ")}{names}) VALUES ({(table.HasIdColumn ? "" : "?, ")}{marks})"
                : $"INSERT OR IGNORE INTO {table.Name} ({names}) VALUES ({marks})");
        }

        insert.Begin();
        if (table.HasIds && !table.HasIdColumn)
        {
            insert.Bind(row.Id);
        }

        for (int i = 0; i < row.Values.Length; i++)
        {
            DamagedValue value = row.Values[i];
            _ = table.Columns[i].IsId ? insert.Bind(row.Id) : value.Is switch
            {
                StoredAs.Integer => insert.Bind(value.Integer),
                StoredAs.Real => insert.Bind(value.Real),
                StoredAs.Text => insert.Bind(value.Bytes.Span),
                StoredAs.Blob => insert.BindBlob(value.Bytes.Span),
                _ => insert.BindNull(),
            };
        }

        insert.Run();
        if (++_copied % Limits.RecoverRowsPerStep == 0)
        {
            Database.Execute(connection, "COMMIT; BEGIN");
        }
    }

    // How many rows a raw table has fewer than were stored and not removed since. Where that can't be read, its ids are without gaps.
    private long Missing(string table, string removed) => Math.Max(0,
        _lastIds.TryGetValue(table, out long last) && Ask($"SELECT {removed} FROM {Removed}") is { } gone ? last - gone - Ask($"SELECT count(*) FROM {table}")!.Value
            : Ask($"SELECT max(id) - min(id) + 1 - count(*) FROM {table}") ?? 0);

    // The id of a row that is lost is not given again.
    private void KeepIds()
    {
        foreach ((string table, long last) in _lastIds)
        {
            using var keep = new Statement(connection, $"UPDATE {Sequence} SET seq = max(seq, ?) WHERE name = ?");
            using var add = new Statement(connection, $"INSERT INTO {Sequence} (name, seq) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM {Sequence} WHERE name = ?)");
            keep.Begin().Bind(last).Bind(table).Run();
            add.Begin().Bind(table).Bind(last).Bind(table).Run();
        }
    }

    // What is counted of a session whose row is lost must not become another's, which gets its number.
    private void TakeOutOrphans()
    {
        foreach (TableShape table in TableShape.Of(connection).Where(t => t.Name.StartsWith("usage_", StringComparison.Ordinal) && t.Columns.Any(c => c.Name == "session")))
        {
            Database.Execute(connection, $"DELETE FROM {table.Name} WHERE session NOT IN (SELECT id FROM usage_session)");
        }
    }

    private long? Ask(string sql)
    {
        using var ask = new Statement(connection, sql);
        return ask.Begin().Step() && !ask.IsNull(0) ? ask.Int64(0) : null;
    }
}
