namespace KVCluster.Grains;

/// <summary>Stands for a block of tokens and all tokens before it: 128 bits of a hash chain.</summary>
/// <param name="High">First 64 bits.</param>
/// <param name="Low">Last 64 bits.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.BlockHash")]
public readonly record struct BlockHash([property: Id(0)] ulong High, [property: Id(1)] ulong Low);
