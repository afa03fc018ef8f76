using System.Globalization;
using System.Net;
using System.Text.Json;
using OtelLite.Status;

namespace OtelLite.Doctor;

/// <summary>The OtelLite that was found, or not.</summary>
/// <param name="url">Where it was asked.</param>
/// <param name="token">One that it takes; null where none is known.</param>
/// <param name="isElsewhere">It is not where the settings say.</param>
/// <param name="isToldByFolder">Where it is instead, the data folder told; or else it is where the client sends.</param>
internal sealed class ServerSeen(StatusReport report, ListenUrl url, string? token, bool isElsewhere, bool isToldByFolder)
{
    public StatusReport Report => report;

    public ListenUrl Url => url;

    public string? Token => token;

    public bool IsElsewhere => isElsewhere;

    public bool IsToldByFolder => isToldByFolder;

    public bool IsRunning => Report.Server.IsRunning;

    public IReadOnlyList<int> HttpPorts => Report.Server.OtlpHttpPorts;

    public int? GrpcPort => Report.Server.OtlpGrpcPort;

    /// <summary>Looks where the settings say, and where the client sends.</summary>
    public static ServerSeen Look(Options options, IReadOnlyList<Route> routes)
    {
        StatusReport report = StatusLook.At(options);
        // Where it answers, or where it was looked for.
        ListenUrl url = Options.Url(report.Server.Urls[0]);
        bool isToldByFolder = report.Server.IsRunning && !options.Urls.Any(u => (u.Host, u.Port) == (url.Host, url.Port));
        bool isElsewhere = isToldByFolder;
        if (!report.Server.IsRunning && routes.FirstOrDefault(r => !r.IsGrpc && r.Endpoint.IsThisMachine)?.Endpoint.Url is { } at)
        {
            IPAddress[] addresses = IPAddress.TryParse(at.IdnHost, out IPAddress? address) ? [address] : [IPAddress.Loopback, IPAddress.IPv6Loopback];
            var other = new ListenUrl(at.Host, addresses, at.Port);
            StatusReport there = StatusLook.At(options with { Urls = [other] });
            if (there.Server.IsRunning)
            {
                (report, url, isElsewhere) = (there, other, true);
            }
        }

        string? token = null;
        if (report.Server.IsRunning)
        {
            string?[] known = [StatusLook.TokenOf(options), .. routes.Select(r => r.Bearer)];
            token = known.OfType<string>().Distinct().FirstOrDefault(t => Takes(url, t));
        }

        return new ServerSeen(report, url, token, isElsewhere, isToldByFolder);
    }

    /// <summary>Whether this OtelLite is what listens at an address.</summary>
    public bool IsAt(Uri address, bool isGrpc) =>
        (address.IsLoopback || address.Host == url.Host) && (isGrpc ? address.Port == GrpcPort : HttpPorts.Contains(address.Port));

    /// <summary>Whether it knows a token; one that is for sending exports alone may not ask this, and is told so.</summary>
    public bool Takes(string bearer) => StatusOf(url, bearer) is 200 or 403;

    /// <summary>What it says of what arrived and what it refused; null without a token.</summary>
    public JsonElement? Ingest() =>
        Token is not null && ServerAnswer.Get(Url, "/api/ingest", Token) is { Status: 200 } answer ? StatusLook.Parse(answer.Body) : null;

    private static bool Takes(ListenUrl url, string token) => StatusOf(url, token) == 200;

    private static int? StatusOf(ListenUrl url, string token) =>
        token.AsSpan().ContainsAnyExceptInRange('!', '~') ? null : ServerAnswer.Get(url, "/api/ingest", token)?.Status;

    /// <summary>How many exports it has acknowledged since it started.</summary>
    public static long Accepted(JsonElement ingest) =>
        ingest.TryGetProperty("bodies", out JsonElement bodies) && bodies.TryGetProperty("accepted", out JsonElement accepted) && accepted.TryGetInt64(out long count) ? count : 0;

    /// <summary>A time that it tells; null where it tells none.</summary>
    public static DateTimeOffset? Time(JsonElement json, string name) =>
        StatusLook.Text(json, name) is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out DateTimeOffset time) ? time : null;
}
