using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Access;

/// <summary>Who may come in, and what is kept of them, of the published file.</summary>
public sealed class PublishedAccessTests
{
    private static async Task<HttpResponseMessage> Post(PublishedExe exe, string token, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, exe.Url + "/v1/logs") { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await exe.Http.SendAsync(request);
    }

    private static async Task Until(HttpStatusCode expected, Func<Task<HttpResponseMessage>> ask)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            using HttpResponseMessage answer = await ask();
            if (answer.StatusCode == expected)
            {
                return;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{answer.StatusCode} and not {expected}");
        }
    }

    [PublishedFact]
    public async Task A_token_is_added_beside_it_and_taken_back_and_what_it_brings_has_its_name()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        Ran added = await PublishedExe.Run("token", "add", "laptop", "--scope", "ingest", "--data-dir", exe.DataDir);
        Assert.Equal(0, added.ExitCode);
        string token = added.Output.Trim();
        await Until(HttpStatusCode.OK, () => Post(exe, token, Exports.Request()));
        JsonNode split = await exe.Get("/api/breakdown?figure=apiRequests&by=resource.otellite.token");
        Assert.Equal("laptop", (string)split["groups"]![0]!["name"]!);
        Ran list = await PublishedExe.Run("token", "list", "--json", "--data-dir", exe.DataDir);
        Assert.Equal("ingest", (string)JsonNode.Parse(list.Output)![0]!["scope"]!);
        Assert.DoesNotContain(token, list.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await PublishedExe.Run("token", "revoke", "laptop", "--data-dir", exe.DataDir)).ExitCode);
        await Until(HttpStatusCode.Unauthorized, () => Post(exe, token, Exports.Request(id: "r2")));
    }

    [PublishedFact]
    public async Task It_speaks_tls_where_that_is_asked_for_and_loads_nothing_for_it_where_it_is_not()
    {
        await using (PublishedExe plain = await PublishedExe.Start())
        {
            await plain.Replay(Recorded.Bodies("json", "s02"));
            await PublishedExe.Run("token", "add", "laptop", "--data-dir", plain.DataDir);
            Assert.DoesNotContain("libssl", plain.Libraries() ?? "", StringComparison.Ordinal);
            Assert.DoesNotContain("libcrypto", plain.Libraries() ?? "", StringComparison.Ordinal);
        }

        string folder = Directory.CreateTempSubdirectory("otellite-tls-").FullName;
        string certificate = Path.Combine(folder, "cert.pem"), key = Path.Combine(folder, "key.pem");
        TlsTests.WriteCertificate(certificate, key, "published");
        int port = FreePort.Next();
        await using (PublishedExe exe = await PublishedExe.Start("--tls-cert", certificate, "--tls-key", key, "--urls", $"https://0.0.0.0:{port}"))
        {
            // Where this machine opens it, it needs no certificate.
            Assert.Equal($"http://localhost:{port}", exe.Url);
            using var client = new HttpClient(new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, seen, _, _) => seen!.Subject == "CN=published" } })
            {
                DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", ServerClient.TestToken) },
                DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            string url = $"https://127.0.0.1:{port}";
            foreach (Version version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, url + "/v1/logs") { Version = version, Content = new StringContent(Exports.Request(id: $"r{version.Major}"), Encoding.UTF8, "application/json") };
                using HttpResponseMessage answer = await client.SendAsync(request);
                Assert.Equal((HttpStatusCode.OK, version), (answer.StatusCode, answer.Version));
            }

            Assert.Equal(2L, exe.Sql("SELECT count(*) FROM otel_events"));
            Assert.Contains("libssl", exe.Libraries() ?? "libssl", StringComparison.Ordinal);
        }

        Directory.Delete(folder, recursive: true);
    }

    [PublishedFact]
    public async Task It_listens_beyond_this_machine_without_tls_only_where_that_is_said()
    {
        string folder = Directory.CreateTempSubdirectory("otellite-open-").FullName;
        Ran refused = await PublishedExe.Run("--urls", "http://0.0.0.0:0", "--data-dir", folder);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--tls-cert FILE", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--insecure", refused.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
        Directory.Delete(folder);
        await using PublishedExe open = await PublishedExe.Start("--insecure", "--urls", $"http://0.0.0.0:{FreePort.Next()}");
        using HttpResponseMessage answer = await open.Http.GetAsync(new Uri(open.Url.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal) + "/api/summary"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [PublishedFact]
    public async Task What_is_redacted_is_in_no_file_of_its()
    {
        await using PublishedExe exe = await PublishedExe.Start("--redact", "hash:user.email,hash:session.id,drop:prompt");
        using HttpResponseMessage answer = await exe.Post("/v1/logs", Exports.Prompt(session: "plain-session").Replace(
            "\"attributes\":[", "\"attributes\":[" + """{"key":"user.email","value":{"stringValue":"ada@example.com"}},{"key":"prompt","value":{"stringValue":"plain-prompt"}},""", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Matches("^[0-9a-f]{32}$", (string)exe.Sql("SELECT session_id FROM otel_events")!);
        Assert.Equal(0, await exe.Signal("TERM"));
        foreach (string file in Directory.GetFiles(exe.DataDir))
        {
            string text = await File.ReadAllTextAsync(file, Encoding.Latin1);
            Assert.All((string[])["ada@example.com", "plain-session", "plain-prompt"], secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }
    }
}
