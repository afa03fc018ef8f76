using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace OtelLite.Tests.Dashboard;

/// <summary>What arrives moves on the page by itself, what does not change stays untouched, and a page that nobody sees asks for nothing.</summary>
public sealed class PageLiveTests(HeadlessBrowser browser) : PageTest(browser)
{
    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    [BrowserFact]
    public async Task A_commit_moves_the_chart_the_lists_and_what_is_running_now()
    {
        (await Server.Post("/v1/logs", Exports.Request(Now - 30, session: "first"))).Dispose();
        await Open("#all");
        await Assertions.Expect(Page.Locator("#sessions-rows tr")).ToHaveCountAsync(1);
        await Assertions.Expect(Page.Locator("#now-rows tr")).ToHaveCountAsync(1);
        (await Server.Post("/v1/logs", Exports.Request(Now - 10, session: "second", model: "haiku", id: "r2"))).Dispose();
        var soon = new LocatorAssertionsToHaveCountOptions { Timeout = 3000 };
        await Assertions.Expect(Page.Locator("#now-rows tr")).ToHaveCountAsync(2, soon);
        await Assertions.Expect(Page.Locator("#legend button")).ToHaveCountAsync(2, soon);
        await Assertions.Expect(Page.Locator("#sessions-rows tr")).ToHaveCountAsync(2, soon);
        await Assertions.Expect(Page.Locator("#models-rows tr")).ToHaveCountAsync(2, soon);
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task That_nothing_runs_now_is_said_once_it_was_asked()
    {
        var asked = new TaskCompletionSource();
        await Page.RouteAsync("**/api/now*", async route =>
        {
            await asked.Task;
            await route.ContinueAsync();
        });
        await Open("#all");
        await Assertions.Expect(Page.Locator("#now-none")).ToBeHiddenAsync();
        asked.SetResult();
        await Assertions.Expect(Page.Locator("#now-none")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task What_is_running_now_says_what_each_session_does()
    {
        (await Server.Post("/v1/logs", Exports.Prompt(Now - 20, session: "thinks"))).Dispose();
        (await Server.Post("/v1/logs", Exports.Prompt(Now - 40, session: "waits"))).Dispose();
        (await Server.Post("/v1/logs", Exports.Request(Now - 30, session: "waits"))).Dispose();
        await Open("#all");
        await Assertions.Expect(Page.Locator("#now-title")).ToHaveTextAsync("Now: 2 active");
        await Assertions.Expect(Page.Locator("#now-rows tr", new() { HasText = "thinks" })).ToContainTextAsync("thinking");
        await Assertions.Expect(Page.Locator("#now-rows tr", new() { HasText = "waits" })).ToContainTextAsync("waiting for you");
        await Assertions.Expect(Page.Locator("#now-rates")).ToContainTextAsync("Since midnight");
    }

    [BrowserFact]
    public async Task A_commit_of_another_session_leaves_focus_selection_and_scrolling_where_they_are()
    {
        for (int i = 0; i < 30; i++)
        {
            (await Server.Post("/v1/logs", Exports.Request(Now - 60 - i, session: $"s{i}", id: $"r{i}"))).Dispose();
        }

        await Open("#all&sort=id&order=asc");
        await Assertions.Expect(Page.Locator("#sessions-rows tr")).ToHaveCountAsync(25);
        ILocator link = Page.Locator("#sessions-rows a").Nth(7);
        await link.FocusAsync();
        await Page.EvaluateAsync("""
            (() => {
              const row = document.querySelectorAll("#sessions-rows tr")[3];
              getSelection().selectAllChildren(row.cells[0]);
              window.kept = { row, text: String(getSelection()), scrolled: scrollY };
              scrollTo(0, scrollY);
            })()
            """);
        (await Server.Post("/v1/logs", Exports.Request(Now, session: "s0", id: "last"))).Dispose();
        await Assertions.Expect(Page.Locator("[data-figure=apiRequests]")).ToHaveTextAsync("31");
        await Assertions.Expect(Page.Locator("#sessions-rows tr[data-key=s0]")).ToContainTextAsync("$0.5");
        await Assertions.Expect(link).ToBeFocusedAsync();
        Assert.True(await Page.EvaluateAsync<bool>("kept.row.isConnected && String(getSelection()) === kept.text && scrollY === kept.scrolled"));
    }

    [BrowserFact]
    public async Task A_page_that_nobody_sees_asks_for_nothing_and_catches_up_when_it_is_seen()
    {
        await Open("#all");
        await Page.EvaluateAsync("""
            (() => {
              Object.defineProperty(document, "hidden", { get: () => window.away ?? false, configurable: true });
              window.see = (seen) => { window.away = !seen; document.dispatchEvent(new Event("visibilitychange")); };
              see(false);
            })()
            """);
        await Task.Delay(500); // what was under way ends
        List<string> asked = [];
        Page.Request += (_, request) => asked.Add(request.Url);
        await Server.Replay(Recorded.Bodies("json", "s02"));
        await Task.Delay(6000); // longer than anything that is asked at intervals
        Assert.Empty(asked);
        await Page.EvaluateAsync("see(true)");
        await Page.Locator("[data-figure='tokens.output']:not([data-value='0'])").WaitForAsync(new() { Timeout = 2000 });
        await AssertFigures();
    }

    [BrowserFact]
    public async Task No_other_host_is_asked_for_anything_and_all_that_is_loaded_is_small()
    {
        List<IRequest> asked = [];
        Page.Request += (_, request) => asked.Add(request);
        await Server.Replay(Recorded.Bodies("json"));
        await Open("#all");
        await Page.Locator("#sessions-rows a").First.ClickAsync();
        await Page.Locator("#session .prompt").First.WaitForAsync();
        Assert.All(asked, request => Assert.StartsWith(Server.Url + "/", request.Url, StringComparison.Ordinal));
        Assert.Contains(asked, request => request.Url.EndsWith("/web/app.js", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task The_limits_of_the_last_scrape_are_shown_with_where_they_will_be()
    {
        string At(double hours) => DateTimeOffset.UtcNow.AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        (await Server.Post("/v1/logs", Exports.Request(Now - 5000, session: "before"))).Dispose();
        (await Server.Post("/api/scrapes", $$$"""{"scrapedAt":"{{{At(-1)}}}","limits":{"fiveHour":{"usedPercent":10,"resetsAt":"{{{At(2)}}}"} } }""")).Dispose();
        (await Server.Post("/v1/logs", Exports.Request(Now - 600, session: "after", id: "r2"))).Dispose();
        await Open("#");
        // $0.25 were 10 %; as much again since, and twice as much until it is reset.
        ILocator limit = Page.Locator("#limits .limit");
        await Assertions.Expect(limit).ToContainTextAsync("5-hour limit: 10 %");
        await Assertions.Expect(limit).ToContainTextAsync("about 20 % now, 40 % by the reset");
        JsonNode now = await Server.Get("/api/now");
        Assert.Equal("cost", (string)now["limits"]![0]!["basis"]!);
    }
}
