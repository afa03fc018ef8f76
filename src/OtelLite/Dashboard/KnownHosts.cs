using System.Net;

namespace OtelLite.Dashboard;

/// <summary>
/// The names under which this server is reached. A page elsewhere may lead its own name to this machine's address (DNS rebinding) and would then be, to a
/// browser, one with this server. Such a name is in <c>Host</c>, and none of these.
/// </summary>
/// <param name="named">Those that settings name, of addresses to listen on or of a proxy before it.</param>
internal sealed class KnownHosts(IEnumerable<string> named)
{
    private readonly HashSet<string> _named = new(named.Append(Environment.MachineName), StringComparer.OrdinalIgnoreCase);

    /// <param name="host">Without a port; in brackets, where it is an IPv6 address.</param>
    public bool Has(string host)
    {
        host = host.TrimEnd('.');
        return host.Length == 0 || IPAddress.TryParse(host.Trim('[', ']'), out _) // no name can be rebound that is none
            || IsBelow(host, "localhost") || _named.Contains(host)
            || IsOwn(host);
    }

    // The machine's own name in whatever domain it is in: nobody else's page has that.
    private static bool IsOwn(string host) => host.StartsWith($"{Environment.MachineName}.", StringComparison.OrdinalIgnoreCase)
        && (IsBelow(host, "local") || IsBelow(host, "lan") || IsBelow(host, "internal") || IsBelow(host, "home.arpa"));

    private static bool IsBelow(string host, string domain) =>
        host.Equals(domain, StringComparison.OrdinalIgnoreCase) || host.EndsWith($".{domain}", StringComparison.OrdinalIgnoreCase);
}
