using OtelLite.Usage;

namespace OtelLite.Query;

/// <summary>A figure that can be asked for by its name, and what it is made of.</summary>
/// <param name="Name">As the API calls it.</param>
/// <param name="Figures">Its value is the sum of these.</param>
/// <param name="Kinds">Its parts; one where it has none. The figures behind a minus are taken off.</param>
internal sealed record Measure(string Name, Figure[] Figures, (string Name, Figure[] Plus, Figure[] Minus)[] Kinds)
{
    /// <summary>As the summary says it: dollars, seconds, or a count.</summary>
    public double Value(long stored) => Name switch
    {
        "costUsd" => SummaryQuery.Usd(stored),
        "activeSeconds" => stored / 1e6,
        _ => stored,
    };

    /// <summary>Its figures, as a list for SQL.</summary>
    public string FigureList => string.Join(", ", Figures.Select(f => (int)f));

    /// <summary>Where usage_session has it of a whole session; null where it has not.</summary>
    public string? SessionColumn => Name switch
    {
        "tokens" or "input" or "output" or "prompts" => Name,
        "cacheRead" => "cache_read",
        "cacheCreation" => "cache_creation",
        "costUsd" => "cost_nano_usd",
        "apiRequests" => "api_requests",
        "apiErrors" => "api_errors",
        "toolCalls" => "tool_calls",
        _ => null,
    };

    /// <summary>The kinds of tokens or cost that it is the sum of; none where it is not billed.</summary>
    public IEnumerable<BilledKind> Billed => BilledKinds.All.Where(kind => Figures.Contains(kind.ByEvents()));
}

/// <summary>All figures that can be broken down.</summary>
internal static class Measures
{
    public static readonly IReadOnlyList<Measure> All =
    [
        Of("tokens", [.. BilledKinds.All.Where(k => k != BilledKind.Cost).Select(kind => (NameOf(kind), Both(kind)))]),
        Of("input", ("input", Both(BilledKind.Input))),
        Of("output", ("output", Both(BilledKind.Output))),
        Of("cacheRead", ("cacheRead", Both(BilledKind.CacheRead))),
        Of("cacheCreation", ("cacheCreation", Both(BilledKind.CacheCreation))),
        Of("costUsd", ("costUsd", Both(BilledKind.Cost))),
        Of("apiRequests", ("apiRequests", [Figure.ApiRequests])),
        Of("apiErrors", ("apiErrors", [Figure.ApiErrors])),
        new("prompts", [Figure.Prompts],
        [
            ("human", [Figure.Prompts], [Figure.Commands, Figure.TaskNotifications]),
            ("command", [Figure.Commands], []),
            ("taskNotification", [Figure.TaskNotifications], []),
        ]),
        Of("toolCalls", ("toolCalls", [Figure.ToolCalls])),
        Of("toolFailures", ("toolFailures", [Figure.ToolFailures])),
        Of("activeSeconds", ("user", [Figure.ActiveUser]), ("cli", [Figure.ActiveCli])),
        Of("linesAdded", ("added", [Figure.LinesAdded])),
        Of("linesRemoved", ("removed", [Figure.LinesRemoved])),
        Of("lines", ("added", [Figure.LinesAdded]), ("removed", [Figure.LinesRemoved])),
        Of("commits", ("commits", [Figure.Commits])),
        Of("pullRequests", ("pullRequests", [Figure.PullRequests])),
    ];

    private static Measure Of(string name, params (string Name, Figure[] Figures)[] kinds) =>
        new(name, [.. kinds.SelectMany(k => k.Figures)], [.. kinds.Select(k => (k.Name, k.Figures, (Figure[])[]))]);

    private static Figure[] Both(BilledKind kind) => [kind.ByEvents(), kind.Rest()];

    private static string NameOf(BilledKind kind) => kind switch
    {
        BilledKind.Input => "input",
        BilledKind.Output => "output",
        BilledKind.CacheRead => "cacheRead",
        _ => "cacheCreation",
    };
}
