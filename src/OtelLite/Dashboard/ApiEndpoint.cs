using System.Text.Json.Serialization.Metadata;

namespace OtelLite.Dashboard;

/// <summary>One path of the API. What is served and what <c>/openapi.json</c> says are the same list of these.</summary>
/// <param name="Answer">The type of a successful answer; null where it is not JSON.</param>
internal sealed record ApiEndpoint(string Method, string Path, string Does, JsonTypeInfo? Answer, Func<HttpContext, Task> Serve)
{
    private const string IdPlace = "{id}";

    /// <summary>Whether a path is this one; an id in it is one whole segment.</summary>
    public bool Is(string path) => Path.EndsWith(IdPlace, StringComparison.Ordinal)
        ? path.Length > Path.Length - IdPlace.Length && path.StartsWith(Path[..^IdPlace.Length], StringComparison.Ordinal)
            && !path[(Path.Length - IdPlace.Length)..].Contains('/', StringComparison.Ordinal)
        : Path == path;

    /// <summary>Parameters of the query beside those of the scope.</summary>
    public IReadOnlyList<(string Name, string Does)> Parameters { get; init; } = [];

    /// <summary>Takes the parameters that narrow a figure.</summary>
    public bool Scoped { get; init; }

    /// <summary>Answers without a token.</summary>
    public bool Open { get; init; }

    /// <summary>The type of the posted body.</summary>
    public JsonTypeInfo? Body { get; init; }
}
