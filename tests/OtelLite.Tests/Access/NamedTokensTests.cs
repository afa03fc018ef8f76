using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using OtelLite.Access;

namespace OtelLite.Tests.Access;

/// <summary>Tokens with a name, beside a server that runs.</summary>
public sealed class NamedTokensTests : IAsyncLifetime
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartWithGrpc();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private async Task<HttpResponseMessage> Ask(string token, HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, _server.Url + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Content = json is null ? null : new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        return await Client.SendAsync(request);
    }

    private async Task<int> Status(string token, HttpMethod method, string path, string? json = null)
    {
        using HttpResponseMessage answer = await Ask(token, method, path, json);
        return (int)answer.StatusCode;
    }

    private Task<int> Export(string token, string json) => Status(token, HttpMethod.Post, json.Contains("resourceLogs", StringComparison.Ordinal) ? "/v1/logs" : "/v1/metrics", json);

    // Within a second, as is promised, and the rest for a machine that is busy.
    private async Task<string> Add(string name, TokenScope scope = TokenScope.All)
    {
        string token = TokenFile.Add(_server.DataDir, name, scope);
        await Until(async () => await Status(token, HttpMethod.Get, "/openapi.json") != 401);
        return token;
    }

    private static async Task Until(Func<Task<bool>> holds)
    {
        for (var clock = Stopwatch.StartNew(); !await holds(); await Task.Delay(100))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), "the server has not noticed");
        }
    }

    [Fact]
    public async Task One_that_is_added_is_taken_without_a_restart_and_one_that_is_revoked_no_longer()
    {
        string laptop = await Add("laptop"), desk = await Add("desk");
        Assert.Equal(200, await Export(laptop, Exports.Commit()));
        TokenFile.Revoke(_server.DataDir, "laptop");
        await Until(async () => await Export(laptop, Exports.Commit()) == 401);
        Assert.Equal(200, await Export(desk, Exports.Commit(Exports.Noon + 1)));
        Assert.Equal(200, await Export(RunningServer.TestToken, Exports.Commit(Exports.Noon + 2)));
    }

    [Fact]
    public async Task A_list_that_could_not_be_read_is_looked_at_again_though_it_was_not_written_since()
    {
        string laptop = await Add("laptop");
        string list = Path.Combine(_server.DataDir, TokenFile.Name);
        string before = await File.ReadAllTextAsync(list);
        TokenFile.Revoke(_server.DataDir, "laptop");
        string after = await File.ReadAllTextAsync(list);
        await Until(async () => await Export(laptop, Exports.Commit()) == 401);

        // What a wrong owner does, which tests that run as root can't meet, a list that is none does as well.
        await File.WriteAllTextAsync(list, before);
        await Until(async () => await Export(laptop, Exports.Commit()) == 200);
        await File.WriteAllTextAsync(list, "nonsense of somebody's");
        DateTime written = File.GetLastWriteTimeUtc(list);
        await Until(() => Task.FromResult(_server.Said.Any(s => s.Contains("stay so until then", StringComparison.Ordinal))));
        await File.WriteAllTextAsync(list, after);
        File.SetLastWriteTimeUtc(list, written);
        await Until(async () => await Export(laptop, Exports.Commit()) == 401);
        Assert.Single(_server.Said, s => s.Contains("stay so until then", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Its_name_is_kept_with_each_record_and_figures_split_by_it()
    {
        string laptop = await Add("laptop"), desk = await Add("desk", TokenScope.Ingest);
        Assert.Equal(200, await Export(laptop, Exports.Request(id: "r1", session: "a")));
        Assert.Equal(200, await Export(desk, Exports.Request(id: "r2", session: "b")));
        Assert.Equal(200, await Export(desk, Exports.Request(id: "r3", session: "b", unixSeconds: Exports.Noon + 1)));
        Assert.Equal(200, await Export(RunningServer.TestToken, Exports.Request(id: "r4", session: "c")));
        Assert.Equal(
            "desk | 2\nlaptop | 1\nNULL | 1\n",
            _server.Rows("SELECT json_extract(r.attributes, '$.\"otellite.token\"') AS name, count(*) FROM otel_events e JOIN otel_resource r ON r.id = e.resource_id GROUP BY 1 ORDER BY name IS NULL, 1"));

        JsonNode split = await _server.Get("/api/breakdown?figure=apiRequests&by=resource.otellite.token");
        var totals = split["groups"]!.AsArray().Select(g => ((string?)g!["name"], (double)g["total"]!)).ToDictionary(g => g.Item1 ?? "", g => g.Item2);
        Assert.Equal((2, 1), (totals["desk"], totals["laptop"]));
    }

    [Fact]
    public async Task What_a_client_itself_says_under_that_name_is_not_believed()
    {
        string laptop = await Add("laptop");
        string claims = Exports.Commit().Replace("""{"scopeMetrics""", """{"resource":{"attributes":[{"key":"otellite.token","value":{"stringValue":"desk"}},{"key":"host.name","value":{"stringValue":"h"}}]},"scopeMetrics""", StringComparison.Ordinal);
        Assert.Equal(200, await Export(laptop, claims));
        Assert.Equal(200, await Export(RunningServer.TestToken, claims));
        Assert.Equal("{\"otellite.token\":\"laptop\",\"host.name\":\"h\"}\n{\"host.name\":\"h\"}\n", _server.Rows("SELECT attributes FROM otel_resource ORDER BY id"));
    }

    [Fact]
    public async Task A_name_crowds_nothing_out_and_is_not_crowded_out()
    {
        string laptop = await Add("laptop");
        string many = string.Join(',', Enumerable.Range(0, Limits.AttributesPerRecordMax).Select(i => $$$"""{"key":"k{{{i}}}","value":{"intValue":"{{{i}}}"}}"""));
        Assert.Equal(200, await Export(laptop, Exports.Commit().Replace("""{"scopeMetrics""", $$$"""{"resource":{"attributes":[{{{many}}}]},"scopeMetrics""", StringComparison.Ordinal)));
        Assert.Equal("laptop", _server.Sql("SELECT json_extract(attributes, '$.\"otellite.token\"') FROM otel_resource"));
        Assert.Equal(1L, _server.Sql("SELECT dropped_attributes_count FROM otel_resource"));
    }

    [Fact]
    public async Task A_body_that_one_machine_sends_again_counts_once_and_the_same_from_another_machine_is_another()
    {
        string laptop = await Add("laptop"), desk = await Add("desk");
        foreach (string token in (string[])[laptop, laptop, desk, desk, RunningServer.TestToken, RunningServer.TestToken])
        {
            Assert.Equal(200, await Export(token, Exports.Commit()));
        }

        Assert.Equal(3L, _server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Fact]
    public async Task One_for_sending_sees_nothing()
    {
        string token = await Add("ci", TokenScope.Ingest);
        foreach (string path in (string[])["/", "/api/summary", "/api/setup", "/api/live", "/openapi.json", "/web/style.css", "/nosuch", $"/?token={token}"])
        {
            using HttpResponseMessage answer = await Ask(token, HttpMethod.Get, path);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.Contains("the token ci is for sending exports", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.False(answer.Headers.Contains("Set-Cookie"));
        }

        Assert.Equal(403, await Status(token, HttpMethod.Post, "/api/scrapes", "{}"));
        Assert.Equal(200, await Export(token, Exports.Commit()));
        GrpcAnswer grpc = await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame([]), ("authorization", $"Bearer {token}"));
        Assert.Equal(0, grpc.Status);
    }

    [Fact]
    public async Task One_for_reading_changes_nothing()
    {
        string token = await Add("wall", TokenScope.Read);
        Assert.Equal(200, await Status(token, HttpMethod.Get, "/api/summary"));
        Assert.Equal(200, await Status(token, HttpMethod.Get, "/"));
        foreach (string path in (string[])["/v1/metrics", "/v1/logs", "/v1/traces", "/"])
        {
            using HttpResponseMessage answer = await Ask(token, HttpMethod.Post, path, Exports.Commit());
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            JsonNode status = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            Assert.Equal(7, (int)status["code"]!);
            Assert.Contains("the token wall is for reading", (string)status["message"]!, StringComparison.Ordinal);
        }

        Assert.Equal(403, await Status(token, HttpMethod.Post, "/api/scrapes", "{}"));
        Assert.Equal(403, await Status(token, HttpMethod.Post, "/api/sessions/a", "{}"));
        GrpcAnswer grpc = await _server.Grpc.Call(GrpcCalls.PathOf("metrics"), GrpcCalls.Frame([]), ("authorization", $"Bearer {token}"));
        Assert.Equal(7, grpc.Status);
        Assert.Equal(0L, _server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Fact]
    public async Task Nobody_learns_another_token_from_what_is_to_be_pasted()
    {
        foreach ((string token, string shown) in ((string, string)[])[(await Add("wall", TokenScope.Read), "Bearer TOKEN"), (await Add("desk"), "Bearer "), (RunningServer.TestToken, "Bearer ")])
        {
            using HttpResponseMessage answer = await Ask(token, HttpMethod.Get, "/api/setup");
            string text = await answer.Content.ReadAsStringAsync();
            Assert.Contains(shown == "Bearer " ? shown + token : shown, text, StringComparison.Ordinal);
            Assert.Equal(token == RunningServer.TestToken, text.Contains(RunningServer.TestToken, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task With_one_that_is_revoked_the_cookie_is_good_no_longer_and_an_open_stream_ends()
    {
        string token = await Add("wall", TokenScope.Read);
        using HttpResponseMessage signIn = await Client.GetAsync(new Uri($"{_server.Url}/?token={token}"));
        Assert.Equal(HttpStatusCode.Found, signIn.StatusCode);
        string cookie = signIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        using var request = new HttpRequestMessage(HttpMethod.Get, _server.Url + "/api/live");
        request.Headers.TryAddWithoutValidation("Cookie", cookie);
        using HttpResponseMessage live = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        using var stream = new StreamReader(await live.Content.ReadAsStreamAsync());
        Assert.Equal("event: summary", await stream.ReadLineAsync());

        await Add("another");
        TokenFile.Revoke(_server.DataDir, "wall");
        string rest = await stream.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.DoesNotContain("closing", rest, StringComparison.Ordinal);
        using var again = new HttpRequestMessage(HttpMethod.Get, _server.Url + "/api/summary");
        again.Headers.TryAddWithoutValidation("Cookie", cookie);
        using HttpResponseMessage refused = await Client.SendAsync(again);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task Only_the_hash_is_kept_for_its_owner_alone_and_nothing_says_it()
    {
        string token = await Add("laptop");
        await Export(token, Exports.Commit());
        await Export(token + "x", Exports.Commit());
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_server.DataDir, TokenFile.Name)));
        }

        Assert.All(Directory.GetFiles(_server.DataDir).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)), file => Assert.DoesNotContain(token, File.ReadAllText(file), StringComparison.Ordinal));
        Assert.DoesNotContain(_server.Said, said => said.Contains(token, StringComparison.Ordinal));
        await _server.Restart();
        Assert.Equal(200, await Export(token, Exports.Commit(Exports.Noon + 9)));
    }

    [Fact]
    public async Task A_file_that_is_none_is_told_of_and_those_that_were_good_stay_so()
    {
        string token = await Add("laptop");
        await File.WriteAllTextAsync(Path.Combine(_server.DataDir, TokenFile.Name), "laptop all\n");
        await Until(() => Task.FromResult(_server.Said.ToArray().Any(s => s.Contains("is no list of tokens", StringComparison.Ordinal))));
        Assert.Equal(200, await Export(token, Exports.Commit()));
    }

    [Fact]
    public async Task Those_that_were_good_stay_so_while_the_folder_is_away_or_cannot_be_looked_into()
    {
        string folder = Directory.CreateTempSubdirectory("otellite-tokens-").FullName, away = folder + ".away";
        string token = TokenFile.Add(folder, "laptop", TokenScope.Ingest);
        using (var tokens = new NamedTokens(folder, _ => { }, () => true))
        {
            Assert.NotNull(tokens.Of(token));
            Directory.Move(folder, away);
            await Task.Delay(3 * Limits.TokenLookInterval);
            Assert.NotNull(tokens.Of(token));
            if (!OperatingSystem.IsWindows())
            {
                // What it points to is itself: looking at it is an error of the system, as on a disk that fails.
                Directory.CreateSymbolicLink(folder, folder);
                await Task.Delay(3 * Limits.TokenLookInterval);
                Assert.NotNull(tokens.Of(token));
                File.Delete(folder);
            }

            Directory.Move(away, folder);
            TokenFile.Revoke(folder, "laptop");
            await Until(() => Task.FromResult(tokens.Of(token) is null));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Those_that_were_good_stay_so_where_their_file_goes_just_before_the_folder_does()
    {
        string folder = Directory.CreateTempSubdirectory("otellite-tokens-").FullName;
        string token = TokenFile.Add(folder, "laptop", TokenScope.Ingest);
        bool isInPlace = true;
        using (var tokens = new NamedTokens(folder, _ => { }, () => isInPlace))
        {
            File.Delete(Path.Combine(folder, TokenFile.Name));
            await Task.Delay(Limits.TokenLookInterval / 2);
            isInPlace = false;
            await Task.Delay(3 * Limits.TokenLookInterval);
            Assert.NotNull(tokens.Of(token));
            Assert.NotNull(tokens.AsFile());
            isInPlace = true;
            await Until(() => Task.FromResult(tokens.Of(token) is null));
            Assert.Null(tokens.AsFile());
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Many_that_are_added_at_once_are_all_there_and_one_name_is_one_token()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => TokenFile.Add(_server.DataDir, $"m{i}", TokenScope.All))));
        Assert.Equal(16, TokenFile.Read(_server.DataDir).Count);
        TokenException twice = Assert.Throws<TokenException>(() => TokenFile.Add(_server.DataDir, "m1", TokenScope.All));
        Assert.Contains("revoke it first", twice.Message, StringComparison.Ordinal);
        Assert.Contains("otellite token list", Assert.Throws<TokenException>(() => TokenFile.Revoke(_server.DataDir, "nosuch")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_only_so_many_of_so_long_names_in_so_large_a_file()
    {
        string folder = Directory.CreateTempSubdirectory("otellite-tokens-").FullName;
        string full = string.Concat(Enumerable.Range(0, Limits.NamedTokensMax).Select(i =>
            $"{$"{i}".PadLeft(Limits.TokenNameCharactersMax, 'n')} ingest {new string('a', 64)} 2026-01-01T00:00:00Z\n"));
        Assert.InRange(full.Length, 1, Limits.TokenFileBytesMax);
        File.WriteAllText(Path.Combine(folder, TokenFile.Name), full);
        Assert.Equal(Limits.NamedTokensMax, TokenFile.Read(folder).Count);
        Assert.Contains($"{Limits.NamedTokensMax}", Assert.Throws<TokenException>(() => TokenFile.Add(folder, "more", TokenScope.All)).Message, StringComparison.Ordinal);
        Assert.True(NamedToken.IsName(new string('n', Limits.TokenNameCharactersMax)));
        Assert.False(NamedToken.IsName(new string('n', Limits.TokenNameCharactersMax + 1)));
        File.WriteAllText(Path.Combine(folder, TokenFile.Name), full.PadRight(Limits.TokenFileBytesMax + 1));
        Assert.Contains($"{Limits.TokenFileBytesMax}", Assert.Throws<TokenException>(() => TokenFile.Read(folder)).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task It_takes_no_longer_than_a_second_to_notice()
    {
        string token = TokenFile.Add(_server.DataDir, "soon", TokenScope.All);
        await Task.Delay(Limits.TokenLookInterval + TimeSpan.FromMilliseconds(500));
        Assert.InRange(Limits.TokenLookInterval, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(200, await Status(token, HttpMethod.Get, "/api/summary"));
    }
}
