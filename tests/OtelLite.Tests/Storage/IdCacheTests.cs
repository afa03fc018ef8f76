using System.Text;
using OtelLite.Storage;

namespace OtelLite.Tests.Storage;

public sealed class IdCacheTests
{
    [Fact]
    public void One_id_past_the_limit_forgets_the_others_and_knows_itself()
    {
        var cache = new IdCache();
        for (int i = 0; i < Limits.IdCacheMax; i++)
        {
            cache.Add(HashOf(i), i);
        }

        Assert.True(cache.TryGet(HashOf(0), out long first));
        Assert.Equal(0, first);
        Assert.Equal(-1, cache.Add(HashOf(-1), -1));
        Assert.True(cache.TryGet(HashOf(-1), out long newest));
        Assert.Equal(-1, newest);
        Assert.False(cache.TryGet(HashOf(0), out _));
    }

    private static UInt128 HashOf(int i) => IdCache.Hash(Encoding.UTF8.GetBytes($"{i}"));
}
