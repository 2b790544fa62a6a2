using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>One virtual silo: its services and its activations.</summary>
internal sealed class SiloRuntime : ILocalSiloDetails
{
    private readonly Lock _gate = new();
    private readonly HashSet<Activation> _activations = [];
    private readonly HashSet<Type> _notSingletons;
    private readonly ServiceProvider _services;
    private ITimer? _collector;
    private volatile bool _accepting;
    private volatile bool _dead;

    public SiloRuntime(EmbeddedCluster cluster, string name, SiloAddress address, EmbeddedSiloBuilder builder)
    {
        Cluster = cluster;
        Name = name;
        Address = address;
        builder.AddDefaults(this);
        _notSingletons = [.. builder.Services.Where(service => service.Lifetime != ServiceLifetime.Singleton).Select(service => service.ServiceType)];
        _services = builder.Services.BuildServiceProvider();
        Time = _services.GetRequiredService<TimeProvider>();
        Collection = _services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value;
        Messaging = _services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value;
        Log = new EngineLog(_services.GetRequiredService<ILogger<EmbeddedCluster>>());
        Workers = new StatelessWorkers(this);
        GrainFactory = new GrainFactory(cluster, this, Messaging);
        Public = new EmbeddedSilo(this);
    }

    public EmbeddedCluster Cluster { get; }

    public string Name { get; }

    public SiloAddress Address { get; }

    public SiloAddress SiloAddress => Address;

    public string ClusterId => Cluster.Options.Cluster.ClusterId;

    public EmbeddedSilo Public { get; }

    public IServiceProvider Services => _services;

    public GrainFactory GrainFactory { get; }

    public StatelessWorkers Workers { get; }

    public TimeProvider Time { get; }

    public GrainCollectionOptions Collection { get; }

    public MessagingOptions Messaging { get; }

    public EngineLog Log { get; }

    /// <summary>Killed: nothing of it runs any more.</summary>
    public bool IsDead => _dead;

    /// <summary>Whether activations may begin here.</summary>
    public bool IsAccepting => _accepting;

    public int ActivationCount
    {
        get
        {
            lock (_gate)
            {
                return _activations.Count;
            }
        }
    }

    public bool IsSingleton(Type service)
        => !_notSingletons.Contains(service) && !(service.IsGenericType && _notSingletons.Contains(service.GetGenericTypeDefinition()));

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _accepting = true;
        using (FlowSuppression.Begin())
        {
            _collector = Time.CreateTimer(static state => ((SiloRuntime)state!).CollectIdle(), this,
                Collection.CollectionQuantum, Collection.CollectionQuantum);
        }

        foreach (var service in _services.GetServices<IHostedService>())
        {
            await service.StartAsync(cancellationToken);
        }
    }

    /// <summary>Begins no more activations.</summary>
    public void StopAccepting()
    {
        lock (_gate)
        {
            _accepting = false;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        StopAccepting();
        foreach (var service in _services.GetServices<IHostedService>().Reverse())
        {
            await service.StopAsync(cancellationToken);
        }

        var activations = Activations();
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, "This process is terminating.");
        Array.ForEach(activations, activation => activation.Deactivate(reason, cancellationToken));
        await Task.WhenAll(activations.Select(activation => activation.Deactivated)).WaitAsync(cancellationToken);
    }

    public void Kill()
    {
        StopAccepting();
        _dead = true;
        foreach (var activation in Activations())
        {
            activation.Kill();
            Cluster.Locator.Unregister(activation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _dead = true;
        _collector?.Dispose();
        await _services.DisposeAsync();
    }

    public bool TryCreate(GrainClass grainClass, GrainId id, out Activation? activation)
    {
        lock (_gate)
        {
            activation = _accepting ? new Activation(this, grainClass, id) : null;
            return activation is not null && _activations.Add(activation);
        }
    }

    public void Remove(Activation activation)
    {
        lock (_gate)
        {
            _activations.Remove(activation);
        }

        Workers.Remove(activation);
    }

    public void ExpireCalls(long now) => Array.ForEach(Activations(), activation => activation.ExpireCalls(now));

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
