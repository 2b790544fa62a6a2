using System.Net;
using KVCluster.Engine.Hosting;
using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;

namespace KVCluster.Silo.Serving;

/// <summary>The grains of this process's nodes, as silos of an Orleans cluster whose members find each other in Redis.</summary>
internal sealed class NodeCluster : IAsyncDisposable
{
    private readonly List<IHost> _silos = [];

    /// <summary>Calls grains of the whole cluster.</summary>
    public IGrainFactory Grains => _silos[0].Services.GetRequiredService<IGrainFactory>();

    /// <summary>Where conversations are, for people: a connection string may hold a password, so only the cluster is named.</summary>
    public static string Describe(ServerSettings settings) => $"the Redis of cluster '{settings.Cluster.Id}'";

    /// <param name="settings">What to join and where.</param>
    /// <param name="names">Names of the silos to start.</param>
    /// <param name="nodes">Their devices, in the same order; a silo without one only takes requests.</param>
    /// <param name="terms">What tenants are promised; null: all are alike.</param>
    /// <param name="logging">Where logs go.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="InputException">A setting is wrong.</exception>
    public static async Task<NodeCluster> StartAsync(
        ServerSettings settings,
        IReadOnlyList<string> names,
        IReadOnlyList<ServerNode> nodes,
        ITenantTerms? terms,
        Action<ILoggingBuilder> logging,
        CancellationToken cancellationToken)
    {
        if (settings.Cluster.Redis.Length == 0)
        {
            throw new InputException("setting 'Cluster:Redis' is missing: the cluster's members, directory and conversations are kept there");
        }

        if (!IPAddress.TryParse(settings.Cluster.Address, out IPAddress? address))
        {
            throw new InputException($"setting 'Cluster:Address' must be an IP address, not '{settings.Cluster.Address}'");
        }

        var cluster = new NodeCluster();
        try
        {
            for (int i = 0; i < names.Count; i++)
            {
                IDeviceWorker[] devices = i < nodes.Count ? [nodes[i].Worker] : [];
                await cluster.StartAsync(settings, names[i], devices, terms, address, i, logging, cancellationToken);
            }

            return cluster;
        }
        catch (ArgumentException e)
        {
            await cluster.DisposeAsync();
            throw new InputException($"setting 'Cluster:Redis': {e.Message}");
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes this process's nodes out of service: all refuse turns, then each lets its turns end and hands its caches over.</summary>
    public Task<DrainReport[]> DrainAsync()
    {
        NodeDrain[] drains = [.. _silos.Select(silo => silo.Services.GetRequiredService<NodeDrain>())];
        Array.ForEach(drains, drain => drain.Begin());
        return Task.WhenAll(drains.Select(drain => drain.DrainAsync()));
    }

    /// <summary>Leaves the cluster: idle caches are saved, activations go elsewhere.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_silos.Count > 0)
        {
            IHost silo = _silos[^1];
            _silos.RemoveAt(_silos.Count - 1);
            await silo.StopAsync();
            await ((IAsyncDisposable)silo).DisposeAsync();
        }
    }

    private async Task StartAsync(
        ServerSettings settings,
        string name,
        IReadOnlyList<IDeviceWorker> devices,
        ITenantTerms? terms,
        IPAddress address,
        int index,
        Action<ILoggingBuilder> logging,
        CancellationToken cancellationToken)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        logging(builder.Logging);
        builder.UseOrleans(silo =>
        {
            silo.UseKVCluster(new OrleansClusterOptions
            {
                Redis = settings.Cluster.Redis,
                ClusterId = settings.Cluster.Id,
                ServiceId = settings.State.Service,
                Storages = [GrainStorageNames.Sessions],
                SiloName = name,
                Address = address,
                ListenOnAnyAddress = settings.Cluster.ListenOnAnyAddress,
                SiloPort = settings.Cluster.SiloPort + index,
                GatewayPort = settings.Cluster.GatewayPort + index,
            });
            ServerNode.AddGrains(silo, devices, settings, terms);
        });
        IHost host = builder.Build();
        await host.StartAsync(cancellationToken);
        _silos.Add(host);
    }
}
