using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>What a node tells of itself every few seconds.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.NodeReport")]
public sealed record NodeReport
{
    /// <summary>The silo's name.</summary>
    [Id(0)]
    public required string Node { get; init; }

    /// <summary>Where it is reached.</summary>
    [Id(1)]
    public required SiloAddress Address { get; init; }

    /// <summary>Its devices.</summary>
    [Id(2)]
    public required DeviceReport[] Devices { get; init; }

    /// <summary>Whether some device takes new turns.</summary>
    public bool TakesTurns => Devices.Any(device => device is { IsDraining: false, Failure: null });
}
