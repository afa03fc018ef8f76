using System.Text;
using System.Text.RegularExpressions;

namespace OtelLite.Bench;

/// <summary>The recorded bodies that the tests use too, and copies of them at other times under other ids.</summary>
internal static partial class RecordedBodies
{
    /// <summary>All bodies of the recordings without traces, in the order in which they were sent.</summary>
    public static IReadOnlyList<(string Capture, string Path, string Json)> All { get; } =
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "recorded"), "s??-*.json", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => (
                Path.GetFileName(file).Split('-')[0],
                file.Contains("metrics", StringComparison.Ordinal) ? "/v1/metrics" : "/v1/logs",
                File.ReadAllText(file))),
    ];

    public static byte[] Utf8(string json) => Encoding.UTF8.GetBytes(json);

    /// <summary>The newest time in a body.</summary>
    public static long LastUnixNano(string json) => Times().Matches(json).Max(m => long.Parse(m.Groups[2].ValueSpan));

    /// <summary>The same telemetry, later by some nanoseconds, of another session: a body that counts as new.</summary>
    public static string Copy(string json, long laterByNano, string suffix)
    {
        json = Times().Replace(json, m => m.Groups[1].Value + (long.Parse(m.Groups[2].ValueSpan) + laterByNano) + m.Groups[3].Value);
        json = SessionIds().Replace(json, m => suffix + m.Value[suffix.Length..]);
        return RequestIds().Replace(json, m => m.Value + suffix);
    }

    [GeneratedRegex("""((?:t|T|startT|observedT)imeUnixNano":")(\d{19})(")""")]
    private static partial Regex Times();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex SessionIds();

    [GeneratedRegex("req_[A-Za-z0-9_]+")]
    private static partial Regex RequestIds();
}
