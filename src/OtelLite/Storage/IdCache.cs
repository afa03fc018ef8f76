using System.IO.Hashing;

namespace OtelLite.Storage;

/// <summary>
/// Which row a text has, remembered by its hash. It holds only what is committed or in the open transaction: after a
/// rollback it must be cleared.
/// </summary>
internal sealed class IdCache
{
    private readonly Dictionary<UInt128, long> _ids = [];

    public static UInt128 Hash(ReadOnlySpan<byte> text) => XxHash128.HashToUInt128(text);

    public bool TryGet(UInt128 hash, out long id) => _ids.TryGetValue(hash, out id);

    public long Add(UInt128 hash, long id)
    {
        // Forgetting all costs one look-up each; keeping an order of use would cost on every hit.
        if (_ids.Count >= Limits.IdCacheMax)
        {
            _ids.Clear();
        }

        _ids[hash] = id;
        return id;
    }

    public void Clear() => _ids.Clear();
}
