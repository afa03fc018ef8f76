using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Dashboard;

namespace OtelLite.Tests.Dashboard;

/// <summary>Who gets in, with what, and what every answer carries; by a client that follows no redirect and keeps no cookie by itself.</summary>
public sealed class SiteTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    private string Cookie => $"otellite_{new Uri(shared.Server.Url).Port}={RunningServer.TestToken}";

    private async Task<HttpResponseMessage> Ask(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, shared.Server.Url + path);
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Client.SendAsync(request);
    }

    private static (string Name, string Value) Bearer => ("Authorization", $"Bearer {RunningServer.TestToken}");

    [Theory]
    [InlineData("/api/summary")]
    [InlineData("/api/scrapes")]
    [InlineData("/api/live")]
    [InlineData("/api/setup")]
    [InlineData("/openapi.json")]
    [InlineData("/web/uPlot.iife.min.js")]
    [InlineData("/nosuch")]
    public async Task Without_the_token_there_is_only_a_problem_that_says_what_to_send(string path)
    {
        foreach ((string, string)[] headers in ((string, string)[][])[[], [("Authorization", "Bearer wrong")], [("Cookie", Cookie + "x")]])
        {
            using HttpResponseMessage answer = await Ask(HttpMethod.Get, path, headers);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
            JsonNode problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            Assert.Equal(401, (int)problem["status"]!);
            Assert.Contains("Bearer TOKEN", (string)problem["detail"]!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("evil.example", 421)]
    [InlineData("127.0.0.1.evil.example", 421)]
    [InlineData("localhost.evil.example", 421)]
    [InlineData("localhost", 200)]
    [InlineData("otel.localhost", 200)]
    [InlineData("192.168.1.7", 200)]
    [InlineData("[::1]", 200)]
    public async Task A_name_that_was_led_here_is_not_answered_unless_the_token_is_in_the_request_s_own_hand(string host, int status)
    {
        string cookie = Cookie.Split('_')[0] + "_" + new Uri(shared.Server.Url).Port + "=" + RunningServer.TestToken;
        (string, string) named = ("Host", $"{host}:{new Uri(shared.Server.Url).Port}");
        using HttpResponseMessage page = await Ask(HttpMethod.Get, "/", named, ("Cookie", cookie));
        Assert.Equal(status, (int)page.StatusCode);
        using HttpResponseMessage figures = await Ask(HttpMethod.Get, "/api/summary", named, ("Cookie", cookie));
        Assert.Equal(status, (int)figures.StatusCode);
        using HttpResponseMessage signIn = await Ask(HttpMethod.Get, $"/?token={RunningServer.TestToken}", named);
        Assert.Equal(status == 200 ? 302 : status, (int)signIn.StatusCode);
        using HttpResponseMessage own = await Ask(HttpMethod.Get, "/api/summary", named, Bearer);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        using HttpResponseMessage health = await Ask(HttpMethod.Get, "/healthz", named);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task Names_that_settings_tell_and_the_machine_s_own_are_known()
    {
        await using RunningServer server = await RunningServer.Start(null, "--hosts", "usage.example.com;other.example");
        foreach ((string host, int status) in ((string, int)[])[("usage.example.com", 401), ("OTHER.example.", 401), (Environment.MachineName, 401), ("third.example", 421)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Url + "/");
            request.Headers.Host = host;
            using HttpResponseMessage answer = await Client.SendAsync(request);
            Assert.Equal(status, (int)answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("/api/live")]
    [InlineData("/api/summary")]
    [InlineData("/web/style.css")]
    public async Task What_another_page_lets_a_browser_fetch_is_refused_and_a_link_from_there_is_not(string path)
    {
        foreach (string site in (string[])["cross-site", "same-site"])
        {
            using HttpResponseMessage fetched = await Ask(HttpMethod.Get, path, ("Cookie", Cookie), ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "cors"));
            Assert.Equal(HttpStatusCode.Forbidden, fetched.StatusCode);
            using HttpResponseMessage scripted = await Ask(HttpMethod.Get, path, ("Cookie", Cookie), ("Origin", "http://localhost:1"));
            Assert.Equal(HttpStatusCode.Forbidden, scripted.StatusCode);
            using HttpResponseMessage visited = await Ask(HttpMethod.Get, "/", ("Cookie", Cookie), ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate"));
            Assert.Equal(HttpStatusCode.OK, visited.StatusCode);
        }
    }

    [Fact]
    public async Task The_one_script_in_the_page_is_the_one_that_its_policy_names()
    {
        using HttpResponseMessage answer = await Ask(HttpMethod.Get, "/", Bearer);
        string page = await answer.Content.ReadAsStringAsync();
        string script = Assert.Single(System.Text.RegularExpressions.Regex.Matches(page, "<script>(.*?)</script>", System.Text.RegularExpressions.RegexOptions.Singleline)).Groups[1].Value;
        string hash = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(script)));
        Assert.Equal(WebAssets.InlineScriptHash, hash);
        Assert.Contains($"script-src 'self' 'sha256-{hash}'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/?token=wrong")]
    [InlineData("/?token=")]
    [InlineData("/?token=test-token&token=test-token")]
    public async Task The_page_without_the_token_is_a_401_that_asks_for_it(string path)
    {
        using HttpResponseMessage answer = await Ask(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains("name=\"token\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task A_wrong_token_in_the_address_is_refused_even_with_the_cookie()
    {
        using HttpResponseMessage answer = await Ask(HttpMethod.Get, "/?token=wrong", ("Cookie", Cookie));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task The_token_in_the_address_becomes_a_cookie_that_scripts_and_other_sites_never_see()
    {
        using HttpResponseMessage answer = await Ask(HttpMethod.Get, $"/?token={RunningServer.TestToken}");
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.Equal("/", answer.Headers.Location!.ToString());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
        string cookie = answer.Headers.GetValues("Set-Cookie").Single();
        Assert.StartsWith(Cookie + ";", cookie, StringComparison.Ordinal);
        Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; path=/", cookie, StringComparison.OrdinalIgnoreCase);

        using HttpResponseMessage summary = await Ask(HttpMethod.Get, "/api/summary", ("Cookie", cookie.Split(';')[0]));
        Assert.Equal(HttpStatusCode.OK, summary.StatusCode);
    }

    [Fact]
    public async Task Every_valid_token_gets_in_by_the_address_the_program_prints_and_by_the_cookie()
    {
        await using RunningServer server = await RunningServer.Start(null, "--token", "a-._~+/=Z+==");
        using HttpResponseMessage signIn = await Client.GetAsync(new Uri(server.SignInUrl));
        Assert.Equal(HttpStatusCode.Found, signIn.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url + "/api/summary");
        request.Headers.TryAddWithoutValidation("Cookie", signIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        using HttpResponseMessage summary = await Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, summary.StatusCode);
    }

    [Fact]
    public async Task A_page_of_another_origin_changes_nothing_with_the_cookie()
    {
        foreach (string origin in (string[])["http://localhost:1", "https://evil.example", "null"])
        {
            using HttpResponseMessage refused = await Ask(HttpMethod.Post, "/api/scrapes", ("Cookie", Cookie), ("Origin", origin));
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
        }

        Assert.Equal(0L, shared.Server.Sql("SELECT count(*) FROM scrape WHERE source IS NULL"));
        foreach ((string, string)[] own in ((string, string)[][])[[("Cookie", Cookie), ("Origin", shared.Server.Url)], [("Cookie", Cookie), ("Origin", shared.Server.Url.Replace("http:", "https:", StringComparison.Ordinal))], [("Cookie", Cookie)], [Bearer, ("Origin", "null")]])
        {
            using HttpResponseMessage taken = await Ask(HttpMethod.Post, "/api/scrapes", own);
            Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
        }
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    public async Task The_health_checks_are_open_and_name_the_version(string path)
    {
        using HttpResponseMessage answer = await Ask(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        JsonNode health = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal("ok", (string)health["status"]!);
        Assert.Equal(App.Version, (string)health["version"]!);
    }

    [Theory]
    [InlineData("/nosuch")]
    [InlineData("/api")]
    [InlineData("/api/nosuch")]
    [InlineData("/api/summary/")]
    [InlineData("/web/")]
    [InlineData("/web/nosuch.js")]
    [InlineData("/web/../web/sign-in.html/..")]
    [InlineData("/web/%2e%2e/%2e%2e/OtelLite.csproj")]
    [InlineData("/web//etc/passwd")]
    public async Task What_there_is_not_is_404_and_says_where_the_list_is(string path)
    {
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        await connection.Send(RawConnection.Head("GET", path, $"Authorization: Bearer {RunningServer.TestToken}"));
        RawAnswer answer = await connection.Read();
        Assert.Equal(404, answer.Status);
        Assert.Equal("application/problem+json", answer.Header("Content-Type"));
        Assert.Contains("/openapi.json", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/api/summary", "GET")]
    [InlineData("DELETE", "/api/scrapes", "GET, POST")]
    [InlineData("PUT", "/", "GET")]
    [InlineData("POST", "/openapi.json", "GET")]
    [InlineData("POST", "/healthz", "GET")]
    public async Task Another_method_is_405_and_says_which_is_allowed(string method, string path, string allow)
    {
        using HttpResponseMessage answer = await Ask(new HttpMethod(method), path, Bearer);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(allow, string.Join(", ", answer.Content.Headers.Allow));
    }

    [Theory]
    [InlineData("/api/summary")]
    [InlineData("/openapi.json")]
    [InlineData("/web/uPlot.min.css")]
    [InlineData("/api/live")]
    public async Task Head_is_answered_as_get_without_a_body_and_the_connection_goes_on(string path)
    {
        using RawConnection connection = await RawConnection.Open(shared.Server.Url);
        await connection.Send(RawConnection.Head("HEAD", path, $"Authorization: Bearer {RunningServer.TestToken}"));
        Assert.Equal(200, (await connection.Read(toHead: true)).Status);
        await connection.Send(RawConnection.Head("GET", "/healthz"));
        Assert.Equal("ok", (string)(await connection.Read()).Json["status"]!);
    }

    [Fact]
    public async Task A_file_is_sent_compressed_as_it_was_built_or_plain_and_is_not_sent_again()
    {
        const string path = "/web/uPlot.iife.min.js";
        using HttpResponseMessage gzip = await Ask(HttpMethod.Get, path, Bearer, ("Accept-Encoding", "br, gzip"));
        Assert.Equal("gzip", gzip.Content.Headers.ContentEncoding.Single());
        Assert.Equal("text/javascript", gzip.Content.Headers.ContentType!.MediaType);
        Assert.Equal("Accept-Encoding", gzip.Headers.Vary.Single());
        using var inflated = new MemoryStream();
        await using (var inflater = new GZipStream(await gzip.Content.ReadAsStreamAsync(), CompressionMode.Decompress))
        {
            await inflater.CopyToAsync(inflated);
        }

        using HttpResponseMessage plain = await Ask(HttpMethod.Get, path, Bearer);
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.Equal(Encoding.UTF8.GetString(inflated.ToArray()), await plain.Content.ReadAsStringAsync());

        EntityTagHeaderValue tag = gzip.Headers.ETag!;
        Assert.Equal(tag, plain.Headers.ETag);
        using HttpResponseMessage again = await Ask(HttpMethod.Get, path, Bearer, ("If-None-Match", tag.ToString()));
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync());
        using HttpResponseMessage changed = await Ask(HttpMethod.Get, path, Bearer, ("If-None-Match", "\"another\""));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
    }

    [Fact]
    public async Task The_pages_files_may_load_from_here_only()
    {
        using HttpResponseMessage answer = await Ask(HttpMethod.Get, "/web/uPlot.min.css", Bearer);
        string policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
    }

    [Fact]
    public async Task Figures_are_kept_by_nobody_on_the_way()
    {
        using HttpResponseMessage answer = await Ask(HttpMethod.Get, "/api/summary", Bearer);
        Assert.True(answer.Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task The_server_does_not_say_what_it_is_made_with()
    {
        using HttpResponseMessage answer = await Ask(HttpMethod.Get, "/healthz");
        Assert.False(answer.Headers.Contains("Server"));
    }
}
