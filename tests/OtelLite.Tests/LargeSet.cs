using System.Globalization;
using System.Text;
using OtelLite.Otlp;
using OtelLite.Storage;
using OtelLite.Telemetry;

namespace OtelLite.Tests;

/// <summary>
/// Years of use by many people, made up: sessions of some ten events each, spread over the days before an end, in several projects, on several
/// machines, with several models. The same every time. It goes through the decoder and the writer as what is received does.
/// </summary>
internal static class LargeSet
{
    public const int EventsPerSession = 10;

    private const int SessionsPerBody = 50;
    private const int BodiesWaiting = 16;
    private const int Projects = 40;
    private const int Machines = 12;
    private static readonly string[] Models = ["claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-haiku-3-5"];
    private static readonly string[] Sources = ["repl_main_thread", "sdk", "agent:builtin:general-purpose", "compact"];
    private static readonly string[] Tools = ["Bash", "Read", "Edit", "Write", "Grep", "Glob", "WebFetch", "Task", "mcp_tool", "TodoWrite"];

    /// <summary>Writes the set. Each session ends before <paramref name="end"/>; the last ones are very recent.</summary>
    public static async Task Fill(BatchWriter writer, int sessions, DateTimeOffset end, int days = 365)
    {
        var random = new Random(1);
        Queue<(Task<WriteResult> Written, TelemetryBatch Batch)> waiting = [];
        for (int first = 0; first < sessions; first += SessionsPerBody)
        {
            foreach (string body in Bodies(random, first, Math.Min(SessionsPerBody, sessions - first), sessions, end, days))
            {
                if (!OtlpJson.TryRead(Encoding.UTF8.GetBytes(body), out TelemetryBatch batch, out string error))
                {
                    throw new InvalidOperationException(error);
                }

                waiting.Enqueue((writer.Write(batch), batch));
                await Settle(waiting, BodiesWaiting);
            }
        }

        await Settle(waiting, 0);
    }

    private static async Task Settle(Queue<(Task<WriteResult> Written, TelemetryBatch Batch)> waiting, int atMost)
    {
        while (waiting.Count > atMost)
        {
            (Task<WriteResult> written, TelemetryBatch batch) = waiting.Dequeue();
            WriteResult result = await written;
            if (result.Outcome != WriteOutcome.Committed)
            {
                throw new InvalidOperationException(result.Reason);
            }

            batch.Return();
        }
    }

    // Neighbouring sessions, of one machine, in a body of events and one of points.
    private static string[] Bodies(Random random, int first, int count, int sessions, DateTimeOffset end, int days)
    {
        var events = new StringBuilder();
        var points = new StringBuilder[] { new(), new() };
        for (int i = first; i < first + count; i++)
        {
            long endsAt = (end.ToUnixTimeMilliseconds() * 1_000_000) - (long)((sessions - i - random.NextDouble()) / sessions * days * 86_400e9);
            AddSession(random, i, Math.Min(endsAt, end.ToUnixTimeMilliseconds() * 1_000_000) - 1_000_000, events, points);
        }

        string resource = $$"""
            "resource":{"attributes":[{{Text("service.name", "claude-code")}},{{Text("service.version", $"2.1.{first * 8 / sessions}")}},
            {{Text("host.name", $"machine-{first / SessionsPerBody % Machines}")}},{{Text("department", $"department {first / SessionsPerBody % 5}")}}]}
            """;
        string Metric(string name, StringBuilder of) =>
            $$$"""{"name":"{{{name}}}","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{{{of.ToString().TrimEnd(',')}}}]}}""";
        return
        [
            $$"""{"resourceLogs":[{{{resource}},"scopeLogs":[{"logRecords":[{{events.ToString().TrimEnd(',')}}]}]}]}""",
            $$"""
            {"resourceMetrics":[{{{resource}},"scopeMetrics":[{"metrics":[
            {{Metric("claude_code.token.usage", points[0])}},{{Metric("claude_code.cost.usage", points[1])}}]}]}]}
            """,
        ];
    }

