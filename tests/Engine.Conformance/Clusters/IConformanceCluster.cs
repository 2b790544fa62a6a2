using Orleans;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance;

/// <summary>A cluster of the engine under test, without silos at first.</summary>
public interface IConformanceCluster : IAsyncDisposable
{
    /// <summary>Calls grains from outside of them. Usable once a silo runs.</summary>
    IGrainFactory Client { get; }

    /// <summary>Starts a silo; when this returns every running silo knows it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="killable">
    /// Whether <see cref="KillSiloAsync"/> may be used. On Orleans such a silo is a process of its own, seen through its grains only.
    /// </param>
    Task<IConformanceSilo> StartSiloAsync(string name, bool killable = false);

    /// <summary>Stops a silo in order.</summary>
    Task StopSiloAsync(IConformanceSilo silo);

    /// <summary>Ends a silo as a machine that loses power does.</summary>
    Task KillSiloAsync(IConformanceSilo silo);

    /// <summary>Lets time pass: on a clock of its own where the engine has one, really where not.</summary>
    Task PassAsync(TimeSpan time);
}

/// <summary>A silo of an <see cref="IConformanceCluster"/>.</summary>
public interface IConformanceSilo
{
    string Name { get; }

    /// <summary>Its address; not known of a silo in another process.</summary>
    SiloAddress Address { get; }

    /// <summary>Its services; none of a silo in another process.</summary>
    IServiceProvider Services { get; }
}
