using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace OtelLite.Tests.Dashboard;

/// <summary>What axe-core finds on the page is nothing: in light and dark, on a wide screen and on a phone.</summary>
public sealed class AccessibilityTests(HeadlessBrowser browser) : IClassFixture<HeadlessBrowser>, IAsyncLifetime
{
    private static readonly string Axe = Path.Combine(Recorded.Repository, "tests/web/node_modules/axe-core/axe.min.js");

    private RunningServer _server = null!;
    private IPage _page = null!;

    public async Task InitializeAsync()
    {
        if (Needs.Browser is null)
        {
            return;
        }

        _server = await RunningServer.Start(null, "--durability", "normal");
        // A colour that is fading in has not its contrast yet.
        _page = await (await browser.Chromium.NewContextAsync(new() { ReducedMotion = ReducedMotion.Reduce })).NewPageAsync();
    }

    public async Task DisposeAsync()
    {
        if (Needs.Browser is not null)
        {
            await _page.Context.CloseAsync();
            await _server.DisposeAsync();
        }
    }

    [BrowserTheory]
    [InlineData(ColorScheme.Light, 1400)]
    [InlineData(ColorScheme.Dark, 1400)]
    [InlineData(ColorScheme.Light, 390)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task A_page_full_of_figures_has_no_fault(ColorScheme scheme, int width)
    {
        await _server.Replay(Recorded.Bodies("json"));
        await _server.Replay(Recorded.Bodies("auto-mode"));
        (await _server.Post("/v1/nosuch", "{}")).Dispose();
        (await _server.Post("/api/scrapes", """{"source":"test","limits":{"fiveHour":{"usedPercent":41.5},"sevenDay":{"usedPercent":99}}}""")).Dispose();
        await Open("#all", scheme, width);
        await _page.Locator("main[data-scope='']").WaitForAsync();
        await _page.Locator(".u-over").First.WaitForAsync();
        await UnfoldAll();
        await AssertNoFault();
    }

    [BrowserTheory]
    [InlineData(ColorScheme.Light, 1400)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task A_page_that_waits_for_the_first_export_has_no_fault(ColorScheme scheme, int width)
    {
        await Open("#", scheme, width);
        await _page.Locator("#setup pre").WaitForAsync();
        await AssertNoFault();
    }

    [BrowserTheory]
    [InlineData(ColorScheme.Light, 1400)]
    [InlineData(ColorScheme.Dark, 1400)]
    [InlineData(ColorScheme.Light, 390)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task A_session_s_page_has_no_fault(ColorScheme scheme, int width)
    {
        await _server.Replay(Recorded.Bodies("json", "s20"));
        string session = Recorded.Expected("json").Single(t => t.Capture == "s20").SessionId;
        await Open($"#session={session}", scheme, width);
        await _page.Locator($"main[data-scope='session={session}']").WaitForAsync();
        await _page.Locator("#session .prompt").First.WaitForAsync();
        await UnfoldAll();
        await AssertNoFault();
    }

    [BrowserTheory]
    [InlineData(ColorScheme.Light, 1400)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task A_question_that_makes_no_sense_is_explained_without_a_fault(ColorScheme scheme, int width)
    {
        await Show(scheme, width);
        await _page.GotoAsync(_server.SignInUrl);
        await _page.GotoAsync($"{_server.Url}/#range=banana");
        await _page.GetByText("'banana' is not a duration").WaitForAsync();
        await AssertNoFault();
    }

    [BrowserTheory]
    [InlineData(ColorScheme.Light, 1400)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task The_sign_in_page_has_no_fault(ColorScheme scheme, int width)
    {
        await Show(scheme, width);
        await _page.GotoAsync(_server.Url);
        await _page.Locator("input[type=password]").WaitForAsync();
        await AssertNoFault();
    }

    [BrowserFact]
    public async Task A_fault_would_be_found_and_named()
    {
        await Show(ColorScheme.Light, 1400);
        await _page.GotoAsync(_server.Url);
        await _page.EvaluateAsync("document.querySelector('main').append(Object.assign(document.createElement('img'), { id: 'nameless', src: '/favicon.svg' }))");
        Assert.Contains(await Faults(), fault => fault.Contains("image-alt", StringComparison.Ordinal) && fault.Contains("#nameless", StringComparison.Ordinal));
    }

    private async Task Show(ColorScheme scheme, int width)
    {
        await _page.EmulateMediaAsync(new() { ColorScheme = scheme });
        await _page.SetViewportSizeAsync(width, 900);
    }

    private async Task Open(string hash, ColorScheme scheme, int width)
    {
        await Show(scheme, width);
        await _page.GotoAsync(_server.SignInUrl);
        await _page.GotoAsync($"{_server.Url}/{hash}");
        await _page.Locator("[data-figure=costUsd][data-value]").First.WaitForAsync();
    }

    // What is folded away is not looked at.
    private async Task UnfoldAll() => await _page.EvaluateAsync("document.querySelectorAll('details').forEach(d => { d.open = true; })");

    private async Task AssertNoFault()
    {
        IReadOnlyList<string> faults = await Faults();
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    // A rule that is broken and where, a line each. The page's policy lets no script in, so it comes as a debugger's does.
    private async Task<IReadOnlyList<string>> Faults()
    {
        await _page.EvaluateAsync(await File.ReadAllTextAsync(Axe));
        string json = await _page.EvaluateAsync<string>("""
            axe.run().then(({ violations, passes }) => JSON.stringify({
              passes: passes.length,
              faults: violations.flatMap(v => v.nodes.map(n => `${v.id} (${v.help}): ${n.target.join(" ")} ${n.failureSummary.replace(/\s+/g, " ")}`)),
            }))
            """);
        JsonNode result = JsonNode.Parse(json)!;
        Assert.True((int)result["passes"]! > 5, "axe looked at nothing");
        return [.. result["faults"]!.AsArray().Select(f => (string)f!)];
    }
}
