using System.Text;
using Microsoft.Data.Sqlite;

namespace OtelLite.Storage;

/// <summary>What a row of a table looks like.</summary>
/// <param name="Columns">In the order in which rows have them: of a table without row ids its key comes first.</param>
internal sealed record TableShape(string Name, bool HasIds, IReadOnlyList<TableShape.Column> Columns)
{
    /// <summary>A column is another name of the row's id.</summary>
    public bool HasIdColumn { get; } = Columns.Any(c => c.IsId);

    /// <param name="IsId">Another name of the row's id, and empty in the row.</param>
    /// <param name="MayMiss">Rows that are older than the column do without.</param>
    internal sealed record Column(string Name, string Type, bool MayBeNull, bool MayMiss, bool IsId);

    /// <summary>The tables of a database.</summary>
    public static IReadOnlyList<TableShape> Of(SqliteConnection connection)
    {
        Dictionary<(string Name, bool HasIds), List<Column>> tables = [];
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT t.name, NOT t.wr, c.name, c.type, c."notnull" OR (c.pk > 0 AND t.wr), c.dflt_value IS NOT NULL, c.pk > 0 AND NOT t.wr AND c.type = 'INTEGER'
            FROM pragma_table_list t, pragma_table_info(t.name) c WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT IN ('sqlite_schema', 'sqlite_master')
            ORDER BY t.name, CASE WHEN t.wr AND c.pk > 0 THEN c.pk ELSE 1000 + c.cid END
            """;
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            (string, bool) table = (row.GetString(0), row.GetBoolean(1));
            if (!tables.TryGetValue(table, out List<Column>? columns))
            {
                tables[table] = columns = [];
            }

            bool mayBeNull = !row.GetBoolean(4);
            columns.Add(new Column(row.GetString(2), row.GetString(3), mayBeNull, mayBeNull || row.GetBoolean(5), row.GetBoolean(6)));
        }

        return [.. tables.Select(t => new TableShape(t.Key.Name, t.Key.HasIds, t.Value))];
    }

    /// <summary>Whether a row may be one of this table.</summary>
    public bool Fits(DamagedRow row)
    {
        for (int i = 0; i < Columns.Count; i++)
        {
            if (i >= row.Values.Length ? !Columns[i].MayMiss : !Fits(Columns[i], row.Values[i].Is))
            {
                return false;
            }
        }

        // Each has its first column, though all of them may be null.
        return row.Values.Length > 0 && row.Values.Length <= Columns.Count;
    }

    private static bool Fits(Column column, StoredAs value) => value switch
    {
        _ when column.IsId => value == StoredAs.Null,
        StoredAs.Null => column.MayBeNull,
        StoredAs.Integer or StoredAs.Real => column.Type is "INTEGER" or "REAL" or "DATETIME" or "",
        StoredAs.Text => column.Type is "TEXT" or "DATETIME" or "",
        _ => column.Type is "BLOB" or "",
    };
}

/// <summary>
/// Which tree of a damaged file is which table: as its list of tables says, as far as that can be read. Where it is lost, a table is where it is in a new file, if what stands there looks like
/// it, or else the only one that looks like it.
/// </summary>
internal sealed class DamagedTables
{
    private readonly DamagedPages _pages;
    private readonly Dictionary<string, int> _roots = [];

    public DamagedTables(DamagedPages pages)
    {
        _pages = pages;
        var rows = new DamagedRows(pages);
        Schema = [.. pages.PagesWithRows()[DamagedPages.SchemaRoot].SelectMany(rows.Of).Select(Entry.Of).OfType<Entry>()];
        foreach (Entry table in Schema.Where(e => e.Type == "table" && pages.MayBeRoot(e.Root)))
        {
            _roots.TryAdd(table.Name, table.Root);
        }
    }

    internal sealed record Entry(string Type, string Name, int Root, string? Sql)
    {
        public static Entry? Of(DamagedRow row)
        {
            const StoredAs text = StoredAs.Text, integer = StoredAs.Integer;
            return row.Values is [{ Is: text } type, { Is: text } name, { Is: text }, { Is: integer } root, var sql]
                ? new Entry(Text(type), Text(name), (int)root.Integer, sql.Is == text ? Text(sql) : null) : null;
        }

        private static string Text(DamagedValue value) => Encoding.UTF8.GetString(value.Bytes.Span);
    }

    /// <summary>What can be read of the list of tables, indexes and views.</summary>
    public IReadOnlyList<Entry> Schema { get; }

    /// <summary>The pages with rows of each table that was found; under "" those of which nobody knows.</summary>
    /// <param name="shapes">The tables that there must be.</param>
    /// <param name="asNew">Where the trees of a new file of the same version begin.</param>
    public ILookup<string, int> Find(IReadOnlyList<TableShape> shapes, IReadOnlyDictionary<string, int> asNew)
    {
        // A name of which a letter is wrong is nobody's.
        foreach (string unknown in _roots.Keys.Where(name => shapes.All(s => s.Name != name)).ToArray())
        {
            _roots.Remove(unknown);
        }

        Guess([.. shapes.Where(s => !_roots.ContainsKey(s.Name))], asNew);
        _pages.AddRoots(_roots.Values);
        Dictionary<int, string> names = [];
        foreach ((string name, int root) in _roots)
        {
            names.TryAdd(root, name);
        }

        return _pages.PagesWithRows().Where(tree => tree.Key != DamagedPages.SchemaRoot)
            .SelectMany(tree => tree, (tree, page) => (Name: names.GetValueOrDefault(tree.Key, ""), Page: page)).ToLookup(p => p.Name, p => p.Page);
    }

    private void Guess(TableShape[] shapes, IReadOnlyDictionary<string, int> asNew)
    {
        HashSet<int> taken = [DamagedPages.SchemaRoot, .. _roots.Values, .. Schema.Where(e => e.Type == "index").Select(e => e.Root)];
        _pages.AddRoots(shapes.Select(s => asNew.GetValueOrDefault(s.Name)));
        Dictionary<int, Sample> trees = _pages.PagesWithRows().Where(tree => tree.Key != 0 && !taken.Contains(tree.Key)).Select(SampleOf).Where(s => s.Some.Length > 0).ToDictionary(s => s.Root);

        // One that was brought up from an older version has other places. Then only what a tree looks like tells.
        TableShape[] placed = [.. shapes.Where(s => trees.ContainsKey(asNew.GetValueOrDefault(s.Name)))];
        bool isAsNew = placed.Count(IsInPlace) * 4 >= placed.Length * 3;
        foreach (TableShape shape in shapes)
        {
            int[] alike = [.. trees.Values.Where(tree => tree.LooksLike(shape)).Select(tree => tree.Root)];
            if (isAsNew && placed.Contains(shape) && IsInPlace(shape))
            {
                _roots.Add(shape.Name, asNew[shape.Name]);
            }
            else if (alike.Length == 1 && shapes.Count(trees[alike[0]].LooksLike) == 1)
            {
                _roots.Add(shape.Name, alike[0]);
            }
        }

        bool IsInPlace(TableShape shape) => trees[asNew[shape.Name]].LooksLike(shape);
    }

    private Sample SampleOf(IGrouping<int, int> tree)
    {
        var rows = new DamagedRows(_pages);
        bool isOfTable = _pages.IsOfTable(tree.First());
        return new Sample(tree.Key, isOfTable, [.. tree.Where(page => _pages.IsOfTable(page) == isOfTable).SelectMany(rows.Of).Take(Limits.RecoverSampleRows)]);
    }

    // Some rows of a tree. Of those on damaged pages some fit nowhere.
    private sealed record Sample(int Root, bool IsOfTable, DamagedRow[] Some)
    {
        public bool LooksLike(TableShape shape) =>
            shape.HasIds == IsOfTable && Some.Count(row => row.Values.Length == shape.Columns.Count && shape.Fits(row)) * 2 >= Some.Length;
    }
}
