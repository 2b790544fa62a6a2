using Microsoft.Playwright;

namespace KVCluster.Dashboard.Tests.Support;

/// <summary>A page of which every request and every complaint is noted.</summary>
public sealed class WatchedPage : IAsyncDisposable
{
    private readonly List<string> _complaints = [];
    private readonly List<string> _elsewhere = [];

    public WatchedPage(IPage page, Uri server)
    {
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _complaints.Add($"{message.Type}: {message.Text}");
            }
        };
        page.PageError += (_, error) => _complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url) is var url && (url.Host != server.Host || url.Port != server.Port))
            {
                _elsewhere.Add(request.Url);
            }
        };
    }

    public IPage Page { get; }

    /// <summary>Waits until the page shows what comes from the server.</summary>
    public async Task<WatchedPage> LiveAsync()
    {
        try
        {
            await Page.WaitForFunctionAsync("() => ['live', 'empty'].includes(document.body.dataset.state)");
        }
        catch (TimeoutException) when (_complaints.Count > 0)
        {
            Assert.Fail($"the page does not come up: {string.Join("; ", _complaints)}");
        }

        return this;
    }

    /// <summary>Fails where the console has complaints, or a request left the server. A lost connection's own messages may be expected.</summary>
    public void RequireQuiet(string? expected = null)
    {
        Assert.DoesNotContain(_complaints, c => expected is null || !c.Contains(expected, StringComparison.Ordinal));
        Assert.Empty(_elsewhere);
    }

    public Task<T> EvaluateAsync<T>(string script) => Page.EvaluateAsync<T>(script);

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}
