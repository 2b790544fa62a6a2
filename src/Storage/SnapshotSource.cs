using System.Diagnostics;
using KVCluster.Inference.Kv;

namespace KVCluster.Storage;

/// <summary>What to save.</summary>
public sealed record SnapshotSource
{
    /// <summary>Whose it is.</summary>
    public required SnapshotOwner Owner { get; init; }

    /// <summary>What made it.</summary>
    public required SnapshotTerms Terms { get; init; }

    /// <summary>The writer's epoch: refused where a later one has published.</summary>
    public required long Epoch { get; init; }

    /// <summary>
    /// The cache, which nobody changes or disposes of before the call returns: a fork of the one in use (<see cref="KvCache.Fork"/>), so that
    /// serving goes on meanwhile.
    /// </summary>
    public required KvCache Cache { get; init; }

    /// <summary>Exactly the tokens the cache stands for.</summary>
    public required ReadOnlyMemory<int> Tokens { get; init; }

    /// <summary>Opaque bytes that come back with the copy: what compressions did to it.</summary>
    public ReadOnlyMemory<byte> CompressionRecord { get; init; }

    /// <summary>The caller's span, below which the store's is put; default: none.</summary>
    public ActivityContext Trace { get; init; }
}
