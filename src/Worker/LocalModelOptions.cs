using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker;

/// <summary>How a model is set up on this machine.</summary>
public sealed record LocalModelOptions
{
    /// <summary>Tokens of arena where neither <see cref="ContextTokens"/> nor <see cref="ArenaBytes"/> says, at most.</summary>
    public const int DefaultContextTokens = 8192;

    /// <summary>What runs the model, and where.</summary>
    public IBackendFactory Backend { get; init; } = CpuBackendFactory.Instance;

    /// <summary>Element type of cached keys and values.</summary>
    public KvElementType KvType { get; init; } = KvElementType.BF16;

    /// <summary>Tokens the KV arena has room for; 0: the model's context, at most <see cref="DefaultContextTokens"/>.</summary>
    public int ContextTokens { get; init; }

    /// <summary>Bytes of the KV arena; overrides <see cref="ContextTokens"/>.</summary>
    public long? ArenaBytes { get; init; }

    /// <summary>Kernel threads.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Tokens a page of the arena, a multiple of 16.</summary>
    public int PageTokens { get; init; } = 32;

    /// <summary>Most tokens of one step: a prompt's chunk.</summary>
    public int MaxBatchTokens { get; init; } = 512;

    /// <summary>What calibration found out about the model; null: the file that lies beside the model, if one does.</summary>
    public string? CalibrationFile { get; init; }

    /// <summary>Checks every option. Throws <see cref="InputException"/> naming the one out of range.</summary>
    public void Validate()
    {
        Require(Enum.IsDefined(KvType), nameof(KvType), $"{KvType}", "one of " + string.Join(", ", Enum.GetNames<KvElementType>()));
        Require(ContextTokens >= 0, nameof(ContextTokens), $"{ContextTokens}", "0 (the model's context) or more");
        Require(ArenaBytes is null or > 0, nameof(ArenaBytes), $"{ArenaBytes}", "1 or more");
        Require(Threads >= 1, nameof(Threads), $"{Threads}", "1 or more");
        Require(PageTokens > 0 && PageTokens % 16 == 0, nameof(PageTokens), $"{PageTokens}", "a positive multiple of 16");
        Require(MaxBatchTokens >= 1, nameof(MaxBatchTokens), $"{MaxBatchTokens}", "1 or more");
    }

    private static void Require(bool valid, string option, string value, string range)
    {
        if (!valid)
        {
            throw new InputException($"{option} must be {range}, not {value}");
        }
    }
}
