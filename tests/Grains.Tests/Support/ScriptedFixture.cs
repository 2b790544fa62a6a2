using KVCluster.Worker.Serving;

namespace KVCluster.Grains.Tests;

/// <summary>Clusters of scripted workers; one a test.</summary>
public abstract class ScriptedFixture(NeedleModel needle) : IAsyncLifetime, IClassFixture<NeedleModel>
{
    private readonly List<GrainCluster> _clusters = [];

    protected NeedleModel Needle { get; } = needle;

    internal ScriptedStore Cold { get; } = new();

    internal ManualTime Time { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (GrainCluster cluster in _clusters)
        {
            await cluster.DisposeAsync();
        }
    }

    internal async Task<GrainCluster> StartAsync(int silos, Action<GrainOptions>? configure = null)
    {
        GrainCluster cluster = await GrainCluster.StartAsync(
            silos, _ => [new ScriptedWorker("cpu:0", Needle.Model, Cold)], configure, Time);
        _clusters.Add(cluster);
        return cluster;
    }

    /// <summary>One silo and one open session.</summary>
    internal async Task<(GrainCluster Cluster, ISessionGrain Session, ScriptedWorker Worker)> OneAsync(
        SessionOptions? options = null, Action<GrainOptions>? configure = null)
    {
        GrainCluster cluster = await StartAsync(1, configure);
        ISessionGrain session = cluster.Session("s");
        await session.Create(options ?? new SessionOptions());
        return (cluster, session, cluster.Worker<ScriptedWorker>("node-0"));
    }

    /// <summary>The worker holds a turn before a step; released by the second part.</summary>
    internal static (Task Reached, Action Release) Hold(ScriptedWorker worker, int step)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        worker.Step = (_, made) =>
        {
            if (made != step)
            {
                return Task.CompletedTask;
            }

            reached.TrySetResult();
            return released.Task;
        };
        return (reached.Task.WaitAsync(Turns.Patience), () => released.TrySetResult());
    }
}
