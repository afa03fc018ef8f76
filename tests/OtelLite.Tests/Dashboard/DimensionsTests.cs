using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Dashboard;

/// <summary>What the figures can be narrowed to and split by.</summary>
public sealed class DimensionsTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private static string[] Texts(JsonNode list) => [.. list.AsArray().Select(t => (string)t!)];

    [Fact]
    public async Task They_are_those_of_the_recorded_sessions()
    {
        foreach (string kind in (string[])["json", "versions", "cumulative", "auto-mode"])
        {
            await _server.Replay(Recorded.Bodies(kind));
        }

        JsonNode all = await _server.Get("/api/dimensions"), summary = await _server.Get("/api/summary"), sessions = await _server.Get("/api/sessions?limit=1000");
        Assert.Equal(summary["models"]!.AsArray().Select(m => (string)m!["model"]!).Where(m => m != "").Order(StringComparer.Ordinal), Texts(all["models"]!));
        Assert.Equal(summary["tools"]!.AsArray().Select(t => (string)t!["name"]!).Order(StringComparer.Ordinal), Texts(all["tools"]!));
        foreach ((string list, string one) in ((string, string)[])[("projects", "project"), ("machines", "machine")])
        {
            Assert.Equal(
                sessions["sessions"]!.AsArray().Select(s => (string?)s![one]).Where(p => p is not null).Distinct().Order(StringComparer.Ordinal), Texts(all[list]!));
        }

        Assert.Contains("repl_main_thread", Texts(all["sources"]!));
        Assert.Contains("service.version", Texts(all["resourceAttributes"]!));

        // Of one session they are its own.
        JsonNode narrowed = await _server.Get($"/api/dimensions?session={Recorded.Expected("json").First(t => t["log:count api_request"] > 0).SessionId}");
        Assert.NotEmpty(Texts(narrowed["models"]!));
        Assert.True(Texts(narrowed["models"]!).Length < Texts(all["models"]!).Length);
        Assert.All(await Task.WhenAll(_server.Get("/api/dimensions?session=nosuch"), _server.Get("/api/dimensions?to=2001-01-01T00:00:00Z")),
            none => Assert.All(none.AsObject(), list => Assert.Empty(list.Value!.AsArray())));
    }

    [Fact]
    public async Task As_many_values_as_allowed_are_told_and_one_more_is_not()
    {
        using HttpResponseMessage sent = await _server.Post("/v1/logs", Export.Logs([.. Enumerable.Range(0, Limits.DimensionValuesMax + 1).Select(i => Export.Event(
            "api_request", Export.Time + (ulong)i, Export.Text("session.id", "s"), Export.Text("model", $"m{i:d4}"), Export.Text("query_source", $"q{i:d4}"), Export.Int("input_tokens", 1)))]));
        sent.EnsureSuccessStatusCode();
        JsonNode all = await _server.Get("/api/dimensions");
        Assert.Equal(Enumerable.Range(0, Limits.DimensionValuesMax).Select(i => $"m{i:d4}"), Texts(all["models"]!));
        Assert.Equal(Limits.DimensionValuesMax, Texts(all["sources"]!).Length);
    }
}
