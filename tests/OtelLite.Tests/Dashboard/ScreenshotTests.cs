using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.Data.Sqlite;
using Microsoft.Playwright;
using OtelLite.Bench;

namespace OtelLite.Tests.Dashboard;

/// <summary>
/// The page's pictures, of recorded sessions spread over the last hours. They go to the folder that OTELLITE_SCREENSHOTS names, else where nobody looks:
/// that they can be made is tested all the same.
/// </summary>
public sealed class ScreenshotTests(HeadlessBrowser browser) : IClassFixture<HeadlessBrowser>
{
    private const double Hours = 8;

    [BrowserFact]
    public async Task The_page_can_be_photographed_in_light_and_dark_on_a_phone_and_at_a_session()
    {
        await using RunningServer server = await RunningServer.Start(null, "--durability", "normal");
        using (var http = new HttpClient { BaseAddress = new Uri(server.Url) })
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ServerClient.TestToken);
            await Feed.Past(http, Hours);
        }

        Age(server);
        await Scrape(server);
        string folder = Environment.GetEnvironmentVariable("OTELLITE_SCREENSHOTS") is { Length: > 0 } named ? named : Path.Combine(server.DataDir, "pictures");
        string session = server.Rows("SELECT session_id FROM otel_events WHERE event_name = 'tool_result' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1").Trim();
        await Photograph(server, folder, "light.png", "#", Wide(ColorScheme.Light));
        await Photograph(server, folder, "dark.png", "#", Wide(ColorScheme.Dark));
        await Photograph(server, folder, "session.png", $"#session={session}", Wide(ColorScheme.Light));
        await Photograph(server, folder, "phone.png", "#", new() { ColorScheme = ColorScheme.Light, ViewportSize = new() { Width = 390, Height = 844 }, DeviceScaleFactor = 2 });
    }

    private static BrowserNewContextOptions Wide(ColorScheme scheme) =>
        new() { ColorScheme = scheme, ViewportSize = new() { Width = 1280, Height = 940 }, DeviceScaleFactor = 1.5f };

    // All of it arrived just now; on the picture it did when it happened.
    private static void Age(RunningServer server)
    {
        using var file = new SqliteConnection($"Data Source={Path.Combine(server.DataDir, "otellite.db")};Pooling=False");
        file.Open();
        OtelLite.Storage.Uncounted.WaitFor(file);
        using SqliteCommand command = file.CreateCommand();
        command.CommandText = "UPDATE usage_session SET received_unix_nano = last_unix_nano";
        command.ExecuteNonQuery();
    }

    private static async Task Scrape(RunningServer server)
    {
        static string Time(double hours) => DateTimeOffset.UtcNow.AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        using HttpResponseMessage answer = await server.Post("/api/scrapes", $$"""
            {"scrapedAt":"{{Time(1 - Hours)}}","source":"usage page",
             "limits":{"fiveHour":{"usedPercent":41.5,"resetsAt":"{{Time(2)}}"},"sevenDay":{"usedPercent":78,"resetsAt":"{{Time(24)}}"} } }
            """);
        answer.EnsureSuccessStatusCode();
    }

    private async Task Photograph(RunningServer server, string folder, string name, string hash, BrowserNewContextOptions options)
    {
        options.ReducedMotion = ReducedMotion.Reduce;
        await using IBrowserContext context = await browser.Chromium.NewContextAsync(options);
        IPage page = await context.NewPageAsync();
        await page.GotoAsync(server.SignInUrl);
        await page.GotoAsync($"{server.Url}/{hash}");
        await page.Locator("#connection[data-state=live]").WaitForAsync();
        await page.Locator("[data-figure=costUsd]:not([data-value='0'])").First.WaitForAsync();
        await page.Locator(hash == "#" ? ".u-over" : "#session .prompt").First.WaitForAsync();
        await page.ScreenshotAsync(new() { Path = Path.Combine(folder, name), FullPage = name == "phone.png" });
        Assert.True(new FileInfo(Path.Combine(folder, name)).Length > 20_000, $"there is little to see on {name}");
    }
}
