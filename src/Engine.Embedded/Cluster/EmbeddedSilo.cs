using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>One virtual silo of an <see cref="EmbeddedCluster"/>: a place for activations, with services of its own.</summary>
public sealed class EmbeddedSilo
{
    internal EmbeddedSilo(SiloRuntime runtime) => Runtime = runtime;

    /// <summary>The silo's name.</summary>
    public string Name => Runtime.Name;

    /// <summary>The silo's address. A silo started again under the same name has another.</summary>
    public SiloAddress SiloAddress => Runtime.Address;

    /// <summary>The silo's services; disposed when it stops or is killed.</summary>
    public IServiceProvider Services => Runtime.Services;

    /// <summary>Whether the silo takes activations: it has started and neither stops nor was killed.</summary>
    public bool IsRunning => Runtime.IsAccepting;

    /// <summary>How many activations the silo holds.</summary>
    public int ActivationCount => Runtime.ActivationCount;

    internal SiloRuntime Runtime { get; }
}
