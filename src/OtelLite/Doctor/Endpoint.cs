namespace OtelLite.Doctor;

/// <summary>What an endpoint's text is to the client.</summary>
internal enum EndpointKind
{
    Missing,
    NoScheme,
    Unreadable,
    Tls,
    Http,
}

/// <summary>Where exports go, as the client reads it.</summary>
/// <param name="url">Where it sends; null where it sends into nothing.</param>
internal sealed class Endpoint(EndpointKind kind, Uri? url)
{
    public EndpointKind Kind => kind;

    public Uri? Url => url;

    public bool IsThisMachine => url is { IsLoopback: true };

    /// <summary>Reads an endpoint's text as Claude Code does (seen with 2.1.330): without one, and for what is no URL, it takes OTLP's default.</summary>
    public static Endpoint Read(string? text, bool isGrpc)
    {
        var standard = new Uri($"http://localhost:{(isGrpc ? 4317 : 4318)}");
        if (text is null)
        {
            return new(EndpointKind.Missing, standard);
        }

        // .NET takes a path for a file's URL; and JavaScript takes "localhost:4318" for a URL of the scheme "localhost".
        bool isUrl = Uri.TryCreate(text.Trim(), UriKind.Absolute, out Uri? read) && !text.TrimStart().StartsWith('/');
        return !isUrl ? new(isGrpc ? EndpointKind.NoScheme : EndpointKind.Unreadable, isGrpc ? null : standard)
            : read!.Scheme == Uri.UriSchemeHttps ? new(EndpointKind.Tls, read)
            : read.Scheme == Uri.UriSchemeHttp && read.Host.Length > 0 ? new(EndpointKind.Http, read)
            : new(EndpointKind.NoScheme, null);
    }
}
