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

    // How many there are, and the id of the one for all others; null while that is not known.
    private long? _number, _further;

    /// <summary>What is counted under no name of its own, because there are so many.</summary>
    public static ReadOnlySpan<byte> Further => "(further names)"u8;

    public long Of(Utf8Text text, TextRange name)
    {
        ReadOnlySpan<byte> utf8 = Beginning(text[name]);
        UInt128 hash = IdCache.Hash(utf8);
        if (_ids.TryGet(hash, out long id))
        {
            return id;
        }

        if (_find.Begin().Bind(utf8).Scalar() is not { } known)
        {
            _number ??= _count.Begin().Scalar()!.Value;
            // No name is none of these.
            known = utf8.IsEmpty || _number < Limits.NamesMax ? Add(utf8) : _further ??= Add(Further);
        }

        return _ids.Add(hash, known);
    }

    /// <summary>Binds the name's id, or null for none. Finding a name may run other statements, but never the one that is being bound.</summary>
    public void Bind(Statement statement, Utf8Text text, TextRange name) =>
        _ = name.Length <= 0 ? statement.BindNull() : statement.Bind(Of(text, name));

    private long Add(ReadOnlySpan<byte> utf8)
    {
        _add.Begin().Bind(utf8).Run();
        _number++;
        return _find.Begin().Bind(utf8).Scalar()!.Value;
    }

    private static ReadOnlySpan<byte> Beginning(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length <= Limits.CountedNameBytesMax)
        {
            return utf8;
        }

        // Not within a character, whose first byte alone is not of the form 10xxxxxx.
        int end = Limits.CountedNameBytesMax;
        while (end > 0 && (utf8[end] & 0xC0) == 0x80)
        {
            end--;
        }

        return utf8[..end];
    }

    /// <summary>After a rollback: what was remembered may not be in the file.</summary>
    public void Forget()
    {
        _ids.Clear();
        (_number, _further) = (null, null);
    }

    public void Dispose()
    {
        _add.Dispose();
        _find.Dispose();
        _count.Dispose();
    }
}
