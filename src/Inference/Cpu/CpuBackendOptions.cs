using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu;

/// <summary>How the CPU backend is set up.</summary>
public sealed record CpuBackendOptions
{
    /// <summary>Bytes of the KV arena; rounded down to whole pages.</summary>
    public required long ArenaBytes { get; init; }

    /// <summary>Element type of cached keys and values.</summary>
    public KvElementType KvType { get; init; } = KvElementType.BF16;

    /// <summary>Tokens a page: fewer waste less at the ends of heads, more are faster to walk.</summary>
    public int PageTokens { get; init; } = 32;

    /// <summary>Kernel threads; the calling thread is one of them.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Ties each kernel thread to a core of its own (Linux): steadier on a machine that does nothing else.</summary>
    public bool PinThreads { get; init; }

    /// <summary>Most rows of one step; sizes the activations.</summary>
    public int MaxBatchTokens { get; init; } = 512;
}
