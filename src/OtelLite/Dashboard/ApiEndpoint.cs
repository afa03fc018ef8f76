using System.Text.Json.Serialization.Metadata;

namespace OtelLite.Dashboard;

/// <summary>One path of the API. What is served and what <c>/openapi.json</c> says are the same list of these.</summary>
/// <param name="Answer">The type of a successful answer; null where it is not JSON. Asked only by who describes it: all of them together were 9 of 57 ms of a start.</param>
internal sealed record ApiEndpoint(string Method, string Path, string Does, Func<JsonTypeInfo>? Answer, Func<HttpContext, Task> Serve)
{
    private const string IdPlace = "{id}";

    /// <summary>Whether a path is this one; an id in it is one whole segment that is not empty.</summary>
    public bool Is(string path) => Path == path || IdIn(path) is not null;

    /// <summary>What stands in a path where this one has its id, or null when the path is another.</summary>
    public string? IdIn(string path)
    {
        int at = Path.IndexOf(IdPlace, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        string tail = Path[(at + IdPlace.Length)..];
        return path.Length > at + tail.Length && path.StartsWith(Path[..at], StringComparison.Ordinal) && path.EndsWith(tail, StringComparison.Ordinal)
            && path[at..^tail.Length] is var id && !id.Contains('/', StringComparison.Ordinal)
            ? id
            : null;
    }

    /// <summary>Parameters of the query beside those of the scope.</summary>
    public IReadOnlyList<(string Name, string Does)> Parameters { get; init; } = [];

    /// <summary>Takes the parameters that narrow a figure.</summary>
    public bool Scoped { get; init; }

    /// <summary>Answers without a token.</summary>
    public bool Open { get; init; }

    /// <summary>What is posted becomes something of its own: 201.</summary>
    public bool Makes { get; init; }

    /// <summary>The type of the posted body.</summary>
    public Func<JsonTypeInfo>? Body { get; init; }
}
