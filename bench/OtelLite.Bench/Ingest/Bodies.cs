using System.Text.Json;
using System.Text.Json.Nodes;

namespace OtelLite.Bench.Ingest;

/// <summary>What is sent: recorded points and records, put together to bodies of a usual size.</summary>
internal static class Bodies
{
    public const int PointsOfBody = 20;
    public const int RecordsOfBody = 10;

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // A whole answer of the model has 13 kB; what is left are the usual events, 1.5 kB each.
    private const int RecordBytesMax = 4000;

    public static FreshBody[] Metrics() => Metrics(PointsOfBody);

    public static FreshBody[] Logs() => Logs(RecordsOfBody);

    /// <summary>One body of so many points, no two of one series.</summary>
    public static FreshBody[] Metrics(int points)
    {
        string[] bodies = [.. RecordedBodies.All.Where(b => b.Path == "/v1/metrics" && b.Capture != "g01").Select(b => b.Json)];
        JsonNode body = JsonNode.Parse(bodies.MaxBy(b => b.Length)!)!;
        JsonArray metrics = body["resourceMetrics"]![0]!["scopeMetrics"]![0]!["metrics"]!.AsArray();
        string session = metrics.SelectMany(m => m!["sum"]!["dataPoints"]!.AsArray()).Select(p => SessionOf(p!)).First(s => s is not null)!;
        HashSet<string> seen = [];
        Dictionary<string, JsonNode> byName = [];
        int added = 0;
        foreach (JsonNode metric in bodies.SelectMany(b => JsonNode.Parse(b)!["resourceMetrics"]![0]!["scopeMetrics"]![0]!["metrics"]!.AsArray()).Select(m => m!))
        {
            string name = (string)metric["name"]!;
            foreach (JsonNode? point in metric["sum"]!["dataPoints"]!.AsArray().Where(p => SessionOf(p!) is not null))
            {
                JsonNode copy = JsonNode.Parse(point!.ToJsonString().Replace(SessionOf(point)!, session, StringComparison.Ordinal))!;
                if (added < points && seen.Add(name + copy["attributes"]!.ToJsonString()))
                {
                    if (!byName.TryGetValue(name, out JsonNode? of))
                    {
                        byName[name] = of = metric.DeepClone();
                        of["sum"]!["dataPoints"] = new JsonArray();
                    }

                    of["sum"]!["dataPoints"]!.AsArray().Add(copy);
                    added++;
                }
            }
        }

        body["resourceMetrics"]![0]!["scopeMetrics"]![0]!["metrics"] = new JsonArray([.. byName.Values]);
        return [FreshBody.From(Text(body), added)];
    }

    /// <summary>Bodies of so many records each, as sessions sent them one after the other.</summary>
    public static FreshBody[] Logs(int size)
    {
        List<FreshBody> made = [];
        foreach (IGrouping<string, (string Capture, string Path, string Json)> capture in RecordedBodies.All.Where(b => b.Path == "/v1/logs").GroupBy(b => b.Capture))
        {
            // As it was written, for half a surrogate pair, which one of them holds, is no text that .NET would write.
            string[] records = [.. capture.SelectMany(b => Records(b.Json)).Select(r => r.GetRawText()).Where(r => r.Length <= RecordBytesMax && r.Contains("\"session.id\"", StringComparison.Ordinal))];
            if (records.Length == 0)
            {
                continue;
            }

            string first = capture.First(b => Records(b.Json).Length > 0).Json;
            (string head, string tail) = (Records(first)[0].GetRawText(), Records(first)[^1].GetRawText());
            int begin = first.IndexOf(head, StringComparison.Ordinal);
            int end = first.LastIndexOf(tail, StringComparison.Ordinal) + tail.Length;
            for (int i = 0; i + size <= records.Length; i += size)
            {
                made.Add(FreshBody.From($"{first[..begin]}{string.Join(',', records.Skip(i).Take(size))}{first[end..]}", size));
            }
        }

        return [.. made];
    }

    private static string? SessionOf(JsonNode point) =>
        (string?)point["attributes"]!.AsArray().FirstOrDefault(a => (string)a!["key"]! == "session.id")?["value"]!["stringValue"];

    private static JsonElement[] Records(string json) =>
        [.. JsonDocument.Parse(json).RootElement.GetProperty("resourceLogs")[0].GetProperty("scopeLogs")[0].GetProperty("logRecords").EnumerateArray()];

    private static string Text(JsonNode body) => body.ToJsonString(Relaxed);
}
