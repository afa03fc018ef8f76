using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>The rows of one split of one figure, from the coarsest sums that it can be told by.</summary>
/// <param name="scope">Narrowed already.</param>
internal sealed class BreakdownRows(Scope scope, Measure measure, string by)
{
    // In the place of a source's or origin's number.
    private const long Auxiliary = -1;
    private const long NoDetail = -2;

    /// <summary>A SELECT of time_unix_nano, part, value.</summary>
    public string Sql(SqliteCommand command, Buckets buckets) => by switch
    {
        "model" => Figures(command, buckets, "model", measure.Figures, []),
        "tool" => $"SELECT time_unix_nano, tool AS part, {ToolColumn} AS value FROM ({SumsQuery.Of(command, scope, SumsTable.Tools, [ToolColumn], buckets)})",
        "source" or "origin" => Requests(command, buckets),
        _ => Sessions(command, buckets),
    };

    /// <summary>What each part of the rows is called; several may have one name.</summary>
    public Func<object, string> Names(SqliteConnection connection, IReadOnlyCollection<object> parts)
    {
        Dictionary<object, string> names = by.StartsWith(BreakdownQuery.ResourcePrefix, StringComparison.Ordinal)
            ? Attributes(connection, by[BreakdownQuery.ResourcePrefix.Length..])
            : by == "origin" ? new() { [1L] = "main", [2L] = "subagent", [3L] = "auxiliary" } // as schema.sql numbers them
            : NamesQuery.Read(connection, parts.Cast<long>().Where(id => id > 0)).ToDictionary(n => (object)n.Key, n => n.Value);
        (names[Auxiliary], names[NoDetail]) = (BreakdownQuery.AuxiliaryPart, BreakdownQuery.NoDetailPart);
        return part => names.GetValueOrDefault(part, "");
    }

    /// <summary>A SELECT of the sessions with a value: session_id, project, is_named, value.</summary>
    public string SessionTotals(SqliteCommand command)
    {
        string amounts = Straddling(command, null);
        return $"""
            SELECT session_id, project, is_named, {OwnColumn} AS value FROM usage_session {OwnTable} WHERE {Whole(command, null)} {OwnGroup} {(OwnGroup.Length > 0 ? "HAVING" : "AND")} {OwnColumn} <> 0
            UNION ALL SELECT session_id, project, is_named, total(value) AS value FROM ({amounts}) JOIN usage_session ON usage_session.id = session
            GROUP BY session HAVING total(value) <> 0
            """;
    }

    private string ToolColumn => measure.Figures.Contains(Figure.ToolFailures) ? "failures" : "calls";

    /// <summary>The parts are texts of sessions, and the rows as many as there are sessions.</summary>
    public bool IsOfSession => Scope.OfSession.Contains(by);

    // Some figures stand in the session itself, unless some models alone are asked for.
    private bool IsOwn => scope.Models.Count == 0 && measure.SessionColumn is not null;

    private string OwnColumn => IsOwn ? measure.SessionColumn! : $"total({ModelColumns})";

    private string OwnTable => IsOwn ? "" : "CROSS JOIN usage_session_model ON usage_session_model.session = usage_session.id";

    private string OwnGroup => IsOwn ? "" : "GROUP BY usage_session.id";

    private string ModelColumns => string.Join(" + ", measure.Figures.Select(f => "usage_session_model." + FigureColumns.Of(f)));

    private string Figures(SqliteCommand command, Buckets buckets, string part, Figure[] plus, Figure[] minus)
    {
        string rows = SumsQuery.Of(command, scope, SumsTable.Figures, [.. plus.Concat(minus).Select(FigureColumns.Of)], buckets);
        string sum = string.Join(" + ", plus.Select(FigureColumns.Of)) + string.Concat(minus.Select(f => $" - {FigureColumns.Of(f)}"));
        return $"SELECT time_unix_nano, {part} AS part, {sum} AS value FROM ({rows})";
    }

