using KVCluster.Dashboard.Tests.Support;
using KVCluster.TestSupport;
using Microsoft.Playwright;

namespace KVCluster.Dashboard.Tests.Pages;

/// <summary>Makes the pictures of docs/images: <c>KVCLUSTER_SCREENSHOTS=1 dotnet test tests/Dashboard.Tests --filter Screenshots</c>.</summary>
[Collection("browser")]
public sealed class Screenshots(BrowserFixture browser)
{
    private static readonly string Folder = Path.Combine(TestPaths.Repository, "docs", "images");

    [ScreenshotFact]
    public async Task The_pictures_of_the_guide_are_made()
    {
        Directory.CreateDirectory(Folder);
        var server = new DashboardServer().With("Model:ArenaBytes", $"{3 << 20}").With("Cold:IdleSaveSeconds", "1");
        await server.StartAsync();
        try
        {
            await using WatchedPage wide = await (await browser.OpenAsync(server, new() { ViewportSize = new() { Width = 1280, Height = 1180 } })).LiveAsync();
            await LoadAsync(server);
            await wide.Page.WaitForTimeoutAsync(1500);
            await ShootAsync(wide, "dashboard-wide.png");
            await using (WatchedPage dark = await (await browser.OpenAsync(server, new() { ColorScheme = ColorScheme.Dark, ViewportSize = new() { Width = 1280, Height = 1180 } })).LiveAsync())
            {
                await dark.Page.WaitForTimeoutAsync(1500);
                await ShootAsync(dark, "dashboard-dark.png");
            }

            await wide.Page.Locator("[data-key='default/report'] button").ClickAsync();
            await wide.Page.Locator(".heat").WaitForAsync();
            await ShootAsync(wide, "dashboard-session.png");
            await wide.Page.Keyboard.PressAsync("Escape");
            await using (WatchedPage phone = await (await browser.OpenAsync(server, new() { ViewportSize = new() { Width = 390, Height = 844 }, IsMobile = true, HasTouch = true })).LiveAsync())
            {
                await phone.Page.WaitForTimeoutAsync(1500);
                await phone.Page.ScreenshotAsync(new() { Path = Path.Combine(Folder, "dashboard-phone.png") });
            }

            await server.StopAsync();
            await wide.Page.WaitForFunctionAsync("() => document.body.dataset.state === 'lost'");
            await wide.EvaluateAsync<int>("() => { scrollTo(0, 0); return 0; }");
            await ShootAsync(wide, "dashboard-disconnected.png");
            await server.StartAsync();
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static Task ShootAsync(WatchedPage page, string name) => page.Page.ScreenshotAsync(new() { Path = Path.Combine(Folder, name) });

    private static async Task LoadAsync(DashboardServer server)
    {
        string document = File.ReadAllText(Path.Combine(TestPaths.Repository, "models", "demo", "document.txt"));
        string text = System.Text.Json.JsonSerializer.Serialize(document[..Math.Min(document.Length, 6000)]);
        await server.SendAsync(HttpMethod.Post, "/v1/sessions", $$"""{"id":"report","document":{{text}}}""");
        await server.SendAsync(HttpMethod.Post, "/v1/sessions/report/messages", """{"message":"What is it about?","sampling":{"max_tokens":12}}""");
        await server.SendAsync(HttpMethod.Post, "/v1/sessions/report/compress", """{"keep":0.3,"policy":"kvcompose-unstructured"}""");
        await server.IndexAsync(240);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => TalkAsync(server, worker)));
        await server.SendAsync(HttpMethod.Post, "/v1/sessions/report/messages", """{"message":"And who wrote it?","sampling":{"max_tokens":8}}""");
        await server.SendAsync(HttpMethod.Post, "/v1/sessions/report/compress", """{"keep":0.3,"policy":"kvcompose-unstructured"}""");
    }

    private static async Task TalkAsync(DashboardServer server, int worker)
    {
        for (int i = 0; i < 8; i++)
        {
            string id = $"support-{(worker * 8) + i:00}";
            await server.ConverseAsync(id, lines: 8 + (5 * ((worker + i) % 5)));
            await server.SendAsync(HttpMethod.Post, $"/v1/sessions/{id}/messages", """{"message":"What color is number 3?","sampling":{"max_tokens":10}}""");
        }
    }
}
