using KVCluster.Dashboard.Tests.Support;

namespace KVCluster.Dashboard.Tests.Pages;

[Collection("browser")]
public sealed class ConnectionTests(BrowserFixture browser)
{
    [BrowserFact]
    public async Task A_lost_server_is_said_and_its_return_is_seen()
    {
        await using var server = new DashboardServer();
        await using WatchedPage page = await LostAsync(server);
        Assert.Contains("What you see is from", await page.Page.Locator("#banner").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal("Disconnected", await page.Page.Locator("#status span").TextContentAsync());
        Assert.True(await page.Page.Locator("[data-key='default/before']").IsVisibleAsync());

        await server.StartAsync();
        await page.Page.GetByText("Try now").ClickAsync();
        await page.LiveAsync();
        Assert.False(await page.Page.Locator("#banner").IsVisibleAsync());
        await page.Page.Locator("[data-key='default/before'] [data-phase=cold]").WaitForAsync();
        page.RequireQuiet(expected: "ERR_");
    }

    [BrowserFact]
    public async Task A_page_that_nobody_touches_comes_back_by_itself_and_goes_on_live()
    {
        await using var server = new DashboardServer();
        await using WatchedPage page = await LostAsync(server);
        await server.StartAsync();

        await page.LiveAsync();
        Assert.False(await page.Page.Locator("#banner").IsVisibleAsync());
        Assert.Equal("Live", await page.Page.Locator("#status span").TextContentAsync());
        await server.ConverseAsync("after", lines: 3);
        await page.Page.Locator("[data-key='default/after']").WaitForAsync();
        page.RequireQuiet(expected: "ERR_");
    }

    [BrowserFact]
    public async Task A_cluster_without_sessions_says_how_to_begin()
    {
        var server = new DashboardServer();
        await server.StartAsync();
        try
        {
            await using WatchedPage page = await (await browser.OpenAsync(server)).LiveAsync();
            await page.Page.GetByText("No session yet.").WaitForAsync();
            Assert.Contains($"curl {server.Address.ToString().TrimEnd('/')}/v1/chat/completions", await page.Page.Locator("#table pre").TextContentAsync(), StringComparison.Ordinal);
            page.RequireQuiet();
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>A live page with a session, whose server has gone.</summary>
    private async Task<WatchedPage> LostAsync(DashboardServer server)
    {
        await server.StartAsync();
        await server.ConverseAsync("before", lines: 3);
        WatchedPage page = await (await browser.OpenAsync(server)).LiveAsync();
        await server.StopAsync();
        await page.Page.WaitForFunctionAsync("() => document.body.dataset.state === 'lost'");
        return page;
    }
}
