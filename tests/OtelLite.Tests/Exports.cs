using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace OtelLite.Tests;

/// <summary>Small exports made by hand, for tests that are not about what Claude Code sends but about how it is received and shown.</summary>
internal static class Exports
{
    /// <summary>2026-01-15T12:00:00Z.</summary>
    public const long Noon = 1_768_478_400;

    /// <summary>One commit, told by a metric. Each second of the time is another body.</summary>
    public static string Commit(long unixSeconds = Noon, string session = "a") =>
        Metrics(Point($"{unixSeconds}000000000", session));

    /// <summary>One data point; a time of "0" is one that must be rejected.</summary>
    public static string Point(string timeUnixNano, string session = "a") =>
        $$$"""{"attributes":[{"key":"session.id","value":{"stringValue":"{{{session}}}"}}],"timeUnixNano":"{{{timeUnixNano}}}","asDouble":1}""";

    public static string Metrics(params string[] points) =>
        $$$"""
        {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"claude_code.commit.count","sum":{"aggregationTemporality":1,"isMonotonic":true,
        "dataPoints":[{{{string.Join(",", points)}}}]}}]}]}]}
        """;

    /// <summary>One billed request of 10 input and 5 output tokens for 0.25 dollars.</summary>
    public static string Request(long unixSeconds = Noon, string session = "a", string model = "opus", string id = "r1") => Logs("api_request", unixSeconds, session,
        $$$"""
        ,{"key":"model","value":{"stringValue":"{{{model}}}"}},{"key":"input_tokens","value":{"intValue":"10"}},
        {"key":"output_tokens","value":{"intValue":"5"}},{"key":"cost_usd","value":{"doubleValue":0.25}},
        {"key":"request_id","value":{"stringValue":"{{{id}}}"}}
        """);

    public static string Prompt(long unixSeconds = Noon, string session = "a") => Logs("user_prompt", unixSeconds, session, "");

    /// <summary>A commit in exactly so many bytes: JSON may end in any number of blanks.</summary>
    public static byte[] OfLength(int bytes, long unixSeconds = Noon) => Encoding.UTF8.GetBytes(Commit(unixSeconds).PadRight(bytes));

    public static byte[] Gzip(ReadOnlySpan<byte> plain)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Optimal))
        {
            gzip.Write(plain);
        }

        return bytes.ToArray();
    }

    public static byte[] Gunzip(byte[] gzip)
    {
        using var plain = new MemoryStream();
        using var stream = new GZipStream(new MemoryStream(gzip), CompressionMode.Decompress);
        stream.CopyTo(plain);
        return plain.ToArray();
    }

    private static string Logs(string name, long unixSeconds, string session, string attributes) => string.Create(CultureInfo.InvariantCulture,
        $$$"""
        {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"{{{unixSeconds}}}000000000","body":{"stringValue":"claude_code.{{{name}}}"},"attributes":[
        {"key":"session.id","value":{"stringValue":"{{{session}}}"}},{"key":"event.name","value":{"stringValue":"{{{name}}}"}}{{{attributes}}}]}]}]}]}
        """);
}