    private static void AddSession(Random random, int number, long endsAt, StringBuilder events, StringBuilder[] points)
    {
        // One in a hundred goes on for days.
        long stepNano = (long)((random.Next(100) == 0 ? 6 * 3600e9 : 60e9) * random.NextDouble()) + 1_000_000;
        string session = string.Join(',', Text("session.id", $"{(uint)number * 2654435761u:x8}-0000-4000-8000-{number:x12}"),
            Text("vcs.repository.name", $"project-{number * 7919L % Projects}"), Text("user.id", $"user-{number % 25}"));
        string model = Models[random.Next(Models.Length)];
        long[] tokens = new long[4];
        long micros = 0;
        int sequence = 0;
        void Event(string name, params string[] attributes)
        {
            long time = endsAt - ((EventsPerSession - sequence) * stepNano);
            events.Append(CultureInfo.InvariantCulture, $$"""
                {"timeUnixNano":"{{time}}","body":{"stringValue":"claude_code.{{name}}"},"attributes":[{{session}},{{Text("event.name", name)}},
                {{Text("prompt.id", $"prompt-{number}")}},{{Int("event.sequence", sequence++)}},{{string.Join(',', attributes)}}]},
                """);
        }

        Event("user_prompt", Int("prompt_length", random.Next(500)));
        while (sequence < EventsPerSession)
        {
            string request = Text("request_id", $"req_{number}_{sequence}");
            if (random.Next(40) == 0)
            {
                Event("api_error", Text("model", model), Int("status_code", 529), request);
                continue;
            }

            long[] used = [random.Next(200), random.Next(1500), random.Next(90_000), random.Next(4000)];
            long cost = 100 + (used[1] * 15) + (used[2] / 3) + (used[3] * 4);
            Event("api_request", [Text("model", model), .. Kinds.Select((k, i) => Int(k.Event, used[i])), Int("cost_usd_micros", cost),
                Int("duration_ms", 500 + random.Next(20_000)), Int("ttft_ms", 200 + random.Next(2000)), request, Text("query_source", Sources[random.Next(Sources.Length)])]);
            (tokens, micros) = ([.. tokens.Zip(used, (a, b) => a + b)], micros + cost);
            if (sequence + 2 <= EventsPerSession)
            {
                AddTool(random, number, sequence, request, Event);
            }
        }

        AddPoints(random, session, model, tokens, micros, endsAt, points);
    }

    private static void AddTool(Random random, int number, int sequence, string request, Action<string, string[]> add)
    {
        string tool = Tools[Math.Min(random.Next(Tools.Length), random.Next(Tools.Length))];
        string[] use = [Text("tool_name", tool), Text("tool_use_id", $"toolu_{number}_{sequence}"), request];
        bool rejected = random.Next(30) == 0;
        bool failed = random.Next(15) == 0;
        add("tool_decision", [.. use, Text("decision", rejected ? "reject" : "accept"), Text("source", rejected ? "user_reject" : "config")]);
        add("tool_result", [.. use, Text("success", failed ? "false" : "true"), Text("duration_ms", $"{(int)Math.Exp(random.NextDouble() * 11)}"),
            Text("tool_input_size_bytes", $"{random.Next(2000)}"), failed ? Text("error_type", "ShellError") : Text("tool_result_size_bytes", $"{random.Next(50_000)}")]);
    }

    // Of most sessions metrics say what events say; of some they know more, and of some nothing.
    private static void AddPoints(Random random, string session, string model, long[] tokens, long micros, long endsAt, StringBuilder[] points)
    {
        int what = random.Next(100);
        if (what < 3)
        {
            return;
        }

        void Point(StringBuilder to, double value, string type) => to.Append(CultureInfo.InvariantCulture, $$"""
            {"startTimeUnixNano":"{{endsAt - 60_000_000_000}}","timeUnixNano":"{{endsAt}}","asDouble":{{value}},"attributes":[{{session}},{{Text("model", model)}},
            {{Text("query_source", what < 8 ? "auxiliary" : "main")}}{{type}}]},
            """);
        double more = what < 10 ? 1.25 : 1;
        for (int i = 0; i < Kinds.Length; i++)
        {
            Point(points[0], Math.Round(tokens[i] * more), "," + Text("type", Kinds[i].Metric));
        }

        Point(points[1], micros * more / 1e6, "");
    }

    private static readonly (string Event, string Metric)[] Kinds =
        [("input_tokens", "input"), ("output_tokens", "output"), ("cache_read_tokens", "cacheRead"), ("cache_creation_tokens", "cacheCreation")];

    private static string Text(string key, string value) => $$$"""{"key":"{{{key}}}","value":{"stringValue":"{{{value}}}"}}""";

    private static string Int(string key, long value) => $$$"""{"key":"{{{key}}}","value":{"intValue":{{{value}}}}}""";
}
