using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch.Transfers;

namespace KVCluster.Inference.Torch;

/// <summary>How the TorchSharp backend is set up.</summary>
public sealed record TorchBackendOptions
{
    /// <summary>The device: "cpu", "cuda" or "cuda:N".</summary>
    public string Device { get; init; } = "cuda:0";

    /// <summary>Bytes of the KV arena; rounded down to whole pages. Null: <see cref="MemoryFraction"/> of the device's memory.</summary>
    public long? ArenaBytes { get; init; }

    /// <summary>
    /// Where no bytes are named: the share of the memory that is free once the weights are loaded which the arena takes, above 0 and below 1.
    /// The rest is for activations.
    /// </summary>
    public double MemoryFraction { get; init; } = 0.85;

    /// <summary>Element type of cached keys and values.</summary>
    public KvElementType KvType { get; init; } = KvElementType.BF16;

    /// <summary>Type of weights and activations; null: bfloat16 on CUDA, float32 on the CPU.</summary>
    public TorchComputeType? ComputeType { get; init; }

    /// <summary>Tokens a page.</summary>
    public int PageTokens { get; init; } = 32;

    /// <summary>Most rows of one step.</summary>
    public int MaxBatchTokens { get; init; } = 512;

    /// <summary>Threads of the CPU device.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Bytes of attention logits made at a time: longer chunks are cut along their queries. Bounds the workspace, not the result.</summary>
    public long MaxScoreBytes { get; init; } = 256L << 20;

    /// <summary>
    /// Whether queries whose attention nobody observes go by scaled_dot_product_attention; null: on CUDA, where it has kernels of its own.
    /// </summary>
    public bool? FusedAttention { get; init; }

    /// <summary>How pages travel between the device and the host; null: as the device needs it.</summary>
    internal TransferOptions? Transfers { get; init; }

    /// <summary>Checks every option. Throws <see cref="InputException"/> naming the one out of range.</summary>
    public void Validate()
    {
        Require(MemoryFraction is > 0 and < 1, nameof(MemoryFraction), "above 0 and below 1");
        Require(ArenaBytes is null or > 0, nameof(ArenaBytes), "1 or more");
        Require(MaxBatchTokens >= 1, nameof(MaxBatchTokens), "1 or more");
        Require(Threads >= 1, nameof(Threads), "1 or more");
        Require(MaxScoreBytes >= 1 << 16, nameof(MaxScoreBytes), "65536 or more");
        Require(PageTokens > 0 && PageTokens % 16 == 0, nameof(PageTokens), "a positive multiple of 16");
    }

    private static void Require(bool valid, string option, string range)
    {
        if (!valid)
        {
            throw new InputException($"torch backend option {option} must be {range}");
        }
    }
}

/// <summary>What weights and activations are computed in. Softmax, norms, RoPE and scores are float32 always.</summary>
public enum TorchComputeType
{
    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>The upper half of a single.</summary>
    BF16,

    /// <summary>IEEE half precision.</summary>
    F16,
}
