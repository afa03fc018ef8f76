using System.Text.Json;
using OtelLite.Status;

namespace OtelLite.Doctor;

/// <summary>Which signals came, and which never did.</summary>
internal static class ArrivedLink
{
    private sealed class Came(string signal, string one, long records, DateTimeOffset? last)
    {
        public string Signal => signal;

        public string One => one;

        public long Records => records;

        public DateTimeOffset? Last => last;
    }

    public static Link Of(Scene scene)
    {
        Came[] stored = Stored(scene);
        if (stored.Length == 0)
        {
            return new Link("arrived", [Finding.Unknown(scene.Server.Report.Problem?.TrimEnd('.') ?? "what arrived is not known")]);
        }

        List<Finding> findings = [];
        List<string> missing = [];
        foreach (Came came in stored)
        {
            bool isOn = scene.Routes.Any(r => r.Signal == came.Signal && r.IsOn);
            if (came.Last is null && isOn)
            {
                missing.Add(came.Signal);
            }
            else
            {
                findings.Add(Finding.Ok(came.Last is { } at
                    ? $"{came.Signal}: the last {came.One} came {ShownValues.Duration(scene.Now - at)} ago; {ShownValues.Count(came.Records, came.One)} in all"
                    : $"{came.Signal} never came; they are off{(came.Signal == "traces" ? ", and nothing needs them" : "")}"));
            }
        }

        if (missing.Count > 0)
        {
            findings.Insert(0, Finding.Odd($"{string.Join(" and ", missing)} never came", Wait));
        }

        return new Link("arrived", findings);
    }

    private static Remedy Wait { get; } = new(
        "Start Claude Code anew and ask it something: a session keeps the settings that it began with. "
        + "If still nothing comes, claude --debug-file claude.log writes why, in lines with \"3P telemetry\"");

    // The running server's own file first: doctor may have been told of another.
    private static Came[] Stored(Scene scene)
    {
        if (scene.Server.Ingest() is { } ingest && ingest.TryGetProperty("stored", out JsonElement stored))
        {
            return [Of("metrics", "data point", "lastMetricAt"), Of("events", "event", "lastEventAt"), Of("spans", "span", "lastSpanAt")];

            Came Of(string records, string one, string last) => new(
                SignalOf(one), one, stored.TryGetProperty(records, out JsonElement n) && n.TryGetInt64(out long count) ? count : 0, ServerSeen.Time(stored, last));
        }

        return scene.Server.Report.Database is not { } file ? [] : [Held(file.Metrics, "data point"), Held(file.Events, "event"), Held(file.Spans, "span")];

        static Came Held(StoredSignal held, string one) => new(SignalOf(one), one, held.Records, held.LastAt);
        static string SignalOf(string one) => one == "span" ? "traces" : one == "event" ? "logs" : "metrics";
    }
}
