using System.Text.Json;

namespace OtelLite.Dashboard;

/// <summary>
/// Everything that is no export: the page, its files and the API, behind the token. A browser brings it in a cookie that only this
/// server reads and that no other site's request carries.
/// </summary>
internal sealed class DashboardSite(Token token, Api api, WebAssets assets, KnownHosts hosts, Func<Task> settled, string version)
{
    private const string FilesPath = "/web/";

    private static readonly TimeSpan CookieKept = TimeSpan.FromDays(400);

    public Task Serve(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        ApiEndpoint[] endpoints = [.. api.Endpoints.Where(e => e.Is(path))];
        if (endpoints is [{ Open: true }, ..])
        {
            return ServeApi(context, endpoints);
        }

        // Who has the token in its own hand is no browser that was led here.
        if (!token.IsBearer(context.Request) && !hosts.Has(context.Request.Host.Host))
        {
            return Answers.WriteProblem(
                context, StatusCodes.Status421MisdirectedRequest, $"this is not reached as {context.Request.Host.Host}: use localhost or an address, or name it with --hosts");
        }

        if (path == "/")
        {
            return ServePage(context);
        }

        if (!IsAuthorized(context.Request))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Answers.WriteProblem(context, StatusCodes.Status401Unauthorized, "the token is missing or wrong: send 'Authorization: Bearer TOKEN'");
        }

        if (IsFromAnotherSite(context.Request) || IsReadElsewhere(context.Request))
        {
            return Answers.WriteProblem(context, StatusCodes.Status403Forbidden, "this was sent by a page of another origin");
        }

        return path == "/openapi.json" ? ServeOpenApi(context)
            : path.StartsWith(FilesPath, StringComparison.Ordinal) && assets.Has(path[FilesPath.Length..]) ? Get(context, () => assets.ServeFile(context, path[FilesPath.Length..]))
            : endpoints.Length > 0 ? ServeApi(context, endpoints)
            : Answers.WriteProblem(context, StatusCodes.Status404NotFound, $"there is nothing at {path}; /openapi.json lists what there is");
    }

    private async Task ServeApi(HttpContext context, ApiEndpoint[] endpoints)
    {
        string method = HttpMethods.IsHead(context.Request.Method) ? HttpMethods.Get : context.Request.Method;
        if (endpoints.FirstOrDefault(e => e.Method == method) is not { } endpoint)
        {
            await NotAllowed(context, [.. endpoints.Select(e => e.Method)]).ConfigureAwait(false);
            return;
        }

        if (!endpoint.Open)
        {
            // Whoever was told that something is stored finds it in the figures.
            await settled().ConfigureAwait(false);
        }

        await endpoint.Serve(context).ConfigureAwait(false);
    }

    private Task ServePage(HttpContext context) => Get(context, () =>
    {
        HttpRequest request = context.Request;
        if (request.Query["token"] is [{ } given])
        {
            return token.Is(given.Trim()) ? SignIn(context) : assets.ServeSignIn(context);
        }

        return IsAuthorized(request) ? assets.ServePage(context) : assets.ServeSignIn(context);
    });

    // The token leaves the address at once, so that it stays in no history and no bookmark.
    private Task SignIn(HttpContext context)
    {
        context.Response.Cookies.Append(CookieName(context.Request), token.Value, new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Path = "/",
            MaxAge = CookieKept,
        });
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Redirect("/");
        return Task.CompletedTask;
    }

    private Task ServeOpenApi(HttpContext context) => Get(context, () =>
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(OpenApi.Describe(api.Endpoints, version), ApiJson.Default.JsonObject);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body).AsTask();
    });

    private static Task Get(HttpContext context, Func<Task> serve) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) ? serve() : NotAllowed(context, [HttpMethods.Get]);

    private static Task NotAllowed(HttpContext context, string[] methods)
    {
        context.Response.Headers.Allow = string.Join(", ", methods);
        return Answers.WriteProblem(context, StatusCodes.Status405MethodNotAllowed, $"this is asked with {string.Join(" or ", methods)}");
    }

    private bool IsAuthorized(HttpRequest request) =>
        token.IsBearer(request) || token.Is(request.Cookies[CookieName(request)]);

    // Browsers keep one set of cookies for all ports of a host; the name keeps two OtelLites on one machine apart.
    private static string CookieName(HttpRequest request) => $"otellite_{request.Host.Port ?? 80}";

    // To a browser, pages on other ports of localhost are the same site, and their requests carry the cookie. Their origin differs.
    // Only its host and port are compared: behind a TLS proxy the page is https and this request is not.
    // What a page of another site or port lets a browser fetch comes with its cookie, to the same host; it says so by itself. An event stream would be a connection more.
    private bool IsReadElsewhere(HttpRequest request) =>
        !token.IsBearer(request) && request.Headers["Sec-Fetch-Site"] is ["cross-site" or "same-site"] && request.Headers["Sec-Fetch-Mode"] is not ["navigate"];

    private bool IsFromAnotherSite(HttpRequest request) =>
        !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !token.IsBearer(request)
        && request.Headers.Origin is [{ } origin] && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && page.Authority == request.Host.Value);
}
