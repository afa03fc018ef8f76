using System.Net;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Dashboard;

/// <summary>The API's description says what is served, no more and no less.</summary>
public sealed class OpenApiTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string Session = "b6a02e84-2f59-4d1f-911b-fff2c419f1eb";

    // A path with a place for an id is asked with one that there is.
    private async Task<JsonObject> Paths()
    {
        await shared.Server.Replay(Recorded.Bodies("json", "s02"));
        return (await shared.Server.Get("/openapi.json"))["paths"]!.AsObject();
    }

    // Events are numbered; everything else with an id is a session.
    private static string At(string path) => path.Replace("{id}", path.StartsWith("/api/events", StringComparison.Ordinal) ? "1" : Session, StringComparison.Ordinal);

    [Fact]
    public async Task It_lists_the_paths_that_are_promised()
    {
        JsonObject paths = await Paths();
        foreach (string path in (string[])["/healthz", "/readyz", "/api/summary", "/api/timeseries", "/api/sessions", "/api/live", "/api/scrapes"])
        {
            Assert.True(paths.ContainsKey(path), path);
            Assert.NotNull(paths[path]!["get"]);
        }

        Assert.NotNull(paths["/api/scrapes"]!["post"]!["requestBody"]);
    }

    [Fact]
    public async Task Everything_that_is_listed_is_served_by_that_method_and_no_other()
    {
        foreach ((string path, JsonNode? methods) in await Paths())
        {
            foreach (string method in (string[])["get", "post"])
            {
                using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), shared.Server.Url + At(path));
                using HttpResponseMessage answer = await shared.Server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                HttpStatusCode expected = methods![method] is null ? HttpStatusCode.MethodNotAllowed
                    : (HttpStatusCode)int.Parse(methods[method]!["responses"]!.AsObject().First().Key, System.Globalization.CultureInfo.InvariantCulture);
                Assert.True(expected == answer.StatusCode, $"{method} {path}: {answer.StatusCode}");
                if (answer.IsSuccessStatusCode)
                {
                    JsonNode content = methods[method]!["responses"]!.AsObject().First().Value!["content"]!;
                    Assert.Equal(content.AsObject().Single().Key, answer.Content.Headers.ContentType!.MediaType);
                }
            }
        }
    }

    [Fact]
    public async Task Only_what_is_listed_as_open_is_answered_without_the_token()
    {
        using var stranger = new HttpClient();
        foreach ((string path, JsonNode? methods) in await Paths())
        {
            bool isOpen = methods!["get"]!["security"] is JsonArray { Count: 0 };
            using HttpResponseMessage answer = await stranger.GetAsync(new Uri(shared.Server.Url + At(path)), HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(isOpen ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Every_listed_parameter_is_known_where_it_is_listed()
    {
        foreach ((string path, JsonNode? methods) in await Paths())
        {
            foreach (JsonNode? parameter in methods!["get"]!["parameters"]!.AsArray())
            {
                using HttpResponseMessage answer = await shared.Server.Http.GetAsync(
                    new Uri($"{shared.Server.Url}{At(path)}?{(string)parameter!["name"]!}=x"), HttpCompletionOption.ResponseHeadersRead);
                string text = answer.IsSuccessStatusCode ? "" : await answer.Content.ReadAsStringAsync();
                Assert.DoesNotContain("there is no parameter", text, StringComparison.Ordinal);
                Assert.NotEmpty((string)parameter["description"]!);
            }
        }
    }

    [Fact]
    public async Task An_answer_has_exactly_the_members_of_its_schema()
    {
        foreach ((string path, JsonNode? methods) in await Paths())
        {
            JsonNode content = methods!["get"]!["responses"]!["200"]!["content"]!;
            if (content["application/json"] is { } json)
            {
                JsonObject answer = (await shared.Server.Get(At(path))).AsObject();
                Assert.Equal(
                    json["schema"]!["properties"]!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal),
                    answer.Select(p => p.Key).Order(StringComparer.Ordinal));
            }
        }
    }

    [Fact]
    public async Task The_setup_tells_each_shell_this_servers_address_and_token()
    {
        JsonNode setup = await shared.Server.Get("/api/setup");
        Assert.Equal(shared.Server.Url, (string)setup["endpoint"]!);
        JsonArray shells = setup["shells"]!.AsArray();
        Assert.Equal(3, shells.Count);
        foreach (JsonNode? shell in shells)
        {
            string text = (string)shell!["text"]!;
            Assert.Contains("CLAUDE_CODE_ENABLE_TELEMETRY", text, StringComparison.Ordinal);
            Assert.Contains("http/json", text, StringComparison.Ordinal);
            Assert.Contains(shared.Server.Url, text, StringComparison.Ordinal);
            Assert.Contains($"\"Authorization=Bearer {RunningServer.TestToken}\"", text, StringComparison.Ordinal);
        }
    }
}
