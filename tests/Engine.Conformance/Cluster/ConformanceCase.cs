namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>The base of the cases: makes the clusters of the engine that the project is built for.</summary>
public abstract class ConformanceCase : IAsyncLifetime
{
    private readonly List<IConformanceCluster> _clusters = [];

    protected Stage Stage { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var cluster in _clusters)
        {
            await cluster.DisposeAsync().AsTask().WaitAsync(Stage.Patience);
        }
    }

    protected async Task<IConformanceCluster> StartAsync(ConformanceOptions? options = null)
    {
        var cluster = await ConformanceCluster.StartAsync(options ?? new ConformanceOptions(), Stage).WaitAsync(Stage.Patience);
        _clusters.Add(cluster);
        return cluster;
    }

    protected static string NewKey() => Guid.NewGuid().ToString("N");

    protected static T Get<T>(IConformanceCluster cluster, string? key = null)
        where T : IGrainWithStringKey
        => cluster.Client.GetGrain<T>(key ?? NewKey());

    /// <summary>Awaits a call that is expected to end: a hang is a failure of the case and not of the run.</summary>
    protected static Task<T> Soon<T>(Task<T> task) => task.WaitAsync(Stage.Patience);

    protected static Task Soon(Task task) => task.WaitAsync(Stage.Patience);

    /// <summary>
    /// Lets seconds pass until the condition holds. A timer's next tick is set when the last one has ended, which no case can see: so a step of the
    /// clock may come too early for it.
    /// </summary>
    protected static async Task PassUntilAsync(IConformanceCluster cluster, Func<bool> condition)
    {
        for (var attempt = 0; attempt < 20 && !condition(); attempt++)
        {
            await cluster.PassTimeAsync(TimeSpan.FromSeconds(1));
            for (var wait = 0; wait < 20 && !condition(); wait++)
            {
                await Task.Delay(5);
            }
        }

        Assert.True(condition());
    }
}
