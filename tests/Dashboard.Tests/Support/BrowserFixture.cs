using Microsoft.Playwright;

namespace KVCluster.Dashboard.Tests.Support;

/// <summary>One chromium for all pages of a run.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (Programs.Find("chromium") is not { } program)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = program,
            Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        });
    }

    public async Task DisposeAsync()
    {
        await (_browser?.DisposeAsync() ?? ValueTask.CompletedTask);
        _playwright?.Dispose();
    }

    /// <summary>A page of its own; what it does is watched.</summary>
    public async Task<WatchedPage> OpenAsync(DashboardServer server, BrowserNewContextOptions? options = null, string? key = null)
    {
        IBrowserContext context = await _browser!.NewContextAsync(options ?? new() { ViewportSize = new() { Width = 1440, Height = 900 } });
        context.SetDefaultTimeout(20_000);
        if (key is not null)
        {
            await context.AddInitScriptAsync($"sessionStorage.setItem('kvcluster.key', '{key}')");
        }

        var page = new WatchedPage(await context.NewPageAsync(), server.Address);
        await page.Page.GotoAsync(server.Address.ToString());
        return page;
    }
}

[CollectionDefinition("browser")]
public sealed class BrowserCollection : ICollectionFixture<BrowserFixture>;