    private string Requests(SqliteCommand command, Buckets buckets)
    {
        string[] columns = measure.Billed.Any() ? [.. measure.Billed.Select(k => FigureColumns.Of(k.ByEvents()))] : ["requests"];
        string requests = $"""
            SELECT time_unix_nano, {by} AS part, {string.Join(" + ", columns)} AS value FROM ({SumsQuery.Of(command, scope, SumsTable.Sources, columns, buckets)})
            """;
        if (!measure.Billed.Any())
        {
            return requests;
        }

        // Of the part that no request explains, some needs no lost event.
        Figure[] rest = [.. measure.Billed.Select(k => k.Rest())], auxiliary = [.. measure.Billed.Select(k => k.Auxiliary())];
        return string.Join(" UNION ALL ", [requests, Figures(command, buckets, $"{Auxiliary}", auxiliary, []),
            Figures(command, buckets, $"{NoDetail}", rest, auxiliary)]);
    }

    // A session that lies wholly within a bucket needs no look at when in it things happened.
    private string Sessions(SqliteCommand command, Buckets buckets)
    {
        string part = IsOfSession ? $"coalesce({by}, '')" : "coalesce(resource, 0)";
        string own = IsOwn ? measure.SessionColumn! : ModelColumns;
        string amounts = Straddling(command, buckets);
        // In the table's own order a hundred thousand sessions are read in a third of the time that their index of times takes.
        string all = IsOwn && !scope.IsOfSessions && scope.HoldsMany(command.Connection!) ? "NOT INDEXED" : "";
        return $"""
            SELECT first_unix_nano AS time_unix_nano, {part} AS part, {own} AS value FROM usage_session {all} {OwnTable} WHERE {Whole(command, buckets)}
            UNION ALL SELECT time_unix_nano, {part} AS part, value FROM ({amounts}) JOIN usage_session ON usage_session.id = session
            """;
    }

    private string Whole(SqliteCommand command, Buckets? buckets) =>
        $"{WithinOne(buckets)}{And(scope.WhereSession(command))}{(IsOwn ? "" : scope.AndModel(command, "usage_session_model.model"))}";

    // By when they began: of two ranges SQLite may take the wider one, but for the plus.
    private static string WithinOne(Buckets? buckets) => "first_unix_nano >= $from AND first_unix_nano < $to AND +last_unix_nano < $to"
        + (buckets is null ? "" : $" AND {buckets.PlaceOf("first_unix_nano")} = {buckets.PlaceOf("last_unix_nano")}");

    // The amounts of the other sessions (time_unix_nano, session, value).
    private string Straddling(SqliteCommand command, Buckets? buckets)
    {
        IReadOnlyCollection<long> others = buckets is null ? scope.Straddling(command.Connection!) : AcrossBuckets(command, buckets);
        return buckets is { NeedExactTimes: true }
            ? $"SELECT time_unix_nano, session, value FROM usage_amount WHERE {scope.Where(command)} AND figure IN ({measure.FigureList}) AND session IN ({Scope.Listed(command, "$across", others)})"
            : $"SELECT time_unix_nano, session, value FROM ({scope.AmountsOf(command, others)}) WHERE figure IN ({measure.FigureList})";
    }

    private List<long> AcrossBuckets(SqliteCommand command, Buckets buckets)
    {
        using SqliteCommand look = command.Connection!.CreateCommand();
        look.CommandText = $"""
            SELECT id FROM usage_session WHERE last_unix_nano >= $from AND first_unix_nano < $to AND NOT ({WithinOne(buckets)}){And(scope.WhereSession(look))}
            """;
        look.Parameters.AddWithValue("$from", scope.FromUnixNano);
        look.Parameters.AddWithValue("$to", scope.ToUnixNano);
        return Scope.Ids(look);
    }

    private static string And(string condition) => condition.Length > 0 ? " AND " + condition : "";

    // A resource without the attribute is not among them.
    private static Dictionary<object, string> Attributes(SqliteConnection connection, string key)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT otel_resource.id, iif(type IN ('true', 'false'), type, CAST(value AS TEXT)) FROM otel_resource, json_each(otel_resource.attributes)
            WHERE key = $key AND value IS NOT NULL
            """;
        command.Parameters.AddWithValue("$key", key);
        Dictionary<object, string> values = [];
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            values[row.GetInt64(0)] = row.GetString(1);
        }

        return values;
    }
}
