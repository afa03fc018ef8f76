using System.Net;
using System.Net.Sockets;

namespace OtelLite.Access;

/// <summary>
/// How often an address may be wrong about the token: some times at once, as a person who mistypes or a client that was set up wrongly is, and then once in a while. Who
/// has the right one is never asked this. In memory, and of so many addresses only.
/// </summary>
/// <param name="clock">Milliseconds that go on.</param>
internal sealed class WrongTokens(Func<long> clock)
{
    private readonly Lock _lock = new();

    // When an address will have all its tries again; each try moves that further away. Guarded by _lock.
    private readonly Dictionary<IPAddress, long> _restedAt = [];

    private static long PerTry => (long)Limits.WrongTokenInterval.TotalMilliseconds;

    public int Addresses
    {
        get
        {
            lock (_lock)
            {
                return _restedAt.Count;
            }
        }
    }

    /// <summary>Counts one wrong token; true when there were too many from there.</summary>
    public bool IsTooMany(IPAddress? from)
    {
        IPAddress source = SourceOf(from ?? IPAddress.None);
        long now = clock();
        lock (_lock)
        {
            long restedAt = Math.Max(now, _restedAt.TryGetValue(source, out long before) ? before : 0) + PerTry;
            if (restedAt - now > Limits.WrongTokensAtOnce * PerTry)
            {
                return true;
            }

            if (!_restedAt.ContainsKey(source) && _restedAt.Count >= Limits.WrongTokenAddressesMax)
            {
                Forget(now);
            }

            _restedAt[source] = restedAt;
            return false;
        }
    }

    // Those that have rested; if all are at it, the one that is nearest to it.
    private void Forget(long now)
    {
        List<IPAddress> rested = [];
        (IPAddress? nearest, long at) = (null, long.MaxValue);
        foreach ((IPAddress address, long restedAt) in _restedAt)
        {
            if (restedAt <= now)
            {
                rested.Add(address);
            }

            (nearest, at) = restedAt < at ? (address, restedAt) : (nearest, at);
        }

        foreach (IPAddress address in rested.Count > 0 ? rested : [nearest!])
        {
            _restedAt.Remove(address);
        }
    }

    // Who has one address of IPv6 has the 2^64 of its network.
    private static IPAddress SourceOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
