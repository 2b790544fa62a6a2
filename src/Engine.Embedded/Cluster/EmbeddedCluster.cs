using Orleans;
using Orleans.Hosting;

namespace KVCluster.Engine.Embedded;

/// <summary>
/// A cluster of virtual silos in this process. It behaves as Microsoft Orleans does; where the two differ docs/engines.md says so.
/// </summary>
public sealed class EmbeddedCluster : IAsyncDisposable
{
    /// <summary>A cluster without silos.</summary>
    public EmbeddedCluster(EmbeddedClusterOptions options) => ArgumentNullException.ThrowIfNull(options);

    /// <summary>The client: calls grains from outside of them.</summary>
    public IClusterClient Client => throw new NotImplementedException();

    /// <summary>The silos that run.</summary>
    public IReadOnlyList<EmbeddedSilo> Silos => throw new NotImplementedException();

    /// <summary>Starts a silo and its hosted services.</summary>
    /// <param name="name">Its name, unique among those that run; <c>silo-N</c> when null.</param>
    /// <param name="configure">Configures this silo, after the cluster's own configuration.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="ArgumentException">A silo of that name runs.</exception>
    public Task<EmbeddedSilo> StartSiloAsync(
        string? name = null, Action<ISiloBuilder>? configure = null, CancellationToken cancellationToken = default)
        => throw new NotImplementedException();

    /// <summary>
    /// Stops a silo: its activations end, with their deactivation hooks, its hosted services stop and its services are disposed. Calls that
    /// wait go to activations on other silos.
    /// </summary>
    public Task StopSiloAsync(EmbeddedSilo silo, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>
    /// Ends a silo as the end of its process would: activations vanish without a hook, their turns go no further, calls in flight to them fail
    /// with <see cref="Orleans.Runtime.SiloUnavailableException"/>, state stays as last written. Then its services are disposed, to give back
    /// what the end of a process gives back.
    /// </summary>
    public Task KillSiloAsync(EmbeddedSilo silo) => throw new NotImplementedException();

    /// <summary>Stops every silo.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
