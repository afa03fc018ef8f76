using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>The ids of the names that many rows share; a new name gets one.</summary>
internal sealed class NameTable(SqliteConnection connection) : IDisposable
{
    private readonly Statement _add = new(connection, "INSERT OR IGNORE INTO usage_name (name) VALUES (?)");
    private readonly Statement _find = new(connection, "SELECT id FROM usage_name WHERE name = ?");
    private readonly IdCache _ids = new();

    public long Of(Utf8Text text, TextRange name)
    {
        ReadOnlySpan<byte> utf8 = text[name];
        UInt128 hash = IdCache.Hash(utf8);
        if (_ids.TryGet(hash, out long id))
        {
            return id;
        }

        _add.Begin().Bind(utf8).Run();
        return _ids.Add(hash, _find.Begin().Bind(utf8).Scalar()!.Value);
    }

    /// <summary>Binds the name's id, or null for none. Finding a name may run other statements, but never the one that is being bound.</summary>
    public void Bind(Statement statement, Utf8Text text, TextRange name) =>
        _ = name.Length <= 0 ? statement.BindNull() : statement.Bind(Of(text, name));

    /// <summary>After a rollback: what was remembered may not be in the file.</summary>
    public void Forget() => _ids.Clear();

    public void Dispose()
    {
        _add.Dispose();
        _find.Dispose();
    }
}
