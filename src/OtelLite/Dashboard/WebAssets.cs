using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using System.Reflection;

namespace OtelLite.Dashboard;

/// <summary>
/// The page and its files, from inside the executable: compressed when it was built, sent as they are. In a development build they
/// come from the source folder, so that saving and reloading is enough.
/// </summary>
internal sealed class WebAssets
{
    /// <summary>Of the one script that stands in the page itself, by SHA-256: so it runs, and nothing that somebody else gets into the page.</summary>
    public const string InlineScriptHash = "vMQz6OA25NvLZxeGsxQagU3i62AggaCEF7E8+h2PlE8=";

    // Everything from here, nothing from elsewhere; data: is for small images in the style sheet.
    private const string ContentSecurityPolicy =
        $"default-src 'self'; script-src 'self' 'sha256-{InlineScriptHash}'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    // The one page that is shown without a token can load nothing else, so its style stands inside it; it has no script.
    private const string SignInContentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private const string Prefix = "web/";

    private readonly Dictionary<string, Asset> _assets;
    private readonly string? _sourceFolder = typeof(WebAssets).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(a => a.Key == "WebSourceFolder")?.Value;

    public WebAssets()
    {
        Assembly assembly = typeof(WebAssets).Assembly;
        _assets = assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(n => n[Prefix.Length..], n => Load(assembly, n));
    }

    private sealed record Asset(byte[] Gzip, string ETag);

    public Task ServePage(HttpContext context)
    {
        Secure(context.Response, ContentSecurityPolicy);
        return Serve(context, "index.html", StatusCodes.Status200OK);
    }

    /// <summary>The page that asks for the token, as the 401 that it is.</summary>
    public Task ServeSignIn(HttpContext context)
    {
        Secure(context.Response, SignInContentSecurityPolicy);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Serve(context, "sign-in.html", StatusCodes.Status401Unauthorized);
    }

    /// <summary>False when there is no such file.</summary>
    public bool Has(string name) => _assets.ContainsKey(name);

    public Task ServeFile(HttpContext context, string name)
    {
        Secure(context.Response, ContentSecurityPolicy);
        return Serve(context, name, StatusCodes.Status200OK);
    }

    private async Task Serve(HttpContext context, string name, int status)
    {
        HttpResponse response = context.Response;
        Asset asset = _assets[name];
        response.StatusCode = status;
        response.ContentType = TypeOf(name);
        response.Headers.CacheControl = "no-cache";
        response.Headers.Vary = "Accept-Encoding";
        if (FromSource(name) is { } source)
        {
            await Write(context, source).ConfigureAwait(false);
            return;
        }

        response.Headers.ETag = asset.ETag;
        if (status == StatusCodes.Status200OK && context.Request.Headers.IfNoneMatch.ToString().Contains(asset.ETag, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        if (context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            response.Headers.ContentEncoding = "gzip";
            await Write(context, asset.Gzip).ConfigureAwait(false);
            return;
        }

        using var plain = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(asset.Gzip), CompressionMode.Decompress))
        {
            gzip.CopyTo(plain);
        }

        await Write(context, plain.ToArray()).ConfigureAwait(false);
    }

    private static Task Write(HttpContext context, byte[] body)
    {
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body).AsTask();
    }

    private static void Secure(HttpResponse response, string policy)
    {
        response.Headers.ContentSecurityPolicy = policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
    }

    private byte[]? FromSource(string name)
    {
        string? path = _sourceFolder is null ? null : Path.Combine(_sourceFolder, name);
        return path is not null && File.Exists(path) ? File.ReadAllBytes(path) : null;
    }

    private static Asset Load(Assembly assembly, string resource)
    {
        using Stream stream = assembly.GetManifestResourceStream(resource)!;
        byte[] gzip = new byte[stream.Length];
        stream.ReadExactly(gzip);
        return new Asset(gzip, string.Create(CultureInfo.InvariantCulture, $"\"{XxHash64.HashToUInt64(gzip):x16}\""));
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
