using System.Globalization;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Dashboard;

/// <summary>What is told of each tool and each model adds up to the summary, and its percentiles are numbers that were measured.</summary>
public sealed class ToolsAndModelsOfRecordingsTests(RecordedServer recorded) : IClassFixture<RecordedServer>
{
    private readonly RunningServer _server = recorded.Server;

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    // All, cuts through the recordings, a day of another zone, a model, a session.
    private async Task<string[]> Scopes()
    {
        JsonNode summary = await _server.Get("/api/summary");
        object? times = _server.Sql("SELECT group_concat(time_unix_nano) FROM (SELECT time_unix_nano FROM usage_tool ORDER BY 1)");
        long[] calls = [.. ((string)times!).Split(',').Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
        DateTimeOffset middle = DateTimeOffset.UnixEpoch.AddTicks(calls[calls.Length / 2] / 100);
        string[] models = [.. summary["models"]!.AsArray().Select(m => $"model={Uri.EscapeDataString((string)m!["model"]!)}")];
        string[] sessions = [.. Recorded.Expected("json").Where(t => t["log:count tool_result"] > 0).Take(3).Select(t => $"session={t.SessionId}")];
        return
        [
            "tz=UTC", $"to={Time(middle)}", $"from={Time(middle)}", $"from={Time(middle.AddHours(-30))}&to={Time(middle.AddTicks(1))}&tz=Asia/Kathmandu",
            "from=2026-10-25T00:00:00%2B02:00&to=2026-10-26T00:00:00%2B01:00&tz=Europe/Berlin", .. models, .. sessions,
        ];
    }

    [Fact]
    public async Task The_tools_are_the_summarys_for_every_scope()
    {
        foreach (string scope in await Scopes())
        {
            JsonArray tools = (await _server.Get($"/api/tools?{scope}"))["tools"]!.AsArray(), told = (await _server.Get($"/api/summary?{scope}"))["tools"]!.AsArray();
            JsonNode[] called = [.. tools.Where(t => (long)t!["calls"]! > 0).Select(t => t!)];
            Assert.Equal(told.Select(t => (string)t!["name"]!), called.Select(t => (string)t["name"]!));
            foreach ((JsonNode? tool, JsonNode same) in told.Zip(called))
            {
                Assert.All((string[])["calls", "failures", "p50Ms", "p95Ms"], name => Assert.Equal((double)tool![name]!, (double)same[name]!));
                Assert.Equal((long)same["failures"]!, same["failuresByKind"]!.AsArray().Sum(f => (long)f!["count"]!));
                Assert.InRange((double)same["maxMs"]!, (double)same["p95Ms"]!, 1e9);
            }
        }
    }

    [Fact]
    public async Task Decisions_are_those_that_were_sent()
    {
        JsonArray tools = (await _server.Get("/api/tools"))["tools"]!.AsArray();
        foreach ((string list, string decision) in ((string, string)[])[("accepts", "accept"), ("rejects", "reject")])
        {
            string sent = _server.Rows($"""
                SELECT attributes ->> 'tool_name', attributes ->> 'source', count(*) FROM otel_events
                WHERE event_name = 'tool_decision' AND attributes ->> 'decision' = '{decision}' GROUP BY 1, 2 ORDER BY 1, 2
                """);
            Assert.NotEmpty(sent);
            Assert.Equal(sent, string.Concat(tools.SelectMany(t => t![list]!.AsArray().Select(d => $"{t["name"]} | {d!["source"]} | {d["count"]}\n")).Order(StringComparer.Ordinal)));
        }

        Assert.Equal((long)(await _server.Get("/api/summary"))["checks"]!["toolCallsWithoutResult"]!, tools.Sum(t => (long)t!["withoutResult"]!));
        Assert.Equal(Convert.ToInt64(_server.Sql("SELECT sum(attributes ->> 'tool_result_size_bytes') FROM otel_events WHERE event_name = 'tool_result'"), CultureInfo.InvariantCulture),
            tools.Sum(t => (long?)t!["resultBytes"]?["total"] ?? 0));
        Assert.Equal(Convert.ToInt64(_server.Sql("SELECT sum(attributes ->> 'tool_input_size_bytes') FROM otel_events WHERE event_name = 'tool_result'"), CultureInfo.InvariantCulture),
            tools.Sum(t => (long)t!["inputBytes"]!));
    }

    [Fact]
    public async Task The_models_are_the_summarys_for_every_scope_and_their_sources_add_up_to_them()
    {
        foreach (string scope in await Scopes())
        {
            JsonNode summary = await _server.Get($"/api/summary?{scope}");
            JsonNode[] models = [.. (await _server.Get($"/api/models?{scope}"))["models"]!.AsArray().Select(m => m!)];
            Assert.Equal((long)summary["apiErrors"]!, models.Sum(m => (long)m["apiErrors"]!));
            JsonNode[] asked = [.. models.Where(m => (long)m["apiRequests"]! > 0 || (double)m["costUsd"]! > 0 || m["tokens"]!.AsObject().Sum(k => (long)k.Value!) > 0)];
            Assert.Equal(
                summary["models"]!.AsArray().Select(m => m!.ToJsonString()),
                asked.Select(m => new JsonObject(((string[])["model", "tokens", "costUsd", "apiRequests"]).Select(k => KeyValuePair.Create(k, m[k]?.DeepClone()))).ToJsonString()));
            foreach (JsonNode model in models)
            {
                JsonArray sources = model["bySource"]!.AsArray();
                Assert.Equal((long)model["apiRequests"]!, sources.Sum(s => (long)s!["apiRequests"]!));
                Assert.Equal((double)model["costUsd"]!, sources.Sum(s => (double)s!["costUsd"]!), 9);
                Assert.Equal(model["tokens"]!.AsObject().Sum(k => (long)k.Value!), sources.Sum(s => (long)s!["tokens"]!));
            }
        }
    }

    [Fact]
    public async Task A_models_percentiles_are_by_nearest_rank()
    {
        foreach (JsonNode? model in (await _server.Get("/api/models"))["models"]!.AsArray().Where(m => (long)m!["apiRequests"]! > 0))
        {
            long[] Sorted(string column) => [.. _server.Rows(
                $"SELECT {column} FROM usage_request JOIN usage_name n ON n.id = model WHERE n.name = '{model!["model"]}' AND {column} IS NOT NULL ORDER BY 1")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => long.Parse(l, CultureInfo.InvariantCulture))];
            long[] took = Sorted("duration_ms"), first = Sorted("ttft_ms");
            Assert.Equal((took[(int)Math.Ceiling(took.Length * 0.5) - 1], took[(int)Math.Ceiling(took.Length * 0.95) - 1]), ((long)model!["p50Ms"]!, (long)model["p95Ms"]!));
            Assert.Equal(first.Length == 0 ? null : first[(int)Math.Ceiling(first.Length * 0.5) - 1], (long?)model["ttftP50Ms"]);
        }
    }
}

