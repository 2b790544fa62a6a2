using KVCluster.Engine.Embedded;
using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;

namespace KVCluster.Silo.Serving;

/// <summary>The grains of this process's nodes, on the embedded engine: the cluster is this process.</summary>
internal sealed class NodeCluster : IAsyncDisposable
{
    private readonly EmbeddedCluster _cluster;
    private readonly StateStores _states;

    private NodeCluster(EmbeddedCluster cluster, StateStores states)
    {
        _cluster = cluster;
        _states = states;
    }

    /// <summary>Calls grains from outside of them.</summary>
    public IGrainFactory Grains => _cluster.Client;

    /// <summary>Where conversations are, for people.</summary>
    public static string Describe(ServerSettings settings) => StateStores.Describe(settings);

    /// <param name="settings">What to keep where.</param>
    /// <param name="names">Names of the silos to start.</param>
    /// <param name="nodes">Their devices, in the same order.</param>
    /// <param name="terms">What tenants are promised; null: all are alike.</param>
    /// <param name="logging">Where logs go.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="InputException">A setting is wrong or the directory is in use.</exception>
    public static async Task<NodeCluster> StartAsync(
        ServerSettings settings,
        IReadOnlyList<string> names,
        IReadOnlyList<ServerNode> nodes,
        ITenantTerms? terms,
        Action<ILoggingBuilder> logging,
        CancellationToken cancellationToken)
    {
        if (nodes.Count == 0)
        {
            throw new InputException("setting 'Node:Count' is 0, which needs a build with -p:ClusterEngine=orleans: this one is a cluster by itself");
        }

        if (settings.Cluster.Redis.Length > 0)
        {
            throw new InputException("setting 'Cluster:Redis' needs a build with -p:ClusterEngine=orleans; this one is a cluster by itself");
        }

        var states = new StateStores(settings, TimeProvider.System);
        var cluster = new EmbeddedCluster(new EmbeddedClusterOptions
        {
            GrainAssemblies = [typeof(GrainOptions).Assembly],
            ConfigureSilo = silo =>
            {
                silo.Services.AddLogging(logging);
                states.AddTo(silo);
            },
        });
        var started = new NodeCluster(cluster, states);
        try
        {
            foreach ((string name, ServerNode node) in names.Zip(nodes))
            {
                await cluster.StartSiloAsync(name, silo => ServerNode.AddGrains(silo, [node.Worker], settings, terms), cancellationToken);
            }

            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes this process's nodes out of service: all refuse turns, then each lets its turns end and hands its caches over.</summary>
    public Task<DrainReport[]> DrainAsync()
    {
        NodeDrain[] drains = [.. _cluster.Silos.Select(silo => silo.Services.GetRequiredService<NodeDrain>())];
        Array.ForEach(drains, drain => drain.Begin());
        return Task.WhenAll(drains.Select(drain => drain.DrainAsync()));
    }

    /// <summary>Stops every silo: idle caches are saved, activations end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _states.DisposeAsync();
    }
}
