using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace OtelLite.Tests.Dashboard;

/// <summary>The page in a real browser, on a real server: what stands in its elements is what the API says.</summary>
public sealed class PageTests(HeadlessBrowser browser) : PageTest(browser)
{
    [BrowserFact]
    public async Task Every_figure_on_thePage_is_the_summary_s_for_its_scope()
    {
        await Server.Replay(Recorded.Bodies("json"));
        // The recordings grow old; something of this minute is in every range.
        using HttpResponseMessage now = await Server.Post("/v1/logs", Exports.Request(DateTimeOffset.UtcNow.ToUnixTimeSeconds()));
        now.EnsureSuccessStatusCode();
        foreach ((string hash, string scope) in ((string, string)[])[("#all", ""), ("#range=30d", "range=30d"), ("#", "since=scrape")])
        {
            await Open(hash);
            await Page.Locator($"main[data-scope='{scope}']").WaitForAsync();
            await AssertFigures();
            Assert.NotEqual("0", await Page.Locator("[data-figure='tokens.output']").GetAttributeAsync("data-value"));
        }

        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task What_only_metrics_know_has_a_row_of_its_own()
    {
        await Server.Replay(Recorded.Bodies("auto-mode"));
        await Open("#all");
        await Page.GetByText("of which auxiliary, no request detail").WaitForAsync();
        await AssertFigures();
        Assert.True(double.Parse((await Page.Locator("[data-figure='auxiliary.costUsd']").GetAttributeAsync("data-value"))!, CultureInfo.InvariantCulture) > 0);
    }

    [BrowserFact]
    public async Task A_body_posted_while_thePage_is_open_changes_its_figures_within_a_second()
    {
        await Open("#all");
        await Figure("tokens.output", "0");
        IReadOnlyList<RecordedBody> bodies = Recorded.Bodies("json", "s02");
        await Server.Replay(bodies);
        double expected = Recorded.Expected("json").Where(t => t.Capture == "s02").Sum(t => t["metric:tok.output"]);
        Assert.NotEqual(0, expected);
        await Page.Locator($"[data-figure='tokens.output'][data-value='{expected}']").WaitForAsync(new() { Timeout = 1000 });
        await AssertFigures();
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task Every_part_counts_days_in_the_zone_that_the_address_names()
    {
        List<string> asked = [];
        Page.Request += (_, request) => asked.Add(request.Url);
        await Open("#tz=Asia/Tokyo");
        await Figure("costUsd", "0");
        await Page.WaitForLoadStateAsync(LoadState.DOMContentLoaded);
        for (int i = 0; i < 40 && !asked.Any(url => url.Contains("/api/dimensions?", StringComparison.Ordinal)); i++)
        {
            await Task.Delay(50);
        }

        string[] parts = ["/api/summary", "/api/now", "/api/dimensions", "/api/live"];
        Assert.All(parts, part => Assert.Contains(asked, url => url.Contains($"{part}?", StringComparison.Ordinal) && url.EndsWith("tz=Asia/Tokyo", StringComparison.Ordinal)));
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task An_empty_database_shows_the_block_to_paste_until_something_arrives()
    {
        await Open("#");
        ILocator setup = Page.Locator("#setup");
        await setup.Locator("pre").WaitForAsync();
        string block = await setup.Locator("pre").InnerTextAsync();
        Assert.Contains($"export OTEL_EXPORTER_OTLP_ENDPOINT={Server.Url}", block, StringComparison.Ordinal);
        Assert.Contains($"Authorization=Bearer {ServerClient.TestToken}", block, StringComparison.Ordinal);
        Assert.Contains("Waiting for the first export", await setup.InnerTextAsync(), StringComparison.Ordinal);

        await setup.GetByRole(AriaRole.Tab, new() { Name = "fish" }).ClickAsync();
        Assert.Contains("set -gx OTEL_EXPORTER_OTLP_ENDPOINT", await setup.Locator("pre").InnerTextAsync(), StringComparison.Ordinal);

        await Server.Replay(Recorded.Bodies("json", "s02"));
        await setup.WaitForAsync(new() { State = WaitForSelectorState.Hidden, Timeout = 1000 });
    }

    [BrowserFact]
    public async Task Without_a_scrape_thePage_says_that_it_starts_at_midnight_and_with_one_how_old_it_is()
    {
        await Open("#");
        await Text("#scope-text", "Since midnight (00:00): no scrape has been reported yet");
        string scrapedAt = DateTimeOffset.UtcNow.AddMinutes(-90).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        string reset = DateTimeOffset.UtcNow.AddHours(2).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        using HttpResponseMessage answer = await Server.Post(
            "/api/scrapes", $$"""{"scrapedAt":"{{scrapedAt}}","source":"test","limits":{"fiveHour":{"usedPercent":41.5,"resetsAt":"{{reset}}"} } }""");
        answer.EnsureSuccessStatusCode();
        await Page.GetByText("Last scrape 1 h 30 min ago").WaitForAsync(new() { Timeout = 2000 });
        await Page.GetByText("5-hour limit: 41.5 %").WaitForAsync();
        Assert.Equal("41.5", await Page.GetByRole(AriaRole.Meter).GetAttributeAsync("aria-valuenow"));
        await AssertFigures();
    }

    [BrowserFact]
    public async Task A_range_that_is_chosen_is_kept_in_the_address_and_asked_for()
    {
        await Server.Replay(Recorded.Bodies("json", "s02"));
        await Open("#");
        await Page.GetByRole(AriaRole.Button, new() { Name = "All", Exact = true }).ClickAsync();
        await Page.Locator("main[data-scope='']").WaitForAsync();
        Assert.EndsWith("#all", Page.Url, StringComparison.Ordinal);
        await AssertFigures();

        await Page.GetByText("Custom…").ClickAsync();
        await Page.GetByLabel("From", new() { Exact = true }).FillAsync("2020-01-01T00:00");
        await Page.GetByRole(AriaRole.Button, new() { Name = "Show", Exact = true }).ClickAsync();
        await Page.Locator("main[data-scope^='from=2']").WaitForAsync();
        await AssertFigures();
        Assert.Equal("true", await Page.EvaluateAsync<string>("String(document.querySelectorAll('.u-over').length === 1)"));
    }

    [BrowserFact]
    public async Task A_step_that_begins_before_the_range_is_drawn_whole()
    {
        // The highest step is the first, and it begins before the first record, where the range of "all" begins.
        for (int i = 0; i < 4; i++)
        {
            using HttpResponseMessage answer = await Server.Post("/v1/logs", Exports.Request(Exports.Noon + (i < 3 ? 7 : 3600), id: $"r{i}"));
            answer.EnsureSuccessStatusCode();
        }

        await Open("#all");
        await Page.Locator("#chart .u-over").WaitForAsync();
        // The axis leaves room above the highest step. What is cut off runs through that room to the edge.
        int colouredAtTheEdge = await Page.EvaluateAsync<int>("""
            (() => {
              const canvas = document.querySelector("#chart canvas");
              const scale = canvas.width / canvas.clientWidth;
              const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, Math.round(14 * scale));
              let n = 0;
              for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 100 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 60) n++;
              return n;
            })()
            """);
        Assert.Equal(0, colouredAtTheEdge);
    }

    [BrowserFact]
    public async Task On_a_phone_nothing_is_wider_than_the_screen()
    {
        await Page.SetViewportSizeAsync(390, 844);
        await Open("#all");
        await Page.Locator("#setup pre").WaitForAsync();
        Assert.Equal(390, await Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await Server.Replay(Recorded.Bodies("json"));
        await Page.Locator("#chart .u-over").WaitForAsync();
        Assert.Equal(390, await Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    [BrowserFact]
    public async Task The_block_can_be_asked_for_again_when_something_is_stored()
    {
        await Server.Replay(Recorded.Bodies("json", "s02"));
        await Open("#all");
        Assert.False(await Page.Locator("#setup").IsVisibleAsync());
        await Page.GetByRole(AriaRole.Button, new() { Name = "Connect Claude Code" }).ClickAsync();
        await Page.Locator("#setup pre").WaitForAsync();
        await Page.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        Assert.False(await Page.Locator("#setup").IsVisibleAsync());
    }

    [BrowserFact]
    public async Task A_range_that_ends_before_it_starts_is_not_asked_for()
    {
        await Open("#");
        await Page.GetByText("Custom…").ClickAsync();
        await Page.GetByLabel("From", new() { Exact = true }).FillAsync("2026-01-02T00:00");
        await Page.GetByLabel("To", new() { Exact = true }).FillAsync("2026-01-01T00:00");
        await Page.GetByRole(AriaRole.Button, new() { Name = "Show", Exact = true }).ClickAsync();
        await Page.GetByText("The end must be after the start").WaitForAsync();
        Assert.EndsWith("/", Page.Url.TrimEnd('#'), StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task AServer_that_goes_away_is_shown_and_one_that_comes_back_is_followed_again()
    {
        await using RunningServer other = await RunningServer.Start();
        string port = new Uri(other.Url).Port.ToString(CultureInfo.InvariantCulture);
        await OpenAt(other, "#all");
        await other.Stop();
        await Page.Locator("#connection[data-state=reconnecting]").WaitForAsync(new() { Timeout = 3000 });
        await using RunningServer again = await RunningServer.Start(null, "--urls", $"http://127.0.0.1:{port}");
        await Page.Locator("#connection[data-state=live]").WaitForAsync(new() { Timeout = 5000 });
        await again.Replay(Recorded.Bodies("json", "s02"));
        await Page.Locator("[data-figure='tokens.output']:not([data-value='0'])").WaitForAsync(new() { Timeout = 2000 });
    }

    [BrowserFact]
    public async Task What_telemetry_says_is_shown_as_text_and_never_becomes_markup()
    {
        const string hostile = "<img src=x onerror=alert(1)>";
        using HttpResponseMessage answer = await Server.Post("/v1/logs", $$$"""
            {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1760000000000000000","attributes":[
              {"key":"event.name","value":{"stringValue":"tool_result"}},{"key":"session.id","value":{"stringValue":"{{{hostile}}}"}},
              {"key":"tool_name","value":{"stringValue":"{{{hostile}}}"}},{"key":"success","value":{"stringValue":"true"}}]}]}]}]}
            """);
        answer.EnsureSuccessStatusCode();
        await Open("#all");
        await Page.GetByText(hostile).First.WaitForAsync();
        Assert.Equal(0, await Page.Locator("main img").CountAsync());
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task A_session_of_the_list_is_shown_prompt_by_prompt_and_back_leads_to_the_list()
    {
        await Server.Replay(Recorded.Bodies("json", "s20"));
        ExpectedTotals expected = Recorded.Expected("json").Single(t => t.Capture == "s20");
        await Open("#all");
        await Page.Locator($"#sessions-rows a[href='#session={expected.SessionId}']").ClickAsync();
        await Page.Locator("#session .prompt").First.WaitForAsync();
        await Page.Locator($"main[data-scope='session={expected.SessionId}']").WaitForAsync();
        await AssertFigures();
        Assert.False(await Page.Locator("#sessions-rows").IsVisibleAsync());
        JsonNode details = await Server.Get($"/api/sessions/{expected.SessionId}");
        Assert.Equal(details["prompts"]!.AsArray().Count(p => (string)p!["kind"]! != "none"), await Page.Locator("#session .prompt:not(:has-text('Without a prompt'))").CountAsync());

        // Every request of the ledger and every tool call is a row; the older prompts make theirs when they are opened.
        await Page.EvaluateAsync("document.querySelectorAll('#session details.prompt').forEach(d => { d.open = true; })");
        int requests = details["prompts"]!.AsArray().Sum(p => p!["requests"]!.AsArray().Count);
        await Assertions.Expect(Page.Locator("#session .track .request")).ToHaveCountAsync(requests);
        Assert.Equal(expected["log:count tool_result"], await Page.Locator("#session .track .tool, #session .track .bad").CountAsync());

        // Opened with the keyboard, an event says all it says, as text.
        ILocator row = Page.Locator("#session button.row", new() { HasText = "tool Bash" }).First;
        await row.FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Page.Locator("#session dt", new() { HasText = "tool_use_id" }).First.WaitForAsync();
        Assert.Equal("true", await row.GetAttributeAsync("aria-expanded"));

        await Page.GoBackAsync();
        await Page.Locator("#sessions-rows a").First.WaitForAsync();
        Assert.False(await Page.Locator("#session").IsVisibleAsync());
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task What_is_refused_is_told_where_the_first_export_is_waited_for_and_with_what_arrived()
    {
        (await Server.Post("/v1/nosuch", "{}")).Dispose();
        await Open("#");
        await Page.Locator("#setup-refused", new() { HasText = "exports go to /v1/metrics" }).WaitForAsync();
        await Server.Replay(Recorded.Bodies("traces", "t01"));
        await Page.Locator("#setup").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await Page.Locator("#arrived-rows tr", new() { HasText = "Traceshttp/json5" }).WaitForAsync(new() { Timeout = 15_000 });
        Assert.Equal("Metrics http/json 8, Events http/json 10, Traces http/json 5", await Page.EvaluateAsync<string>(
            "[...document.querySelectorAll('#arrived-rows tr')].map(r => [0, 1, 2].map(i => r.cells[i].textContent).join(' ')).join(', ')"));
        Assert.Equal(1, await Page.Locator("#refused-rows tr", new() { HasText = "/v1/nosuch" }).CountAsync());
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task A_session_that_is_not_there_is_said_to_be_none()
    {
        await Open("#session=nobody");
        await Page.GetByText("there is no session of this id").WaitForAsync();
        await Page.GetByText("All sessions").ClickAsync();
        await Page.Locator("#session").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
    }

    [BrowserFact]
    public async Task A_session_that_is_looked_at_follows_what_arrives()
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        (await Server.Post("/v1/logs", Exports.Request(now - 60))).Dispose();
        await Open("#session=a");
        await Assertions.Expect(Page.Locator("#session .track .request")).ToHaveCountAsync(1);
        (await Server.Post("/v1/logs", Exports.Request(now - 30, id: "r2"))).Dispose();
        await Assertions.Expect(Page.Locator("#session .track .request")).ToHaveCountAsync(2);
    }

    [BrowserFact]
    public async Task A_question_that_makes_no_sense_is_explained()
    {
        await Open("#range=banana");
        await Page.GetByText("'banana' is not a duration").WaitForAsync();
        await Page.GetByText("Show the default range").ClickAsync();
        await Page.Locator("#connection[data-state=live]").WaitForAsync();
        await Page.Locator("#problem").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
    }
}