/// <summary>What is told of tools and models, of events made by hand.</summary>
public sealed class ToolsTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private async Task Post(params string[] events)
    {
        using HttpResponseMessage sent = await _server.Post("/v1/logs", Export.Logs(events));
        sent.EnsureSuccessStatusCode();
    }

    private static string Result(int number, string tool, long milliseconds, params string[] more) => Export.Event("tool_result", Export.Time + (ulong)number,
        [Export.Text("session.id", "s"), Export.Text("tool_name", tool), Export.Text("tool_use_id", $"t{number}"), Export.Text("duration_ms", $"{milliseconds}"), .. more]);

    private static string Decision(int number, string tool, string decision, string source) => Export.Event("tool_decision", Export.Time + (ulong)number,
        Export.Text("session.id", "s"), Export.Text("tool_name", tool), Export.Text("tool_use_id", $"t{number}"), Export.Text("decision", decision), Export.Text("source", source));

    [Fact]
    public async Task A_tool_tells_its_failures_decisions_sizes_and_what_is_open()
    {
        await Post(
            Result(1, "Bash", 10, Export.Text("tool_input_size_bytes", "5"), Export.Text("tool_result_size_bytes", "100")),
            Result(2, "Bash", 20, Export.Text("tool_input_size_bytes", "6"), Export.Text("tool_result_size_bytes", "300")),
            Result(3, "Bash", 30, Export.Text("success", "false"), Export.Text("error_type", "timeout")),
            Result(4, "Bash", 40, Export.Text("success", "false")),
            Result(5, "Bash", 1000, Export.Text("success", "false"), Export.Text("error_type", "timeout")),
            Decision(1, "Bash", "accept", "config"), Decision(2, "Bash", "accept", "config"), Decision(3, "Bash", "accept", "hook"), Decision(6, "Bash", "accept", "config"),
            Decision(7, "Write", "reject", "user_reject"));
        JsonArray tools = (await _server.Get("/api/tools"))["tools"]!.AsArray();
        Assert.Equal(
            """
            {"name":"Bash","calls":5,"failures":3,"failuresByKind":[{"kind":"timeout","count":2},{"kind":"","count":1}],"p50Ms":30,"p95Ms":1000,"maxMs":1000,"accepts":[{"source":"config","count":3},{"source":"hook","count":1}],"rejects":[],"resultBytes":{"total":400,"p50":100,"max":300},"inputBytes":11,"withoutResult":1}
            """, tools[0]!.ToJsonString());
        Assert.Equal(
            """
            {"name":"Write","calls":0,"failures":0,"failuresByKind":[],"p50Ms":null,"p95Ms":null,"maxMs":null,"accepts":[],"rejects":[{"source":"user_reject","count":1}],"resultBytes":null,"inputBytes":0,"withoutResult":0}
            """, tools[1]!.ToJsonString());
        Assert.Empty((await _server.Get("/api/tools?session=other"))["tools"]!.AsArray());
        Assert.Empty((await _server.Get("/api/tools?to=2001-01-01T00:00:00Z"))["tools"]!.AsArray());
    }

    [Fact]
    public async Task A_model_tells_its_errors_its_cache_and_its_speed()
    {
        string[] about = [Export.Text("session.id", "s"), Export.Text("model", "opus")];
        string Request(int number, long output, long milliseconds, string source) => Export.Event("api_request", Export.Time + (ulong)number,
            [.. about, Export.Text("request_id", $"r{number}"), Export.Int("input_tokens", 10), Export.Int("cache_read_tokens", 70), Export.Int("cache_creation_tokens", 20),
                Export.Int("output_tokens", output), Export.Int("duration_ms", milliseconds), Export.Int("ttft_ms", milliseconds / 10),
                Export.Attribute("cost_usd", """{"doubleValue":0.25}"""), Export.Text("query_source", source)]);
        await Post(
            Request(1, 100, 1000, "repl_main_thread"), Request(2, 200, 2000, "repl_main_thread"), Request(3, 300, 3000, "compact"),
            Export.Event("api_error", Export.Time + 4, about), Export.Event("api_error", Export.Time + 5, Export.Text("session.id", "s"), Export.Text("model", "haiku")));
        JsonArray models = (await _server.Get("/api/models"))["models"]!.AsArray();
        Assert.Equal(
            """
            {"model":"opus","tokens":{"input":30,"output":600,"cacheRead":210,"cacheCreation":60},"costUsd":0.75,"apiRequests":3,"apiErrors":1,"errorRate":0.25,"cacheHitShare":0.7,"costPerRequest":0.25,"p50Ms":2000,"p95Ms":3000,"ttftP50Ms":200,"outputTokensPerSecond":100,"bySource":[{"source":"repl_main_thread","apiRequests":2,"costUsd":0.5,"tokens":500},{"source":"compact","apiRequests":1,"costUsd":0.25,"tokens":400}]}
            """, models[0]!.ToJsonString());
        Assert.Equal(("haiku", 1.0, 0L), ((string)models[1]!["model"]!, (double)models[1]!["errorRate"]!, (long)models[1]!["apiRequests"]!));
        Assert.All((string[])["cacheHitShare", "costPerRequest", "p50Ms", "ttftP50Ms", "outputTokensPerSecond"], name => Assert.Null(models[1]![name]));
    }
}
