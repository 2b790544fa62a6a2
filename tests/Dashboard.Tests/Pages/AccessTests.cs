using System.Net;
using System.Text.Json;
using KVCluster.Dashboard.Tests.Support;
using KVCluster.Silo.Tenants;
using Microsoft.Playwright;

namespace KVCluster.Dashboard.Tests.Pages;

[Collection("browser")]
public sealed class AccessTests(BrowserFixture browser) : IAsyncLifetime
{
    private readonly DashboardServer _server = new DashboardServer().With("Telemetry:OperatorTenant", "ops").WithTenants($$"""
        {"tenants":[{"id":"acme","keys":[{"sha256":"{{TenantFile.HashOf("acme-admin")}}","role":"admin"},{"sha256":"{{TenantFile.HashOf("acme-reader")}}","role":"reader"}]},
                    {"id":"beta","keys":[{"sha256":"{{TenantFile.HashOf("beta-admin")}}","role":"admin"}]},
                    {"id":"ops","keys":[{"sha256":"{{TenantFile.HashOf("ops-admin")}}","role":"admin"},{"sha256":"{{TenantFile.HashOf("ops-reader")}}","role":"reader"}]}]}
        """);

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    [BrowserFact]
    public async Task Without_a_key_the_page_asks_for_one_and_shows_nothing_else()
    {
        await using WatchedPage page = await browser.OpenAsync(_server);
        await page.Page.GetByLabel("API key").WaitForAsync();
        Assert.False(await page.Page.Locator("#content").IsVisibleAsync());

        await page.Page.GetByLabel("API key").FillAsync("wrong");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Show the cluster" }).ClickAsync();
        await page.Page.GetByText("does not accept this key").WaitForAsync();
        await page.Page.GetByLabel("API key").FillAsync("acme-admin");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Show the cluster" }).ClickAsync();

        await page.LiveAsync();
        Assert.True(await page.Page.Locator("#content").IsVisibleAsync());
        page.RequireQuiet(expected: "401");
    }

    [BrowserFact]
    public async Task A_reader_looks_and_its_actions_are_refused()
    {
        await _server.ConverseAsync("mine", lines: 5, key: "acme-admin");
        await using WatchedPage page = await (await browser.OpenAsync(_server, key: "acme-reader")).LiveAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "mine", Exact = true }).ClickAsync();
        await page.Page.GetByText("it may look").WaitForAsync();

        Assert.True(await page.Page.Locator("[data-action=demote]").IsDisabledAsync());
        int status = await page.EvaluateAsync<int>(
            "async () => (await fetch('/v1/cluster/sessions/acme/mine/demote', { method: 'POST', headers: { authorization: 'Bearer acme-reader' } })).status");
        Assert.Equal(403, status);
        page.RequireQuiet(expected: "403");
    }

    [Fact]
    public async Task Sessions_of_other_tenants_are_neither_listed_nor_there()
    {
        await _server.ConverseAsync("secret", lines: 3, key: "acme-admin");

        Assert.Empty(await KeysAsync("beta-admin"));
        Assert.Equal(["acme/secret"], await KeysAsync("acme-reader"));
        foreach (string key in (string[])["beta-admin", "ops-reader"])
        {
            using HttpResponseMessage theirs = await _server.AskAsync(HttpMethod.Get, "/v1/cluster/sessions/acme/secret", null, key);
            using HttpResponseMessage act = await _server.AskAsync(HttpMethod.Post, "/v1/cluster/sessions/acme/secret/close", null, key);
            Assert.Equal(HttpStatusCode.NotFound, theirs.StatusCode);
            Assert.NotEqual(HttpStatusCode.NoContent, act.StatusCode);
        }
    }

    [Fact]
    public async Task The_operators_tenant_sees_figures_of_all_tenants_and_nobodys_text()
    {
        await _server.ConverseAsync("figures", lines: 3, key: "acme-admin");

        Assert.Contains("acme/figures", await KeysAsync("ops-admin"));
        Assert.DoesNotContain("acme/figures", await KeysAsync("ops-reader"));
        JsonElement theirs = await _server.SendAsync(HttpMethod.Get, "/v1/cluster/sessions/acme/figures", null, "ops-admin");
        JsonElement own = await _server.SendAsync(HttpMethod.Get, "/v1/cluster/sessions/acme/figures", null, "acme-reader");
        Assert.False(theirs.TryGetProperty("text", out _));
        Assert.True(theirs.TryGetProperty("kept", out _));
        Assert.Contains("house", string.Concat(own.GetProperty("text").GetProperty("pieces").EnumerateArray().Select(p => p.GetString())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_needs_a_key_and_the_page_and_its_parts_do_not()
    {
        foreach (string path in (string[])["/v1/cluster", "/v1/cluster/events", "/v1/cluster/sessions", "/metrics"])
        {
            using HttpResponseMessage refused = await _server.AskAsync(HttpMethod.Get, path);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        using HttpResponseMessage page = await _server.AskAsync(HttpMethod.Get, "/");
        using HttpResponseMessage script = await _server.AskAsync(HttpMethod.Get, "/dashboard/app.js");
        using HttpResponseMessage scrape = await _server.AskAsync(HttpMethod.Get, "/metrics", null, "acme-reader");
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("default-src 'none'; script-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("text/javascript", script.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.OK, scrape.StatusCode);
    }

    private async Task<string[]> KeysAsync(string key) =>
        [.. (await _server.SendAsync(HttpMethod.Get, "/v1/cluster/sessions", null, key)).GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("key").GetString()!)];
}
