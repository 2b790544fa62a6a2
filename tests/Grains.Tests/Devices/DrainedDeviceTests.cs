using KVCluster.Worker.Serving;

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

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public async Task An_answer_cut_by_a_node_that_leaves_goes_on_elsewhere_as_if_nothing_had_happened(float temperature)
    {
        const int Answer = 400;
        var request = new GenerateRequest
        {
            Prompt = Prompt.OfMessage("The wind came from the school at noon. What came?"),
            IdempotencyKey = "k",
            Sampling = new SamplingSettings
            {
                MaxTokens = Answer,
                Temperature = temperature,
                Seed = 7,
                RepetitionPenalty = 1.1f,
                LogitBias = [new TokenBias(2, -100)],
            },
        };
        await using DeviceCluster calm = await DeviceCluster.StartAsync(1, () => NeedleModel.Open(contextTokens: 1024));
        await calm.Session("s").Create(new SessionOptions());
        TurnResult expected = await calm.Session("s").RunAsync(request);
        await using DeviceCluster cluster = await DeviceCluster.StartAsync(
            2, () => NeedleModel.Open(contextTokens: 1024), options => options.DrainTurns = TimeSpan.Zero);
        ISessionGrain session = cluster.Session("s");
        string node = (await session.Create(new SessionOptions())).Node;
        Task<DrainReport>? drain = null;
        string heard = "";
        Exception cut = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (TokenChunk chunk in session.Generate(request))
            {
                heard += chunk.Text;
                drain ??= cluster.Grains.DrainAsync(node);
            }
        });
        Assert.True(Tests.Turns.IsTransient(cut), cut.ToString());
        DrainReport report = await drain!;
        Assert.True(report is { Turns: 1, HandedOver: 1, BrokenOff: 0, Moved: 1, Left: 0, Uncopied: 0 }, $"{report}");

        TurnResult result = await session.InsistAsync(s => s.RunAsync(request));
        Assert.StartsWith(heard, result.Text, StringComparison.Ordinal);
        Assert.Equal((expected.Text, expected.AnswerTokens, expected.Seed), (result.Text, result.AnswerTokens, result.Seed));
        Assert.Equal(await calm.Session("s").HistoryAsync(), await session.HistoryAsync());
        string other = (await session.Describe()).Node;
        Assert.NotEqual(node, other);
        Assert.True(cluster.Grains.Worker<DeviceWorker>(other).Activity.GeneratedTokens < Answer);
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
