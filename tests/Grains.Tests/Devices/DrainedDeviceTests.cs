namespace KVCluster.Grains.Tests.Devices;

/// <summary>A node that leaves while its sessions speak, with real models and a cold store on disk.</summary>
public sealed class DrainedDeviceTests
{
    private const int Sessions = 4;
    private const int Turns = 4;

    [Fact]
    public async Task Conversations_through_a_drained_node_are_those_of_an_undisturbed_one()
    {
        string[][] expected = await SpeakAsync(1, _ => Task.CompletedTask);
        DrainReport? report = null;
        string[][] drained = await SpeakAsync(2, async cluster =>
        {
            string node = (await cluster.Session("s0").Describe()).Node;
            report = await cluster.Grains.DrainAsync(node);
        });
        Assert.Equal(expected, drained);

        // How many move depends on how far each has spoken; Cluster.DrainTests has the counts.
        Assert.True(report is { Left: 0, BrokenOff: 0, Uncopied: 0 }, $"{report}");
    }

    /// <summary>What every session answered, each turn sent again where its session moves; something happens in the middle.</summary>
    private static async Task<string[][]> SpeakAsync(int silos, Func<DeviceCluster, Task> middle)
    {
        await using DeviceCluster cluster = await DeviceCluster.StartAsync(silos, () => NeedleModel.Open(contextTokens: 2048));
        var reached = new CountdownEvent(Sessions);
        var half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<string[]>[] speaking = [.. Enumerable.Range(0, Sessions).Select(i => SpeakAsync(cluster, $"s{i}", () =>
        {
            if (reached.Signal())
            {
                half.SetResult();
            }
        }))];
        await half.Task.WaitAsync(Tests.Turns.Patience);
        await middle(cluster);
        return await Task.WhenAll(speaking);
    }

    private static async Task<string[]> SpeakAsync(DeviceCluster cluster, string id, Action half)
    {
        ISessionGrain session = cluster.Session(id);
        await session.Create(new SessionOptions());
        List<string> answers = [];
        for (int turn = 0; turn < Turns; turn++)
        {
            if (turn == Turns / 2)
            {
                half();
            }

            var request = new GenerateRequest
            {
                Prompt = Prompt.OfText($"{id} speaks for the {turn}th time about the sea, the wind and the code {turn * 7919}."),
                IdempotencyKey = $"{turn}",
                Sampling = new SamplingSettings { MaxTokens = 24 },
            };
            answers.Add((await session.InsistAsync(s => s.RunAsync(request))).Text);
        }

        return [.. answers, string.Join(' ', await session.HistoryAsync())];
    }
}
