using System.Text;

namespace OtelLite.Tests.Breaking;

/// <summary>Bodies that no other is like, each one billed request of 10 input and 5 output tokens for 0.25 dollars, by turns in JSON and in protobuf.</summary>
internal sealed class FreshBodies(string sender)
{
    private int _made;

    /// <summary>How many there are.</summary>
    public int Made => _made;

    public RecordedBody Next()
    {
        int number = Interlocked.Increment(ref _made);
        string json = Exports.Request(Exports.Noon + number, $"session-{sender}", id: $"{sender}-{number}");
        var body = new RecordedBody(sender, "logs", Encoding.UTF8.GetBytes(json), Gzip: false, Protobuf: false);
        return number % 2 == 0 ? body : body.Translated();
    }

    /// <summary>One body of so many requests.</summary>
    public static string Many(int requests, string sender) => Exports.Request(id: $"{sender}-0", session: $"session-{sender}").Replace(
        "\"logRecords\":[", "\"logRecords\":[" + string.Concat(Enumerable.Range(1, requests - 1).Select(i => Record(Exports.Request(Exports.Noon + i, $"session-{sender}", id: $"{sender}-{i}")) + ",")),
        StringComparison.Ordinal);

    private static string Record(string export)
    {
        int from = export.IndexOf("\"logRecords\":[", StringComparison.Ordinal) + "\"logRecords\":[".Length;
        return export[from..export.LastIndexOf("]}]}]}", StringComparison.Ordinal)];
    }
}
