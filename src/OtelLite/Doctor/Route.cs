using OtelLite.ClaudeSettings;

namespace OtelLite.Doctor;

/// <summary>How the client would send one signal.</summary>
internal sealed class Route
{
    public const string Grpc = "grpc";
    public const string HttpJson = "http/json";
    public const string HttpProtobuf = "http/protobuf";

    /// <summary>metrics, logs or traces.</summary>
    public required string Signal { get; init; }

    public required bool IsOn { get; init; }

    public required string Protocol { get; init; }

    public required Endpoint Endpoint { get; init; }

    /// <summary>The whole address; null where it sends into nothing.</summary>
    public required Uri? Url { get; init; }

    /// <summary>As they are sent, in order.</summary>
    public required IReadOnlyList<(string Name, string Value)> Headers { get; init; }

    public bool IsGrpc => Protocol == Grpc;

    public bool IsKnownProtocol => Protocol is Grpc or HttpJson or HttpProtobuf;

    /// <summary>The token that it sends; null where it sends none.</summary>
    public string? Bearer => BearerOf(Headers);

    public static string? BearerOf(IReadOnlyList<(string Name, string Value)> headers)
    {
        const string scheme = "Bearer";
        string? bearer = null;
        foreach ((string name, string value) in headers)
        {
            if (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
            {
                bearer = value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? value[scheme.Length..].Replace("%20", " ", StringComparison.Ordinal).Trim() : null;
            }
        }

        return bearer;
    }

    public static Route Of(string signal, Origins origins)
    {
        Found Own(string what) => origins.Look(Variable(signal, what));
        string protocol = Own("PROTOCOL").Value ?? origins.Look(ExportVariables.Protocol).Value ?? HttpProtobuf;
        bool isGrpc = protocol == Grpc;
        // A signal's own endpoint is used as it stands, the one for all as a base.
        string? own = Own("ENDPOINT").Value;
        var endpoint = Endpoint.Read(own ?? origins.Look(ExportVariables.Endpoint).Value, isGrpc);
        bool isBase = own is null || endpoint.Kind is EndpointKind.Missing or EndpointKind.Unreadable;
        Uri? url = endpoint.Url is { } at && isBase && !isGrpc ? new Uri($"{at.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v1/{signal}") : endpoint.Url;
        bool isOn = origins.Look(ExportVariables.Exporter(signal)).Value is { } exporters && exporters.Split(',').Any(e => e.Trim() == "otlp")
            && (signal != "traces" || origins.Look(ExportVariables.Traces).Value is "1" or "true");
        return new Route
        {
            Signal = signal,
            IsOn = isOn,
            Protocol = protocol,
            Endpoint = endpoint,
            Url = url,
            Headers = HeadersOf($"{origins.Look(ExportVariables.Headers).Value},{Own("HEADERS").Value}"),
        };
    }

    /// <summary>The variable that holds for one signal alone.</summary>
    public static string Variable(string signal, string what) => $"OTEL_EXPORTER_OTLP_{signal.ToUpperInvariant()}_{what}";

    /// <summary>The name in Name=Value; null where that is not what it is. With a colon for the equals sign a token may hold the first of those.</summary>
    public static string? NameOf(string header)
    {
        int end = header.IndexOf('=', StringComparison.Ordinal);
        string name = end > 0 ? header[..end].Trim() : "";
        return name.Length > 0 && !name.Contains(':', StringComparison.Ordinal) && !name.AsSpan().ContainsAnyExceptInRange('!', '~') ? name : null;
    }

    /// <summary>Name=Value, several with commas; what has no = is left out without a word.</summary>
    public static IReadOnlyList<(string Name, string Value)> HeadersOf(string text)
    {
        List<(string Name, string Value)> headers = [];
        foreach (string header in text.Split(','))
        {
            if (NameOf(header) is { } name && !header.AsSpan().ContainsAnyInRange('\0', '\u001f'))
            {
                headers.Add((name, header[(header.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim()));
            }
        }

        return headers;
    }
}
