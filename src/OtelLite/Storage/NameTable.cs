using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>The ids of the names that many rows share; a new name gets one.</summary>
internal sealed class NameTable(SqliteConnection connection) : IDisposable
{
    private readonly Statement _add = new(connection, "INSERT OR IGNORE INTO usage_name (name) VALUES (?)");
    private readonly Statement _find = new(connection, "SELECT id FROM usage_name WHERE name = ?");
    private readonly Statement _count = new(connection, "SELECT count(*) FROM usage_name");
    private readonly IdCache _ids = new();

    /// <summary>What is counted under no name of its own, because there are so many.</summary>
    public static ReadOnlySpan<byte> Further => "(further names)"u8;

    public long Of(Utf8Text text, TextRange name)
    {
        ReadOnlySpan<byte> utf8 = text[name];
        UInt128 hash = IdCache.Hash(utf8);
        if (_ids.TryGet(hash, out long id))
        {
            return id;
        }

        if (_find.Begin().Bind(utf8).Scalar() is not { } known)
        {
            // Under this one more, which may be new itself.
            utf8 = _count.Begin().Scalar()!.Value < Limits.NamesMax ? utf8 : Further;
            _add.Begin().Bind(utf8).Run();
            known = _find.Begin().Bind(utf8).Scalar()!.Value;
        }

        return _ids.Add(hash, known);
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
        _count.Dispose();
    }
}
