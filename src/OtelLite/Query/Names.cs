using System.Text;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Query;

internal static class NamesQuery
{
    /// <summary>The names of rows of usage_name.</summary>
    public static Dictionary<long, string> Read(SqliteConnection connection, IEnumerable<long> ids)
    {
        using var name = new Statement(connection, "SELECT name FROM usage_name WHERE id = ?");
        Dictionary<long, string> names = [];
        foreach (long id in ids)
        {
            names[id] = name.Begin().Bind(id).Step() ? Encoding.UTF8.GetString(name.Utf8(0)) : throw new KeyNotFoundException($"there is no name {id}");
        }

        return names;
    }
}
