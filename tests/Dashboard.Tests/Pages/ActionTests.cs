using System.Net;
using System.Text.Json;
using KVCluster.Dashboard.Tests.Support;
using KVCluster.Silo.Tenants;
using Microsoft.Playwright;

namespace KVCluster.Dashboard.Tests.Pages;

[Collection("browser")]
public sealed class ActionTests(BrowserFixture browser) : IAsyncLifetime
{
    private const string Admin = "acme-admin";
    private const string Reader = "acme-reader";

    private readonly DashboardServer _server = new DashboardServer().WithTenants($$"""
        {"tenants":[{"id":"acme","keys":[{"sha256":"{{TenantFile.HashOf(Admin)}}","role":"admin"},{"sha256":"{{TenantFile.HashOf(Reader)}}","role":"reader"}]}]}
        """);

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    [BrowserFact]
    public async Task An_administrator_takes_a_cache_off_its_device_after_confirming()
    {
        await _server.ConverseAsync("asleep", lines: 6, Admin);
        await using WatchedPage page = await OpenAsync("asleep", Admin);

        await ConfirmAsync(page, "demote", "Take the cache off its device");

        await page.Page.GetByText("Done: take the cache off its device, acme/asleep.").WaitForAsync();
        JsonElement cache = (await ShowAsync("asleep")).GetProperty("cache");
        Assert.Equal(0, cache.GetProperty("device_bytes").GetInt64());
        Assert.True(cache.GetProperty("cold_bytes").GetInt64() > 0);
        await page.Page.Locator("[data-figure=Memory]").GetByText("none").WaitForAsync();
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task An_administrator_makes_a_cut_cache_whole_after_confirming()
    {
        await _server.ConverseAsync("cut", lines: 20, Admin);
        await _server.SendAsync(HttpMethod.Post, "/v1/sessions/cut/compress", """{"keep":0.3}""", Admin);
        await using WatchedPage page = await OpenAsync("cut", Admin);
        Assert.False((await ShowAsync("cut")).GetProperty("cache").GetProperty("exact").GetBoolean());

        await ConfirmAsync(page, "make-whole", "Make the cache whole");

        await page.Page.Locator("[data-figure=Kept]").GetByText("exact").WaitForAsync();
        Assert.True((await ShowAsync("cut")).GetProperty("cache").GetProperty("exact").GetBoolean());
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task An_administrator_moves_a_session_to_the_node_of_choice_after_confirming()
    {
        await _server.ConverseAsync("wanderer", lines: 6, Admin);
        string from = (await ShowAsync("wanderer")).GetProperty("node").GetString()!;
        string to = _server.Host.Nodes.Single(n => n.Name != from).Name;
        await using WatchedPage page = await OpenAsync("wanderer", Admin);

        await page.Page.Locator("[data-action=move]").ClickAsync();
        Assert.Equal([to], await page.Page.Locator("#confirm option").AllTextContentsAsync());
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Move the session", Exact = true }).ClickAsync();

        await page.Page.GetByText("Done: move the session, acme/wanderer.").WaitForAsync();
        await _server.SendAsync(HttpMethod.Post, "/v1/sessions/wanderer/messages", """{"message":"Where are you?","sampling":{"max_tokens":2}}""", Admin);
        Assert.Equal(to, (await ShowAsync("wanderer")).GetProperty("node").GetString());
        await page.Page.Locator("[data-key='acme/wanderer']").GetByText(to).WaitForAsync();
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task An_administrator_closes_a_session_for_good_after_confirming()
    {
        await _server.ConverseAsync("ended", lines: 3, Admin);
        await using WatchedPage page = await OpenAsync("ended", Admin);

        await ConfirmAsync(page, "close", "Close the session for good");

        await page.Page.GetByText("Done: close the session for good, acme/ended.").WaitForAsync();
        await page.Page.Locator("[data-key='acme/ended']").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        using HttpResponseMessage gone = await _server.AskAsync(HttpMethod.Get, "/v1/sessions/ended/history", null, Admin);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.False(await page.Page.Locator("#detail").IsVisibleAsync());
        page.RequireQuiet();
    }

    [BrowserFact]
    public async Task What_the_server_refuses_is_said_in_the_confirmation_which_stays_open()
    {
        await _server.ConverseAsync("just-gone", lines: 3, Admin);
        await using WatchedPage page = await OpenAsync("just-gone", Admin);
        await page.Page.Locator("[data-action=demote]").ClickAsync();
        await _server.SendAsync(HttpMethod.Delete, "/v1/sessions/just-gone", null, Admin);

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Take the cache off its device", Exact = true }).ClickAsync();

        await page.Page.Locator("#confirm [role=alert]").GetByText("session acme/just-gone is closed").WaitForAsync();
        Assert.True(await page.Page.Locator("#confirm").IsVisibleAsync());
        page.RequireQuiet(expected: "404");
    }

    [BrowserFact]
    public async Task A_reader_can_click_no_action_and_the_server_refuses_each()
    {
        await _server.ConverseAsync("looked-at", lines: 3, Admin);
        JsonElement before = await ShowAsync("looked-at");
        await using WatchedPage page = await OpenAsync("looked-at", Reader);
        await page.Page.GetByText("it may look").WaitForAsync();

        foreach (string action in (string[])["compress", "make-whole", "demote", "move", "close"])
        {
            Assert.True(await page.Page.Locator($"[data-action={action}]").IsDisabledAsync(), action);
            int status = await page.EvaluateAsync<int>(
                $"async () => (await fetch('/v1/cluster/sessions/acme/looked-at/{action}', {{ method: 'POST', headers: {{ authorization: 'Bearer {Reader}' }} }})).status");
            Assert.Equal(403, status);
        }

        Assert.Equal(before.GetRawText(), (await ShowAsync("looked-at")).GetRawText());
        page.RequireQuiet(expected: "403");
    }

    private async Task<WatchedPage> OpenAsync(string session, string key)
    {
        WatchedPage page = await (await browser.OpenAsync(_server, key: key)).LiveAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = session, Exact = true }).ClickAsync();
        await page.Page.Locator("[data-action=close]").WaitForAsync();
        return page;
    }

    private static async Task ConfirmAsync(WatchedPage page, string action, string does)
    {
        await page.Page.Locator($"[data-action={action}]").ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = does, Exact = true }).ClickAsync();
    }

    private Task<JsonElement> ShowAsync(string session) => _server.SendAsync(HttpMethod.Get, $"/v1/sessions/{session}", null, Admin);
}
