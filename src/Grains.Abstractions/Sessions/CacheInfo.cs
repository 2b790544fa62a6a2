namespace KVCluster.Grains;

/// <summary>A session's cache at one instant.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.CacheInfo")]
public sealed record CacheInfo
{
    /// <summary>Tokens it stands for; 0 where it is on no device.</summary>
    [Id(0)]
    public int Tokens { get; init; }

    /// <summary>Slots present, averaged over all (layer, KV head), in tokens.</summary>
    [Id(1)]
    public double KeptTokens { get; init; }

    /// <summary>Whether every token is present as computed.</summary>
    [Id(2)]
    public bool IsExact { get; init; } = true;

    /// <summary>Bytes of the arena held, shared ones in full.</summary>
    [Id(3)]
    public long Bytes { get; init; }

    /// <summary>Bytes of the last cold copy known of; 0: none.</summary>
    [Id(4)]
    public long ColdBytes { get; init; }

    /// <summary>Compressions since it was exact, oldest first.</summary>
    [Id(5)]
    public CompressionEntry[] Compressions { get; init; } = [];

    /// <summary>Layers of the cache; 0 where it is on no device.</summary>
    [Id(6)]
    public int Layers { get; init; }

    /// <summary>KV heads of a layer; 0 where it is on no device.</summary>
    [Id(7)]
    public int KvHeads { get; init; }

    /// <summary>
    /// Slots that each (layer, KV head) holds, in tokens: row-major [<see cref="Layers"/>, <see cref="KvHeads"/>]; empty where it is on no
    /// device.
    /// </summary>
    [Id(8)]
    public int[] Lengths { get; init; } = [];
}
