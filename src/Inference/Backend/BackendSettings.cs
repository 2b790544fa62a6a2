using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>What every kind of backend is set up with.</summary>
public sealed record BackendSettings
{
    /// <summary>Bytes of the KV arena; null: what suits the device.</summary>
    public long? ArenaBytes { get; init; }

    /// <summary>Bytes of the arena where none are named and the device has no memory of its own to take a share of.</summary>
    public required long UsualArenaBytes { get; init; }

    /// <summary>Element type of cached keys and values.</summary>
    public KvElementType KvType { get; init; } = KvElementType.BF16;

    /// <summary>Tokens a page of the arena.</summary>
    public int PageTokens { get; init; } = 32;

    /// <summary>Kernel threads of a CPU.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Most rows of one step.</summary>
    public int MaxBatchTokens { get; init; } = 512;
}
