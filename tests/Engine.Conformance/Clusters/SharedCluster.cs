namespace KVCluster.Engine.Conformance;

/// <summary>Two silos, "a" and "b", for the cases that leave them as they are.</summary>
public sealed class SharedCluster : IAsyncLifetime
{
    public IConformanceCluster Cluster { get; private set; } = null!;

    public IConformanceSilo A { get; private set; } = null!;

    public IConformanceSilo B { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings());
        A = await Cluster.StartSiloAsync("a");
        B = await Cluster.StartSiloAsync("b");
    }

    public async Task DisposeAsync() => await Cluster.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class SharedClusterCollection : ICollectionFixture<SharedCluster>
{
    public const string Name = "two silos";
}

/// <summary>A case on the two silos that all such cases share.</summary>
[Collection(SharedClusterCollection.Name)]
public abstract class SharedClusterCase(SharedCluster shared)
{
    protected SharedCluster Silos { get; } = shared;

    protected IConformanceCluster Cluster => Silos.Cluster;

    protected Orleans.IGrainFactory Client => Cluster.Client;

    /// <summary>A key no other case uses.</summary>
    protected static string NewKey() => Guid.NewGuid().ToString("N");
}
