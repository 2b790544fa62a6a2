using System.Net.ServerSentEvents;
using KVCluster.Inference;
using KVCluster.Silo.Remote;
using KVCluster.Silo.Terminals;
using Spectre.Console;

namespace KVCluster.Silo.Monitoring;

/// <summary>Follows a server's events and draws them, until it is told to stop; or draws once.</summary>
internal sealed class TopRun(Terminal terminal, ServerClient client)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>One picture of the state now.</summary>
    public async Task OnceAsync(CancellationToken cancellationToken)
    {
        var state = new TopState();
        await FollowAsync(state, () => state.Snapshot is null, cancellationToken);
        terminal.OutputConsole.Write(TopFrame.Of(state, terminal.OutputConsole.Profile.Height, null));
    }

    /// <summary>Draws until cancelled; a server that went away is waited for.</summary>
    public Task LiveAsync(CancellationToken cancellationToken) => terminal.OutputConsole
        .Live(new Text("Connecting…"))
        .AutoClear(true)
        .StartAsync(async picture =>
        {
            var state = new TopState();
            bool Draw(string? fault)
            {
                picture.UpdateTarget(TopFrame.Of(state, terminal.OutputConsole.Profile.Height, fault));
                return true;
            }

            bool first = true;
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    await FollowAsync(state, () => Draw(null), cancellationToken);
                    Draw("the server ended the stream");
                }
                catch (Exception e) when (e is IOException or HttpRequestException || (e is InputException && !first))
                {
                    Draw(e.Message);
                }

                first = false;
                await Task.Delay(Pause, cancellationToken);
            }
        });

    private async Task FollowAsync(TopState state, Func<bool> more, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, "/v1/cluster/events", null, cancellationToken);
        using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            state.Take(item.EventType, item.Data);
            if (item.EventType == "snapshot" && !more())
            {
                return;
            }
        }
    }
}
