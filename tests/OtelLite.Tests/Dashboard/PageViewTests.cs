using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using OtelLite.Commands;

namespace OtelLite.Tests.Dashboard;

/// <summary>The address holds the whole view; whatever is chosen on the page leads to another one, by mouse or by keyboard, and back.</summary>
public sealed class PageViewTests(HeadlessBrowser browser) : PageTest(browser)
{
    [BrowserFact]
    public async Task A_figure_that_is_chosen_is_the_one_that_is_drawn_and_a_legend_entry_is_shown_alone()
    {
        await Server.Replay(Recorded.Bodies("json"));
        await Open("#all");
        await Page.Locator("#tiles [data-pick=tokens]").ClickAsync();
        await Assertions.Expect(Page.Locator("#chart-title")).ToHaveTextAsync("Tokens");
        await Assertions.Expect(Page.Locator("#legend button")).ToHaveCountAsync(4);
        Assert.EndsWith("#all&figure=tokens", Page.Url, StringComparison.Ordinal);

        await Page.Locator("#legend button", new() { HasText = "Output" }).FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Page.WaitForURLAsync("**/#all&figure=tokens&only=output");
        await Assertions.Expect(Page.Locator("#legend [aria-pressed=true]")).ToHaveTextAsync(new Regex("^Output"));
        string output = (await Page.Locator("[data-figure='tokens.output']").GetAttributeAsync("title"))!;
        await Assertions.Expect(Page.Locator("#chart")).ToHaveAttributeAsync("aria-label", new Regex($"^Tokens by kind, .*: {output} in all, most of it in "));

        await Page.GoBackAsync();
        await Page.GoBackAsync();
        await Assertions.Expect(Page.Locator("#chart-title")).ToHaveTextAsync("Cost");
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task What_the_export_brought_of_what_transcripts_know_is_told_of_all_and_of_a_session()
    {
        await Server.Replay(RecordedTranscripts.Export("t31-auto-mode"));
        foreach (string recording in (string[])["t31-auto-mode", "t02-full-opus"])
        {
            Options options = Options.Read(["--data-dir", Server.DataDir, "--urls", Server.Url, "--token", ServerClient.TestToken], _ => null);
            new ImportRun(options, [RecordedTranscripts.Projects(recording)], isDryRun: false, new ProgressBar(TextWriter.Null, isShown: false)).Look(default);
        }

        await Open("#all");
        await Assertions.Expect(Page.Locator("#capture li[data-key=rate]")).ToHaveTextAsync(new Regex("^50 % of the requests that transcripts know came with the export. 7 of 14, in 2 sessions"));
        await Assertions.Expect(Page.Locator("#capture li[data-key=onlyTranscript]")).ToHaveTextAsync(new Regex("^7 requests only transcripts know"));
        await Assertions.Expect(Page.Locator("#capture li[data-key=onlyExport]")).ToHaveTextAsync(new Regex("^1 request of these sessions only the export knows"));
        await Assertions.Expect(Page.Locator("#verdicts li[data-key=transcriptOnly]")).ToHaveTextAsync(new Regex("^1 session by transcripts alone"));

        await Open("#session=eb4b668d-bf1b-4492-a107-565b2fe825c8");
        await Assertions.Expect(Page.Locator("#session-facts")).ToContainTextAsync("export brought 0 of 7 requests in its transcript");
        await Assertions.Expect(Page.Locator("#session-prompts tr", new() { HasText = "from the transcript, cost derived" })).ToHaveCountAsync(7);
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task The_chart_as_a_table_adds_up_to_the_figure()
    {
        await Server.Replay(Recorded.Bodies("json"));
        await Open("#all&figure=output&by=project");
        await Page.Locator("#chart-table summary").ClickAsync();
        await Page.Locator("#chart-table-rows tr").First.WaitForAsync();
        double sum = await Page.EvaluateAsync<double>(
            "[...document.querySelectorAll('#chart-table-rows td.n')].reduce((sum, cell) => sum + Number(cell.textContent.replaceAll(',', '')), 0)");
        Assert.Equal((double)(await Server.Get("/api/summary"))["tokens"]!["output"]!, sum);
    }

    [BrowserFact]
    public async Task Dragging_over_the_chart_shows_that_time_and_back_leads_to_the_whole()
    {
        await Server.Replay(Recorded.Bodies("json"));
        await Open("#all");
        LocatorBoundingBoxResult over = (await Page.Locator("#chart .u-over").BoundingBoxAsync())!;
        await Page.Mouse.MoveAsync(over.X + over.Width * 0.25f, over.Y + 50);
        await Page.Mouse.DownAsync();
        await Page.Mouse.MoveAsync(over.X + over.Width * 0.75f, over.Y + 60, new() { Steps = 4 });
        await Page.Mouse.UpAsync();
        await Page.Locator("main[data-scope^='from=']").WaitForAsync();
        JsonNode whole = await Server.Get("/api/summary");
        JsonNode part = await Server.Get("/api/summary?" + await Page.Locator("main").GetAttributeAsync("data-scope"));
        Assert.InRange(Length(part), Length(whole) * 0.4, Length(whole) * 0.6);
        await AssertFigures();

        // The same without a mouse.
        await Page.Locator("#wider").FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        string before = Page.Url;
        await Page.Locator("#earlier").ClickAsync();
        await Page.WaitForFunctionAsync("before => location.href !== before", before);
        for (int i = 0; i < 3; i++)
        {
            await Page.GoBackAsync();
        }

        await Page.Locator("main[data-scope='']").WaitForAsync();
        Assert.EndsWith("#all", Page.Url, StringComparison.Ordinal);

        static double Length(JsonNode summary) => (DateTimeOffset.Parse((string)summary["to"]!, CultureInfo.InvariantCulture)
            - DateTimeOffset.Parse((string)summary["from"]!, CultureInfo.InvariantCulture)).TotalSeconds;
    }

    [BrowserFact]
    public async Task A_view_that_is_sent_to_someone_is_the_same_there()
    {
        await Server.Replay(Recorded.Bodies("json"));
        string model = (string)(await Server.Get("/api/summary"))["models"]![0]!["model"]!;
        await Open($"#all&model={model}&figure=apiRequests&by=source&total=1&sort=cost&order=asc&text=a&cost=0.0001");
        await Page.Locator($"main[data-scope='model={model}']").WaitForAsync();
        await AssertFigures();
        await Assertions.Expect(Page.Locator("#chart-title")).ToHaveTextAsync("API requests, running total");
        await Assertions.Expect(Page.Locator("#by")).ToHaveValueAsync("source");
        await Assertions.Expect(Page.Locator("#filters select[aria-label=Model]")).ToHaveValueAsync(model);
        await Assertions.Expect(Page.Locator("#sessions-text")).ToHaveValueAsync("a");
        await Assertions.Expect(Page.Locator("#sessions-cost")).ToHaveValueAsync("0.0001");
        await Assertions.Expect(Page.Locator("#sessions-head [aria-sort=ascending]")).ToContainTextAsync("Cost");
        JsonNode list = await Server.Get($"/api/sessions?model={model}&sort=cost&order=asc&text=a&minCost=0.0001&limit=25");
        await Assertions.Expect(Page.Locator("#sessions-rows a")).ToHaveCountAsync(list["sessions"]!.AsArray().Count);
        Assert.Equal(
            list["sessions"]!.AsArray().Select(s => "#session=" + (string)s!["id"]!),
            await Page.Locator("#sessions-rows a").EvaluateAllAsync<string[]>("links => links.map(a => decodeURIComponent(a.getAttribute('href')))"));
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task A_filter_narrows_everything_and_is_taken_away_again()
    {
        await Server.Replay(Recorded.Bodies("json"));
        await Open("#all");
        JsonNode second = (await Server.Get("/api/summary"))["models"]![1]!;
        await Page.Locator("#filters select[aria-label=Model]").SelectOptionAsync((string)second["model"]!);
        await Page.Locator("main[data-scope^='model=']").WaitForAsync();
        await Figure("costUsd", ((double)second["costUsd"]!).ToString(CultureInfo.InvariantCulture));
        await AssertFigures();
        await Page.Locator("#filters select[aria-label=Model]").SelectOptionAsync("");
        await Page.Locator("main[data-scope='']").WaitForAsync();
        await AssertFigures();
    }

    [BrowserFact]
    public async Task The_list_of_sessions_is_sorted_searched_and_paged_with_the_keyboard_alone()
    {
        for (int i = 0; i < 30; i++)
        {
            using HttpResponseMessage answer = await Server.Post("/v1/logs", Exports.Request(Exports.Noon + i, session: $"session-{i:00}", id: $"r{i}"));
            answer.EnsureSuccessStatusCode();
        }

        await Open("#all");
        await Assertions.Expect(Page.Locator("#sessions-rows tr")).ToHaveCountAsync(25);
        await Assertions.Expect(Page.Locator("#sessions-count")).ToHaveTextAsync("1 to 25 of 30");
        await Page.Locator("#sessions-head .sort", new() { HasText = "Session" }).FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Page.WaitForURLAsync("**/#all&sort=id");
        await Assertions.Expect(Page.Locator("#sessions-head [aria-sort=descending] .sort")).ToBeFocusedAsync();
        await Assertions.Expect(Page.Locator("#sessions-rows a").First).ToHaveAttributeAsync("href", "#session=session-29");
        await Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(Page.Locator("#sessions-rows a").First).ToHaveAttributeAsync("href", "#session=session-00");

        await Page.GetByRole(AriaRole.Button, new() { Name = "Further" }).FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(Page.Locator("#sessions-count")).ToHaveTextAsync("26 to 30 of 30");

        await Page.GetByLabel("Search sessions").FocusAsync();
        await Page.Keyboard.TypeAsync("SESSION-1");
        await Assertions.Expect(Page.Locator("#sessions-count")).ToHaveTextAsync("1 to 10 of 10");
        Assert.Contains("text=SESSION-1", Page.Url, StringComparison.Ordinal);
        Assert.DoesNotContain("page=", Page.Url, StringComparison.Ordinal);
        await Page.Keyboard.TypeAsync("x");
        await Page.GetByText("No session fits.").WaitForAsync();
        Assert.Empty(Complaints);
    }

    [BrowserFact]
    public async Task Everything_that_can_be_clicked_is_reached_with_the_tab_key_and_has_a_name()
    {
        await Server.Replay(Recorded.Bodies("json"));
        await Open("#all");
        await Page.Locator("#sessions-rows a").First.WaitForAsync();
        await Page.Locator("#legend button").First.WaitForAsync();
        const string clickable = "a[href], button:not([disabled]), input, select, summary";
        int all = await Page.EvaluateAsync<int>($$"""(window.all = [...document.querySelectorAll("{{clickable}}")].filter(e => e.checkVisibility())).length""");
        HashSet<int> reached = [];
        for (int i = 0; i < all + 30; i++)
        {
            await Page.Keyboard.PressAsync("Tab");
            int number = await Page.EvaluateAsync<int>("all.indexOf(document.activeElement)");
            reached.Add(number);
            Assert.True(
                number < 0 || await Page.EvaluateAsync<bool>("getComputedStyle(document.activeElement).outlineStyle !== 'none'"),
                $"{await Page.EvaluateAsync<string>("document.activeElement.outerHTML")} has the focus and does not show it");
        }

        foreach (int number in Enumerable.Range(0, all).Where(n => !reached.Contains(n)))
        {
            Assert.Fail("not reached: " + await Page.EvaluateAsync<string>($"all[{number}].outerHTML"));
        }
    }

    [BrowserTheory]
    [InlineData("Sessions", "#sessions-rows tr")]
    [InlineData("Tools", "#tools-rows tr")]
    public async Task A_table_is_saved_as_CSV_and_as_JSON_with_the_rows_that_are_shown(string what, string rows)
    {
        await Server.Replay(Recorded.Bodies("json"));
        await Open("#all");
        await Page.Locator(rows).First.WaitForAsync();
        int shown = await Page.Locator(rows).CountAsync();
        string csv = await Saved($"{what} as CSV");
        Assert.Equal(shown + 2, csv.Split("\r\n").Length); // the names of the columns, and nothing behind the last line's end
        Assert.Equal(shown, JsonNode.Parse(await Saved($"{what} as JSON"))!.AsArray().Count);
    }

    private async Task<string> Saved(string button)
    {
        IDownload download = await Page.RunAndWaitForDownloadAsync(() => Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync());
        return await File.ReadAllTextAsync(await download.PathAsync());
    }
}
