using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Dashboard;

/// <summary>What may be asked of the list of sessions and of a breakdown, to its bounds and one past them.</summary>
public sealed class SessionsAskedTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly RunningServer _server = shared.Server;

    private async Task<(HttpStatusCode Status, string Detail)> Ask(string path)
    {
        using HttpResponseMessage answer = await _server.Http.GetAsync(new Uri(_server.Url + path));
        JsonNode body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return (answer.StatusCode, (string?)body["detail"] ?? "");
    }

    public static TheoryData<string, string, string> Bounds => new()
    {
        { "/api/sessions?offset=", Limits.SessionsOffsetMax.ToString(CultureInfo.InvariantCulture), (Limits.SessionsOffsetMax + 1).ToString(CultureInfo.InvariantCulture) },
        { "/api/sessions?text=", new string('x', Limits.SearchCharactersMax), new string('x', Limits.SearchCharactersMax + 1) },
        { "/api/sessions?minCost=", Limits.MinCostUsdMax.ToString(CultureInfo.InvariantCulture), Limits.MinCostUsdMax.ToString(CultureInfo.InvariantCulture) + ".01" },
        { "/api/sessions?limit=", Limits.SessionsMax.ToString(CultureInfo.InvariantCulture), (Limits.SessionsMax + 1).ToString(CultureInfo.InvariantCulture) },
        { "/api/breakdown?top=", Limits.BreakdownTopMax.ToString(CultureInfo.InvariantCulture), (Limits.BreakdownTopMax + 1).ToString(CultureInfo.InvariantCulture) },
        { "/api/breakdown?top=", "1", "0" },
        { "/api/sessions?sort=", "duration", "beauty" },
        { "/api/sessions?order=", "asc", "up" },
        { "/api/sessions?active=", "true", "perhaps" },
        { "/api/sessions?minCost=", "0.5", "-1" },
    };

    [Theory]
    [MemberData(nameof(Bounds))]
    public async Task What_is_asked_within_the_bound_is_answered_and_beyond_it_explained(string question, string within, string beyond)
    {
        Assert.Equal((HttpStatusCode.OK, ""), await Ask(question + within));
        (HttpStatusCode status, string detail) = await Ask(question + beyond);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(question.Split('?')[1].TrimEnd('=') + ":", detail, StringComparison.Ordinal);
    }
}
