using Microsoft.Data.Sqlite;

namespace OtelLite.Query;

internal static class NamesQuery
{
    /// <summary>The names of rows of usage_name.</summary>
    public static Dictionary<long, string> Read(SqliteConnection connection, IEnumerable<long> ids)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT name FROM usage_name WHERE id = $id";
        SqliteParameter id = command.Parameters.Add("$id", SqliteType.Integer);
        Dictionary<long, string> names = [];
        foreach (long one in ids)
        {
            id.Value = one;
            names[one] = (string)command.ExecuteScalar()!;
        }

        return names;
    }
}
