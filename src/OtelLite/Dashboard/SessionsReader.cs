using System.Globalization;
using OtelLite.Query;

namespace OtelLite.Dashboard;

/// <summary>Reads what <c>/api/sessions</c> takes besides the range and the narrowing.</summary>
internal static class SessionsReader
{
    /// <summary>The parameters, with what they do; <c>/openapi.json</c> is made from this.</summary>
    public static readonly IReadOnlyList<(string Name, string Does)> Parameters =
    [
        ("limit", $"how many, at most {Limits.SessionsMax}; default 100"),
        ("offset", $"how many of the first to leave out, at most {Limits.SessionsOffsetMax}; default 0"),
        ("sort", $"{string.Join(", ", Sorts)}; default seen. What is equal is sorted by the id"),
        ("order", "asc or desc; default desc"),
        ("text", $"only those with this in their id, name, project, repository, branch, machine, model or a value of their resource, whatever the case; at most {Limits.SearchCharactersMax} characters"),
        ("active", "'true': only those of which something arrived in the last five minutes"),
        ("minCost", "only those that cost as many dollars within the range"),
    ];

    public static readonly string[] Names = [.. Parameters.Select(p => p.Name)];

    private static string[] Sorts => [.. Enum.GetNames<SessionSort>().Select(n => n.ToLowerInvariant())];

    /// <exception cref="BadRequestException">A parameter makes no sense.</exception>
    public static SessionsAsked Read(IQueryCollection query) => new()
    {
        Sort = query["sort"] switch
        {
            [] => SessionSort.Seen,
            [{ } name] when Array.IndexOf(Sorts, name) is >= 0 and var index => (SessionSort)index,
            var values => throw new BadRequestException($"sort: '{values}' is none of {string.Join(", ", Sorts)}"),
        },
        Ascending = query["order"] switch
        {
            [] or ["desc"] => false,
            ["asc"] => true,
            var values => throw new BadRequestException($"order: '{values}' is not 'asc' or 'desc'"),
        },
        Offset = query["offset"] switch
        {
            [] => 0,
            [{ } text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int offset) && offset <= Limits.SessionsOffsetMax => offset,
            var values => throw new BadRequestException($"offset: '{values}' is not a whole number from 0 to {Limits.SessionsOffsetMax}"),
        },
        Text = query["text"] switch
        {
            [] => "",
            [{ Length: <= Limits.SearchCharactersMax } text] => text,
            _ => throw new BadRequestException($"text: it may have at most {Limits.SearchCharactersMax} characters"),
        },
        Active = query["active"] switch
        {
            [] or ["false"] => false,
            ["true"] => true,
            var values => throw new BadRequestException($"active: '{values}' is not 'true' or 'false'"),
        },
        MinCostNanoUsd = query["minCost"] switch
        {
            [] => null,
            [{ } text] when decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal usd) && usd <= Limits.MinCostUsdMax =>
                (long)decimal.Round(usd * 1_000_000_000m),
            var values => throw new BadRequestException($"minCost: '{values}' is not a number of dollars from 0 to {Limits.MinCostUsdMax}"),
        },
    };
}
