using System.Net;
using System.Net.Sockets;
using OtelLite.ClaudeSettings;
using OtelLite.Status;

namespace OtelLite.Doctor;

/// <summary>The endpoint is a URL, and the one of this OtelLite, for the protocol that is spoken there.</summary>
internal static class EndpointLink
{
    public static Link Of(Scene scene)
    {
        Found found = scene.Origins.Look(ExportVariables.Endpoint);
        bool isGrpc = scene.Origins.Look(ExportVariables.Protocol).Value == Route.Grpc;
        var endpoint = Endpoint.Read(found.Value, isGrpc);
        Remedy remedy = scene.SetEndpoint(isGrpc);
        if (found.Value is null && scene.IsUnread)
        {
            return new Link("endpoint", [Finding.Unknown("the endpoint stands in settings that are not read")]);
        }

        string named = found.Is;
        return new Link("endpoint", endpoint.Kind switch
        {
            EndpointKind.NoScheme => [Finding.Broken($"{named}: without http:// in front, Claude Code tries port 443 instead, and nothing arrives", remedy)],
            EndpointKind.Tls when scene.Options.TlsCert is not null && IsReached(scene, endpoint, isGrpc) =>
                [Finding.Unknown($"{named}, which is this OtelLite; whether Claude Code trusts its certificate (NODE_EXTRA_CA_CERTS) is not tried from here")],
            EndpointKind.Tls when endpoint.IsThisMachine && scene.Options.TlsCert is null => [Finding.Broken($"{named}: OtelLite speaks http, without TLS", remedy)],
            EndpointKind.Tls => [Finding.Unknown($"{named}: what is behind that TLS is not tried from here")],
            EndpointKind.Unreadable when IsReached(scene, endpoint, isGrpc) => [Finding.Odd($"{named}, which is no URL: Claude Code takes {endpoint.Url!.GetLeftPart(UriPartial.Authority)} instead, by luck the right one", remedy)],
            EndpointKind.Unreadable => [Finding.Broken($"{named}, which is no URL: Claude Code takes {endpoint.Url!.GetLeftPart(UriPartial.Authority)} instead", remedy)],
            EndpointKind.Missing => [.. Place(scene, endpoint, isGrpc, $"{found.Name} is not set, which means {endpoint.Url!.GetLeftPart(UriPartial.Authority)}", remedy)],
            _ => [.. Place(scene, endpoint, isGrpc, named, remedy)],
        });
    }

    private static bool IsReached(Scene scene, Endpoint endpoint, bool isGrpc) => endpoint.Url is { } url && scene.Server.IsAt(url, isGrpc);

    private static IEnumerable<Finding> Place(Scene scene, Endpoint endpoint, bool isGrpc, string named, Remedy remedy)
    {
        Uri url = endpoint.Url!;
        ServerSeen server = scene.Server;
        if (!server.IsRunning)
        {
            yield return Finding.Ok($"{named}; whether that is right shows when OtelLite runs");
        }
        else if (server.IsAt(url, isGrpc))
        {
            yield return Finding.Ok($"{named}, which is this OtelLite");
        }
        else if (server.IsAt(url, !isGrpc))
        {
            yield return isGrpc
                ? Finding.Broken($"{named}: port {url.Port} takes OTLP over HTTP, and Claude Code speaks grpc", remedy)
                : Finding.Broken($"{named}: port {url.Port} takes OTLP over gRPC, and Claude Code speaks HTTP", remedy);
        }
        else if (endpoint.IsThisMachine)
        {
            yield return Finding.Broken(
                isGrpc && server.GrpcPort is null ? $"{named}: OtelLite takes no gRPC, its port for it is off or another program's"
                : $"{named}: the wrong port, OtelLite is not there but on {scene.Reached(isGrpc)}",
                isGrpc && server.GrpcPort is null ? scene.Set(scene.Origins.Look(ExportVariables.Protocol), Route.HttpJson) : remedy);
        }
        else
        {
            yield return Finding.Unknown($"{named}, an address of another machine or network; whether OtelLite is behind it shows by the test export");
        }

        if (!isGrpc && url.AbsolutePath.Contains("/v1/", StringComparison.Ordinal))
        {
            yield return Finding.Odd(
                $"Claude Code adds /v1/metrics and /v1/logs to it, so exports go to {url.AbsolutePath}/v1/logs; OtelLite takes that as meant, other receivers don't", remedy);
        }

        if (server.IsRunning && !isGrpc && server.IsAt(url, isGrpc) && HalfLocalhost(url) is { } half)
        {
            yield return half;
        }
    }

    // localhost is 127.0.0.1 and ::1, and a client may try only one.
    private static Finding? HalfLocalhost(Uri url)
    {
        if (url.Host != "localhost" || !HasIPv6())
        {
            return null;
        }

        bool Answers(IPAddress address) => StatusLook.Health(new ListenUrl("localhost", [address], url.Port)) is not null;
        bool isOn4 = Answers(IPAddress.Loopback), isOn6 = Answers(IPAddress.IPv6Loopback);
        if (isOn4 == isOn6)
        {
            return null;
        }

        (string here, string there) = isOn4 ? ("127.0.0.1", "[::1]") : ("[::1]", "127.0.0.1");
        bool isTaken = ServerAnswer.IsOpen(isOn4 ? IPAddress.IPv6Loopback : IPAddress.Loopback, url.Port);
        return Finding.Odd(
            $"localhost is 127.0.0.1 and ::1, and OtelLite is only on {here}; on {there} {(isTaken ? "another program answers" : "nothing answers")}",
            new($"Let OtelLite have both (--urls http://localhost:{url.Port}), or name http://{here}:{url.Port} as the endpoint"));
    }

    private static bool HasIPv6()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
