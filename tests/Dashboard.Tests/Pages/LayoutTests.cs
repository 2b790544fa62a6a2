using System.Text.Json;
using KVCluster.Dashboard.Tests.Support;
using Microsoft.Playwright;

namespace KVCluster.Dashboard.Tests.Pages;

[Collection("browser")]
public sealed class LayoutTests(BrowserFixture browser, DashboardServer server) : IClassFixture<DashboardServer>
{
    private static readonly BrowserNewContextOptions Phone = new() { ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true };

    [BrowserFact]
    public async Task A_phone_shows_everything_without_scrolling_sideways()
    {
        await server.ConverseAsync("on-a-phone-with-a-rather-long-name-that-does-not-fit", lines: 10);
        await using WatchedPage page = await (await browser.OpenAsync(server, Phone)).LiveAsync();
        await page.Page.Locator("[data-cell=bytes]").First.WaitForAsync();

        Assert.True(await page.EvaluateAsync<bool>("() => document.scrollingElement.scrollWidth <= innerWidth"));
        Assert.False(await page.Page.Locator("th[data-column=place]").IsVisibleAsync());
        Assert.True(await page.Page.Locator(".phone-only").First.IsVisibleAsync());
        string[] small = await page.EvaluateAsync<string[]>(
            "() => [...document.querySelectorAll('button, input, select')].filter((e) => e.offsetParent && e.getBoundingClientRect().height < 24).map((e) => e.textContent)");
        Assert.Empty(small);

        await page.Page.Locator(".sessions button.link").First.ClickAsync();
        await page.Page.Locator(".heat").WaitForAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => document.querySelector('#detail').getBoundingClientRect().width <= innerWidth"));
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task Rows_are_exactly_as_high_as_the_scrolling_reckons()
    {
        await server.IndexAsync(100);
        foreach ((BrowserNewContextOptions? options, double height) in ((BrowserNewContextOptions?, double)[])[(null, 40), (Phone, 56)])
        {
            await using WatchedPage page = await (await browser.OpenAsync(server, options)).LiveAsync();
            await page.Page.Locator("tr[aria-rowindex='5']").WaitForAsync();
            Assert.Equal(height, await page.EvaluateAsync<double>("() => document.querySelector(\"tr[aria-rowindex='5']\").getBoundingClientRect().height"));
        }
    }

    [BrowserFact]
    public async Task Dark_follows_the_system_and_the_button()
    {
        await using WatchedPage page = await (await browser.OpenAsync(server, new() { ColorScheme = ColorScheme.Dark })).LiveAsync();
        const string Ground = "() => getComputedStyle(document.body).backgroundColor";
        string dark = await page.EvaluateAsync<string>(Ground);
        await page.Page.Locator("#theme").ClickAsync();
        string light = await page.EvaluateAsync<string>(Ground);

        Assert.Equal("rgb(14, 17, 23)", dark);
        Assert.Equal("rgb(244, 245, 248)", light);
        Assert.Equal("Theme: light", await page.Page.Locator("#theme").TextContentAsync());
    }

    [AxeFact]
    public async Task The_accessibility_checker_finds_nothing_serious_in_light_dark_and_detail()
    {
        await server.ConverseAsync("checked", lines: 10);
        await server.SendAsync(HttpMethod.Post, "/v1/sessions/checked/compress", """{"keep":0.3}""");
        foreach (ColorScheme scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await using WatchedPage page = await (await browser.OpenAsync(server, new() { ColorScheme = scheme, ViewportSize = new() { Width = 1440, Height = 900 } })).LiveAsync();
            await page.Page.Locator("[data-key='default/checked']").WaitForAsync();
            await RequireNothingSeriousAsync(page, "page");
            await page.Page.GetByRole(AriaRole.Button, new() { Name = "checked", Exact = true }).ClickAsync();
            await page.Page.Locator(".heat").WaitForAsync();
            await RequireNothingSeriousAsync(page, "detail");
            await page.Page.Locator("[data-action=compress]").ClickAsync();
            await RequireNothingSeriousAsync(page, "confirmation");
        }
    }

    private static async Task RequireNothingSeriousAsync(WatchedPage page, string what)
    {
        await page.EvaluateAsync<object?>($"() => {{ if (!window.axe) {{ {AxeCore.Text} }} return null; }}");
        JsonElement found = await page.Page.EvaluateAsync<JsonElement>(
            "async () => (await axe.run()).violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`)");
        Assert.True(found.GetArrayLength() == 0, $"{what}: {found}");
    }
}
