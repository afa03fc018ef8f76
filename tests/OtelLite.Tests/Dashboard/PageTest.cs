using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace OtelLite.Tests.Dashboard;

/// <summary>One headless browser for all tests of the page.</summary>
public sealed class HeadlessBrowser : IAsyncLifetime
{
    private IPlaywright? _playwright;

    internal IBrowser Chromium { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Needs.Browser is not { } path)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        // In a container Chromium runs as root, where its sandbox can't start; it opens nothing but our own page.
        Chromium = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = ["--no-sandbox"] });
    }

    public async Task DisposeAsync()
    {
        if (Chromium is not null)
        {
            await Chromium.CloseAsync();
        }

        _playwright?.Dispose();
    }
}

/// <summary>What every test of the page has: a server, the page in a browser, and what the browser complains about.</summary>
public abstract class PageTest(HeadlessBrowser browser) : IClassFixture<HeadlessBrowser>, IAsyncLifetime
{
    protected List<string> Complaints { get; } = [];

    private protected RunningServer Server { get; private set; } = null!;

    protected IPage Page { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Needs.Browser is null)
        {
            return;
        }

        Server = await RunningServer.Start();
        IBrowserContext context = await browser.Chromium.NewContextAsync(new() { ViewportSize = new() { Width = 1400, Height = 1000 } });
        Page = await context.NewPageAsync();
        Page.PageError += (_, error) => Complaints.Add(error);
        Page.Console += (_, message) => Complain(message);
    }

    public async Task DisposeAsync()
    {
        if (Needs.Browser is not null)
        {
            await Page.Context.CloseAsync();
            await Server.DisposeAsync();
        }
    }

    protected async Task Open(string hash)
    {
        await OpenAt(Server, hash);
        if (!hash.Contains("banana", StringComparison.Ordinal))
        {
            await Page.Locator("#connection[data-state=live]").WaitForAsync();
            await Page.Locator("[data-figure=costUsd][data-value]").WaitForAsync();
        }
    }

    private protected async Task OpenAt(ServerClient server, string hash)
    {
        // The token is given once; the cookie stays.
        await Page.GotoAsync($"{server.Url}/?token={ServerClient.TestToken}");
        await Page.GotoAsync($"{server.Url}/{hash}");
    }

    protected Task Figure(string path, string value) =>
        Page.Locator($"[data-figure='{path}'][data-value='{value}']").WaitForAsync(new() { Timeout = 2000 });

    protected async Task Text(string selector, string expected)
    {
        await Page.GetByText(expected).WaitForAsync(new() { Timeout = 2000 });
        Assert.Equal(expected, await Page.Locator(selector).InnerTextAsync());
    }

    // Each element names its figure, its value and the query; that query, asked at the API, must say the same. What was committed last is shown a moment later.
    protected async Task AssertFigures()
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await AssertFiguresNow();
                return;
            }
            catch (Xunit.Sdk.TrueException) when (clock.Elapsed < TimeSpan.FromSeconds(1))
            {
                await Task.Delay(50);
            }
        }
    }

    private async Task AssertFiguresNow()
    {
        string json = await Page.EvaluateAsync<string>("""
            JSON.stringify([...document.querySelectorAll("[data-figure]")].map(e =>
              [e.dataset.figure, e.dataset.value, e.closest("[data-scope]").dataset.scope, e.textContent]))
            """);
        JsonArray figures = JsonNode.Parse(json)!.AsArray();
        Assert.True(figures.Count >= 18, $"only {figures.Count} figures are shown");
        JsonNode summary = await Server.Get("/api/summary?" + (string)figures[0]![2]!);
        foreach (JsonNode? figure in figures)
        {
            string path = (string)figure![0]!;
            JsonNode? expected = At(summary, path);
            Assert.True(expected is not null, $"{path} is shown and not in the summary");
            Assert.True((double)expected! == double.Parse((string)figure[1]!, CultureInfo.InvariantCulture), $"{path} is shown as {figure[1]}, and is {expected}");
            Assert.False(string.IsNullOrWhiteSpace((string)figure[3]!), $"{path} shows no text");
        }
    }

    // models.NAME.tokens.input, tools.NAME.calls: lists are addressed by the name of their rows, which may hold dots.
    private static JsonNode? At(JsonNode summary, string path)
    {
        foreach ((string list, string key) in (ReadOnlySpan<(string, string)>)[("models", "model"), ("tools", "name")])
        {
            JsonNode? row = summary[list]!.AsArray().FirstOrDefault(r => path.StartsWith($"{list}.{r![key]}.", StringComparison.Ordinal));
            if (row is not null)
            {
                return At(row, path[(list.Length + ((string)row[key]!).Length + 2)..].Split('.'));
            }
        }

        return At(summary, path.Split('.'));
    }

    private static JsonNode? At(JsonNode node, string[] names) => names.Aggregate((JsonNode?)node, (n, name) => (n as JsonObject)?[name]);

    // A server that was stopped on purpose, and a question refused on purpose, are the tests' own doing.
    private void Complain(IConsoleMessage message)
    {
        if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
        {
            Complaints.Add(message.Text);
        }
    }
}
