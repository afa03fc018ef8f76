using Microsoft.Playwright;
using OtelLite.Tests.Breaking;

namespace OtelLite.Tests.Dashboard;

/// <summary>Who only looks at the page is told there that nothing can be stored, why, and when that is over.</summary>
[Collection(Alone.Name)]
public sealed class PageBadDiskTests(HeadlessBrowser browser) : PageTest(browser)
{
    [PublishedBrowserFact]
    public async Task The_page_of_the_published_program_says_why_nothing_can_be_stored()
    {
        using var disk = new BadDisk();
        await using PublishedExe exe = await PublishedExe.StartWith(disk.Environment);
        var bodies = new FreshBodies("page");
        await Sent.UntilAcknowledged(exe, bodies.Next());
        await OpenAt(exe, "");
        await Page.Locator("#connection[data-state=live]").WaitForAsync();
        Assert.False(await Page.Locator("#refused").IsVisibleAsync());

        disk.Fill();
        using (HttpResponseMessage refused = await exe.Post(bodies.Next()))
        {
            Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }

        await Page.ReloadAsync();
        ILocator said = Page.Locator("#refused", new() { HasText = "Nothing can be stored now: the disk is full" });
        await said.WaitForAsync();
        disk.Mend();
        await said.WaitForAsync(new() { State = WaitForSelectorState.Hidden, Timeout = 20_000 });
    }
}
