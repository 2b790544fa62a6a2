namespace KVCluster.Grains;

/// <summary>How long a session's cache should stay on its device untouched.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.PinRequest")]
public sealed record PinRequest
{
    /// <summary>From now on; zero ends a pin. A day at most.</summary>
    [Id(0)]
    public required TimeSpan Duration { get; init; }
}
