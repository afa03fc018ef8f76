using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OtelLite;

/// <summary>
/// What a running OtelLite answers one request. A command asks once and ends: a socket and some lines are enough, and start in no time. HTTP/1.0, so that the
/// answer ends where the connection does.
/// </summary>
internal readonly record struct ServerAnswer(int Status, string Body)
{
    /// <summary>Asks; null when nothing answers there in time, or not in HTTP.</summary>
    /// <param name="token">Sent as the bearer; null for what is open to all.</param>
    public static ServerAnswer? Get(ListenUrl url, string path, string? token)
    {
        foreach (IPAddress address in url.Addresses)
        {
            using var pending = PendingAnswer.To(Reachable(address), url.Port, Request("GET", url, path, token, []), Limits.AnswerTimeout);
            if (pending?.Wait(Limits.AnswerTimeout) is { } answer)
            {
                return answer;
            }
        }

        return null;
    }

    /// <summary>Hands over JSON; null when nobody takes it. It is to be waited for: a server drops the request of whoever goes before the answer.</summary>
    /// <inheritdoc cref="Get"/>
    public static PendingAnswer? Post(ListenUrl url, string path, string? token, byte[] json) =>
        url.Addresses.Select(a => PendingAnswer.To(Reachable(a), url.Port, Request("POST", url, path, token, json), Limits.HandoverTimeout)).FirstOrDefault(p => p is not null);

    /// <summary>True when something takes connections there.</summary>
    public static bool IsOpen(IPAddress address, int port)
    {
        using Socket? socket = PendingAnswer.SocketFor(Reachable(address).AddressFamily);
        try
        {
            return socket?.ConnectAsync(Reachable(address), port).Wait(Limits.AnswerTimeout) == true;
        }
        catch (AggregateException)
        {
            return false;
        }
    }

    /// <summary>Who listens on every address of the machine is reached on its own.</summary>
    public static IPAddress Reachable(IPAddress address) =>
        address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;

    private static byte[] Request(string method, ListenUrl url, string path, string? token, byte[] json)
    {
        string bearer = token is null ? "" : $"Authorization: Bearer {token}\r\n";
        string body = json.Length == 0 ? "" : $"Content-Type: application/json\r\nContent-Length: {json.Length}\r\n";
        return [.. Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.0\r\nHost: {url.Host}:{url.Port}\r\n{bearer}{body}\r\n"), .. json];
    }

    /// <summary>An answer as it came over the wire; null for what is none.</summary>
    public static ServerAnswer? Parse(string text)
    {
        int body = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return body > 0 && text.StartsWith("HTTP/1.", StringComparison.Ordinal) && text.Split(' ', 3) is [_, var code, _]
            && int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int status)
            ? new ServerAnswer(status, text[(body + 4)..])
            : null;
    }
}
