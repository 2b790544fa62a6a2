using KVCluster.Dashboard.Tests.Support;
using Microsoft.Playwright;

namespace KVCluster.Dashboard.Tests.Pages;

[Collection("browser")]
public sealed class ManySessionsTests(BrowserFixture browser, DashboardServer server) : IClassFixture<DashboardServer>
{
    private const int Sessions = 5000;

    [BrowserFact]
    public async Task Five_thousand_sessions_are_sorted_searched_and_scrolled_without_lag()
    {
        await server.IndexAsync(Sessions);
        await using WatchedPage page = await (await browser.OpenAsync(server)).LiveAsync();
        await page.Page.WaitForFunctionAsync("() => document.querySelector('#session-count').textContent === '5,000'");

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Tokens" }).ClickAsync();
        Assert.Equal("descending", await page.Page.Locator("th[data-column=tokens]").GetAttributeAsync("aria-sort"));
        int[] tokens = await page.EvaluateAsync<int[]>("() => [...document.querySelectorAll('[data-cell=tokens]')].map((cell) => Number(cell.textContent.replace(',', '')))");
        Assert.Equal(tokens.OrderDescending(), tokens);
        Assert.True(tokens[0] > 7900 && tokens.Length < 60, $"{tokens.Length} rows exist");

        await page.Page.Locator("#search").FillAsync("reader-0042");
        await page.Page.WaitForFunctionAsync("() => document.querySelector('#session-count').textContent === '1 of 5,000'");
        await page.Page.Locator("#search").FillAsync("no such session");
        await page.Page.GetByText("No session is like that").WaitForAsync();
        await page.Page.Locator("#search").FillAsync("");

        await page.EvaluateAsync<int>("() => { const box = document.querySelector('#table'); box.scrollTop = box.scrollHeight; return 0; }");
        await page.Page.Locator("tr[aria-rowindex='5001']").WaitForAsync();
        double slowest = await page.EvaluateAsync<double>(
            """
            () => {
              let slowest = 0;
              for (const name of ['Last used', 'Session', 'Memory', 'Tokens']) {
                const start = performance.now();
                [...document.querySelectorAll('.sessions th button')].find((button) => button.textContent === name).click();
                document.querySelector('#table').getBoundingClientRect();
                slowest = Math.max(slowest, performance.now() - start);
              }
              return slowest;
            }
            """);
        Assert.True(slowest < 500, $"sorting 5,000 sessions took {slowest:0} ms");
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task The_table_is_gone_through_by_keys_alone()
    {
        await server.IndexAsync(Sessions);
        await using WatchedPage page = await (await browser.OpenAsync(server)).LiveAsync();
        await page.Page.WaitForFunctionAsync("() => document.querySelector('#session-count').textContent === '5,000'");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Session", Exact = true }).ClickAsync();

        await page.Page.Locator("tr[aria-rowindex='2'] button").FocusAsync();
        await page.Page.Keyboard.PressAsync("ArrowDown");
        Assert.Equal("default/reader-0001", await FocusedAsync(page));
        await page.Page.Keyboard.PressAsync("End");
        Assert.Equal("default/reader-4999", await FocusedAsync(page));
        await page.Page.Keyboard.PressAsync("Home");
        Assert.Equal("default/reader-0000", await FocusedAsync(page));
    }

    private static Task<string> FocusedAsync(WatchedPage page) => page.EvaluateAsync<string>("() => document.activeElement.closest('tr')?.dataset.key ?? ''");
}
