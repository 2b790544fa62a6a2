using System.Text.Json;
using KVCluster.Dashboard.Tests.Support;
using KVCluster.Grains;
using KVCluster.Inference.Kv;
using Microsoft.Playwright;

namespace KVCluster.Dashboard.Tests.Pages;

[Collection("browser")]
public sealed class PageTests(BrowserFixture browser, DashboardServer server) : IClassFixture<DashboardServer>
{
    [BrowserFact]
    public async Task The_page_loads_and_shows_every_device_as_the_ledger_has_it()
    {
        await server.ConverseAsync("ledger");
        await server.QuietAsync();
        await using WatchedPage page = await (await browser.OpenAsync(server)).LiveAsync();

        for (int node = 0; node < 2; node++)
        {
            LedgerSnapshot ledger = server.Ledger(node);
            ILocator card = page.Page.Locator($"[data-device='node-{node + 1}/cpu:0']");
            await card.Locator($"[data-part=free] b[data-bytes='{ledger.FreeBytes}']").WaitForAsync();
            await card.Locator($"[data-part=evictable] b[data-bytes='{ledger.EvictableBytes}']").WaitForAsync();
            await card.Locator($"[data-part=pinned] b[data-bytes='{ledger.PinnedBytes}']").WaitForAsync();
        }

        Assert.True(server.Ledger(0).EvictableBytes + server.Ledger(1).EvictableBytes > 0);
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task What_the_page_shows_changes_while_sessions_talk()
    {
        await using WatchedPage page = await (await browser.OpenAsync(server)).LiveAsync();
        using var enough = new CancellationTokenSource();
        Task load = Task.WhenAll(Enumerable.Range(0, 3).Select(i => TalkAsync($"load-{i}", enough.Token)));

        await page.Page.WaitForFunctionAsync(
            "() => [0, 1, 2].every((i) => document.querySelector(`[data-key=\"default/load-${i}\"]`))");
        string before = await page.Page.Locator("[data-key='default/load-0'] [data-cell=tokens]").TextContentAsync() ?? "";
        await page.Page.WaitForFunctionAsync("(before) => document.querySelector(`[data-key='default/load-0'] [data-cell=tokens]`).textContent !== before", before);
        await page.Page.WaitForFunctionAsync(
            "() => document.querySelector('[data-tile=first] .tile-value').textContent.endsWith('s')"
            + " && Number(document.querySelector('[data-latency=per_token_seconds] td:last-child').textContent) > 5");
        await enough.CancelAsync();
        await load;

        await server.QuietAsync();
        Dictionary<string, long> held = await HeldAsync();
        await page.Page.WaitForFunctionAsync(
            "(held) => Object.entries(held).every(([key, bytes]) => document.querySelector(`[data-key=\"${key}\"] [data-cell=bytes]`)?.dataset.bytes == bytes)",
            held);
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task A_session_shows_what_its_cache_kept_over_its_text()
    {
        await server.ConverseAsync("cut");
        await server.SendAsync(HttpMethod.Post, "/v1/sessions/cut/compress", """{"keep":0.25}""");
        await using WatchedPage page = await (await browser.OpenAsync(server)).LiveAsync();

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "cut", Exact = true }).ClickAsync();
        await page.Page.Locator(".heat").WaitForAsync();

        KeptMap map = (await server.Host.Grains.GetGrain<ISessionGrain>("default/cut").ReadKept())!;
        SessionInfo info = await server.Host.Grains.GetGrain<ISessionGrain>("default/cut").Describe();
        double[] perLayer = [.. Enumerable.Range(0, map.Layers).Select(layer =>
            Enumerable.Range(0, map.KvHeads).Average(head => Enumerable.Range(0, map.Positions).Count(i => map.Keeps((layer * map.KvHeads) + head, i))))];
        await page.Page.Locator("#detail summary").ClickAsync();
        string[] shown = [.. await page.Page.Locator("#detail [data-layer] td:nth-child(2)").AllTextContentsAsync()];
        Assert.Equal(perLayer.Select(kept => kept.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture)), shown);
        Assert.Equal(info.Cache.KeptTokens, perLayer.Average(), 6);
        Assert.InRange(info.Cache.KeptTokens / info.Cache.Tokens, 0.05, 0.5);
        Assert.NotEqual("", await page.Page.Locator(".heat .heat-0").GetAttributeAsync("d"));
        Assert.Contains("house number 7", await page.Page.Locator("#detail .text").TextContentAsync(), StringComparison.Ordinal);
        Assert.True(await page.Page.Locator("#detail .text .text-0").CountAsync() > 0);
        string[] history = [.. await page.Page.Locator("#detail table:has(th:text-is('Cause')) tbody td").AllTextContentsAsync()];
        Assert.Contains("kvcompose", await page.Page.Locator("#detail").TextContentAsync(), StringComparison.Ordinal);
        Assert.Contains("asked", history);
        Assert.Contains(DateTimeOffset.UtcNow.Year.ToString(System.Globalization.CultureInfo.InvariantCulture), history[0], StringComparison.Ordinal);
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task An_administrator_compresses_a_session_after_confirming()
    {
        await server.ConverseAsync("to-cut");
        await using WatchedPage page = await (await browser.OpenAsync(server)).LiveAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "to-cut", Exact = true }).ClickAsync();

        await page.Page.Locator("[data-action=compress]").ClickAsync();
        await page.Page.GetByLabel("Part of the tokens to keep").FillAsync("30");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Cut the cache" }).ClickAsync();

        await page.Page.WaitForFunctionAsync("() => !document.querySelector('#confirm').open && /^[1-4]\\d?\\.?\\d* %/.test(document.querySelector('[data-figure=Kept]')?.textContent)");
        SessionInfo info = await server.Host.Grains.GetGrain<ISessionGrain>("default/to-cut").Describe();
        Assert.Single(info.Cache.Compressions);
        Assert.True(info.Cache.KeptTokens < 0.5 * info.Cache.Tokens);
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task An_action_that_is_not_confirmed_does_nothing()
    {
        await server.ConverseAsync("stays");
        await using WatchedPage page = await (await browser.OpenAsync(server)).LiveAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "stays", Exact = true }).ClickAsync();

        await page.Page.Locator("[data-action=close]").ClickAsync();
        await page.Page.Keyboard.PressAsync("Escape");

        Assert.Equal(SessionPhase.Idle, (await server.Host.Grains.GetGrain<ISessionGrain>("default/stays").Describe()).Phase);
        page.RequireQuiet();
    }

    private async Task TalkAsync(string id, CancellationToken enough)
    {
        await server.ConverseAsync(id, lines: 5);
        while (!enough.IsCancellationRequested)
        {
            await server.SendAsync(HttpMethod.Post, $"/v1/sessions/{id}/messages", """{"message":"And the next?","sampling":{"max_tokens":6}}""");

            // A person's pause, so that the conversation does not fill the model's context before the page was read.
            await Task.Delay(50, CancellationToken.None);
        }
    }

    private async Task<Dictionary<string, long>> HeldAsync()
    {
        var held = new Dictionary<string, long>();
        foreach (int i in (int[])[0, 1, 2])
        {
            JsonElement session = await server.SendAsync(HttpMethod.Get, $"/v1/sessions/load-{i}");
            held[$"default/load-{i}"] = session.GetProperty("cache").GetProperty("device_bytes").GetInt64();
        }

        return held;
    }
}
