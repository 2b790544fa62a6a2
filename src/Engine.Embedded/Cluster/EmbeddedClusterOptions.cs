using System.Reflection;
using Orleans.Configuration;
using Orleans.Hosting;

namespace KVCluster.Engine.Embedded;

/// <summary>Settings of an <see cref="EmbeddedCluster"/>.</summary>
public sealed class EmbeddedClusterOptions
{
    /// <summary>The assemblies whose grain classes the silos offer.</summary>
    public required IReadOnlyList<Assembly> GrainAssemblies { get; init; }

    /// <summary>Configures every silo, before what <see cref="EmbeddedCluster.StartSiloAsync"/> is given for one.</summary>
    public Action<ISiloBuilder>? ConfigureSilo { get; init; }

    /// <summary>The clock of timers, timeouts and idle collection. Only its timestamps and timers are used.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// What random choices of a silo are made with: called by several threads at once. One with a seed makes a run repeatable where its calls
    /// come one after another.
    /// </summary>
    public Random Random { get; init; } = Random.Shared;

    /// <summary>Settings of the calls made through <see cref="EmbeddedCluster.Client"/>.</summary>
    public ClientMessagingOptions ClientMessaging { get; init; } = new();
}
