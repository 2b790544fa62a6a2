namespace KVCluster.Grains.Tests;

/// <summary>A silo of a <see cref="TestEngine"/>: its services, and what the engine knows it by.</summary>
internal sealed record TestSilo(IServiceProvider Services, object Handle);
