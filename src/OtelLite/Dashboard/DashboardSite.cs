using System.Diagnostics;
using System.Text.Json;
using OtelLite.Access;

namespace OtelLite.Dashboard;

/// <summary>
/// Everything that is no export: the page, its files and the API, behind the token. A browser brings it in a cookie that only this
/// server reads and that no other site's request carries.
/// </summary>
internal sealed class DashboardSite(Gate gate, Api api, WebAssets assets, KnownHosts hosts, Func<Task> settled, string version)
{
    private const string FilesPath = "/web/";

    private static readonly TimeSpan CookieKept = TimeSpan.FromDays(400);

    private readonly AnswerTurns _turns = new();

    /// <summary>Whether a request brings a token that is good, in whichever way.</summary>
    public bool IsKnown(HttpRequest request) => (gate.ByHeader(request) ?? gate.Of(request.Cookies[CookieName(request)])) is not null;

    public Task Serve(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        ApiEndpoint[] endpoints = [.. api.Endpoints.Where(e => e.Is(path))];
        if (endpoints is [{ Open: true }, ..])
        {
            return ServeApi(context, endpoints);
        }

        // Who has the token in its own hand is no browser that was led here.
        HttpRequest request = context.Request;
        Caller? bearer = gate.ByHeader(request);
        if (bearer is null && !hosts.Has(context.Request.Host.Host))
        {
            return Answers.WriteProblem(
                context, StatusCodes.Status421MisdirectedRequest, $"this is not reached as {context.Request.Host.Host}: use localhost or an address, or name it with --hosts");
        }

        string? kept = request.Cookies[CookieName(request)];
        Caller? caller = bearer ?? gate.Of(kept);
        string? tried = Token.BearerIn(request) ?? kept;
        if (path == "/")
        {
            return ServePage(context, caller, tried);
        }

        if (caller is null && gate.IsTooMany(context, tried))
        {
            return TooMany(context);
        }

        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Answers.WriteProblem(context, StatusCodes.Status401Unauthorized, "the token is missing or wrong: send 'Authorization: Bearer TOKEN'");
        }

        if (bearer is null && (IsFromAnotherSite(request) || IsReadElsewhere(request)))
        {
            return Answers.WriteProblem(context, StatusCodes.Status403Forbidden, "this was sent by a page of another origin");
        }

        if (Refusal(request, caller) is { } refusal)
        {
            return Answers.WriteProblem(context, StatusCodes.Status403Forbidden, refusal);
        }

        context.Features.Set(caller);
        return path == "/openapi.json" ? ServeOpenApi(context)
            : path.StartsWith(FilesPath, StringComparison.Ordinal) && assets.Has(path[FilesPath.Length..]) ? Get(context, () => assets.ServeFile(context, path[FilesPath.Length..]))
            : endpoints.Length > 0 ? ServeApi(context, endpoints)
            : Answers.WriteProblem(context, StatusCodes.Status404NotFound, $"there is nothing at {path}; /openapi.json lists what there is");
    }

    /// <summary>How long a request has waited for the disk before it is served: what it has stored waits no longer than the rest.</summary>
    public static TimeSpan Waited(HttpContext context) => context.Features.Get<Stopwatch>()?.Elapsed ?? TimeSpan.Zero;

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
            var waited = Stopwatch.StartNew();
            await settled().ConfigureAwait(false);
            waited.Stop();
            context.Features.Set(waited);
        }

        // A stream makes its answers one after the other, and what is posted waits for the disk.
        using AnswerTurn? turn = endpoint is { Open: false, Method: "GET", Answer: not null } ? await _turns.Begin(context.RequestAborted).ConfigureAwait(false) : null;
        context.Features.Set(turn);
        await endpoint.Serve(context).ConfigureAwait(false);
    }

    // Why a token that is good is not for this; null: it is.
    private static string? Refusal(HttpRequest request, Caller caller) =>
        !caller.MayRead ? $"the token {caller.Name} is for sending exports: the page and the API need one that was made with otellite token add NAME --scope read, or all"
        : !caller.MayChange && !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) ? $"the token {caller.Name} is for reading, and this would change something"
        : null;

    private static Task TooMany(HttpContext context)
    {
        Gate.AskToWait(context.Response);
        return Answers.WriteProblem(context, StatusCodes.Status429TooManyRequests, "the token is wrong, and so were many from this address; the right one is taken at once");
    }

    // A token in the address goes before the cookie of one that was taken back, which a browser sends along.
    private Task ServePage(HttpContext context, Caller? caller, string? tried) => Get(context, () =>
    {
        string? given = context.Request.Query["token"] is [{ } first] ? first.Trim() : null;
        Caller? asks = given is null ? caller : gate.Of(given);
        return asks is null ? gate.IsTooMany(context, given ?? tried) ? TooMany(context) : assets.ServeSignIn(context)
            : Refusal(context.Request, asks) is { } refusal ? Answers.WriteProblem(context, StatusCodes.Status403Forbidden, refusal)
            : given is null ? assets.ServePage(context) : SignIn(context, asks);
    });

    // The token leaves the address at once, so that it stays in no history and no bookmark.
    private static Task SignIn(HttpContext context, Caller caller)
    {
        context.Response.Cookies.Append(CookieName(context.Request), caller.Token, new CookieOptions
        {
            HttpOnly = true,
            Secure = context.Request.IsHttps,
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

    // Browsers keep one set of cookies for all ports of a host; the name keeps two OtelLites on one machine apart.
    private static string CookieName(HttpRequest request) => $"otellite_{request.Host.Port ?? (request.IsHttps ? 443 : 80)}";

    // What a page of another site or port lets a browser fetch comes with its cookie, to the same host; it says so by itself. An event stream would be a connection more.
    private static bool IsReadElsewhere(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"] is ["cross-site" or "same-site"] && request.Headers["Sec-Fetch-Mode"] is not ["navigate"];

    // To a browser, pages on other ports of localhost are the same site, and their requests carry the cookie. Their origin differs. A browser tells it with all that changes something, and with
    // what a script of another origin reads. Only its host and port are compared: behind a TLS proxy the page is https and this request is not.
    private static bool IsFromAnotherSite(HttpRequest request) =>
        request.Headers.Origin is [{ } origin] && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && page.Authority == request.Host.Value);
}
