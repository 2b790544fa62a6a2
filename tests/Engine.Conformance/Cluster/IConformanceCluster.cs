using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>A cluster of one of the engines, as the cases use it.</summary>
public interface IConformanceCluster : IAsyncDisposable
{
    /// <summary>Calls grains from outside of them.</summary>
    IGrainFactory Client { get; }

    /// <summary>The silos that run.</summary>
    IReadOnlyList<ConformanceSilo> Silos { get; }

    /// <summary>Starts one more silo.</summary>
    Task<ConformanceSilo> StartSiloAsync();

    /// <summary>Stops a silo: its grains are deactivated.</summary>
    Task StopSiloAsync(ConformanceSilo silo);

    /// <summary>Ends a silo as the end of its process would.</summary>
    Task KillSiloAsync(ConformanceSilo silo);

    /// <summary>Lets time pass on the cluster's clock: a manual clock is moved, a real one is waited for.</summary>
    Task PassTimeAsync(TimeSpan time);
}

/// <summary>A silo of a cluster. Its metadata has the entry <c>name</c>.</summary>
public sealed record ConformanceSilo(string Name, SiloAddress Address, IServiceProvider Services);
