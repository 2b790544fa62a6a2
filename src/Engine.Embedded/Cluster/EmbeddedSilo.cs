using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>One virtual silo of an <see cref="EmbeddedCluster"/>: a place for activations, with services of its own.</summary>
public sealed class EmbeddedSilo
{
    internal EmbeddedSilo(string name, SiloAddress address, IServiceProvider services)
    {
        Name = name;
        SiloAddress = address;
        Services = services;
    }

    /// <summary>The silo's name.</summary>
    public string Name { get; }

    /// <summary>The silo's address. A silo started again under the same name has another.</summary>
    public SiloAddress SiloAddress { get; }

    /// <summary>The silo's services; disposed when it stops or is killed.</summary>
    public IServiceProvider Services { get; }

    /// <summary>Whether the silo runs.</summary>
    public bool IsRunning => throw new NotImplementedException();

    /// <summary>How many activations the silo holds.</summary>
    public int ActivationCount => throw new NotImplementedException();
}
