using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>One virtual silo of an <see cref="EmbeddedCluster"/>: a place for activations, with services of its own.</summary>
public sealed class EmbeddedSilo : ILocalSiloDetails
{
    private readonly Lock _gate = new();
    private readonly HashSet<Activation> _activations = [];
    private readonly ServiceProvider _services;
    private ITimer? _collector;
    private volatile bool _accepting;
    private volatile bool _dead;

    internal EmbeddedSilo(EmbeddedCluster cluster, string name, SiloAddress address, EmbeddedSiloBuilder builder)
    {
        Cluster = cluster;
        Name = name;
        SiloAddress = address;
        builder.AddDefaults(this);
        _services = builder.Services.BuildServiceProvider();
        Time = _services.GetRequiredService<TimeProvider>();
        Collection = _services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value;
        GrainFactory = new GrainFactory(cluster, this, _services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value);
        Log = new EngineLog(_services.GetRequiredService<ILogger<EmbeddedCluster>>());
        Workers = new StatelessWorkers(this);
    }

    /// <summary>The silo's name.</summary>
    public string Name { get; }

    /// <summary>The silo's address. A silo started again under the same name has another.</summary>
    public SiloAddress SiloAddress { get; }

    /// <summary>The silo's services; disposed when it stops or is killed.</summary>
    public IServiceProvider Services => _services;

    /// <summary>Whether the silo takes activations: it has started and neither stops nor was killed.</summary>
    public bool IsRunning => _accepting;

    /// <summary>How many activations the silo holds.</summary>
    public int ActivationCount => Activations().Length;

    internal EmbeddedCluster Cluster { get; }

    internal GrainFactory GrainFactory { get; }

    internal TimeSpan ResponseTimeout => GrainFactory.Messaging.ResponseTimeout;

    internal StatelessWorkers Workers { get; }

    internal TimeProvider Time { get; }

    internal GrainCollectionOptions Collection { get; }

    internal EngineLog Log { get; }

    /// <summary>Killed: nothing of it runs any more.</summary>
    internal bool IsDead => _dead;

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        _accepting = true;
        using (FlowSuppression.Begin())
        {
            _collector = Time.CreateTimer(static state => ((EmbeddedSilo)state!).CollectIdle(), this,
                Collection.CollectionQuantum, Collection.CollectionQuantum);
        }

        foreach (var service in _services.GetServices<IHostedService>())
        {
            await service.StartAsync(cancellationToken);
        }
    }

    /// <summary>Begins no more activations.</summary>
    internal void StopAccepting()
    {
        lock (_gate)
        {
            _accepting = false;
        }
    }

    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        StopAccepting();
        foreach (var service in _services.GetServices<IHostedService>().Reverse())
        {
            await service.StopAsync(cancellationToken);
        }

        var activations = Activations();
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, null, "This process is terminating.");
        Array.ForEach(activations, activation => activation.Deactivate(reason, cancellationToken));
        await Task.WhenAll(activations.Select(activation => activation.Deactivated)).WaitAsync(cancellationToken);
    }

    internal void Kill()
    {
        StopAccepting();
        _dead = true;
        foreach (var activation in Activations())
        {
            activation.Kill();
            Cluster.Locator.Unregister(activation);
        }
    }

    internal async ValueTask DisposeAsync()
    {
        _dead = true;
        _collector?.Dispose();
        await _services.DisposeAsync();
    }

    internal Activation? TryCreate(GrainClass grainClass, GrainId id)
    {
        lock (_gate)
        {
            if (!_accepting)
            {
                return null;
            }

            var activation = new Activation(this, grainClass, id);
            _activations.Add(activation);
            return activation;
        }
    }

    internal void Remove(Activation activation)
    {
        lock (_gate)
        {
            _activations.Remove(activation);
        }

        Workers.Remove(activation);
    }

    internal void ExpireCalls(long now) => Array.ForEach(Activations(), activation => activation.ExpireCalls(now));

    private void CollectIdle()
    {
        var now = Time.GetTimestamp();
        Array.ForEach(Activations(), activation => activation.CollectIfIdle(now));
    }

    private Activation[] Activations()
    {
        lock (_gate)
        {
            return [.. _activations];
        }
    }
}
