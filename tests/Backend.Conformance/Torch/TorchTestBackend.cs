using KVCluster.Backend.Conformance.Support;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Torch;

namespace KVCluster.Backend.Conformance.Torch;

/// <summary>
/// libtorch in float32, on the device that KVCLUSTER_TORCH_DEVICE names (cpu by default). Logits are made of a few queries at a time, so
/// that the cut along the queries is tested too.
/// </summary>
internal sealed class TorchTestBackend : TestBackend
{
    private readonly bool _fused;

    private TorchTestBackend(bool fused)
    {
        _fused = fused;
    }

    /// <summary>As it runs on GPUs: by scaled_dot_product_attention where it can.</summary>
    public static TorchTestBackend Instance { get; } = new(fused: true);

    /// <summary>As it runs on CPUs.</summary>
    public static TorchTestBackend Plain { get; } = new(fused: false);

    public static string Device { get; } = Environment.GetEnvironmentVariable("KVCLUSTER_TORCH_DEVICE") is { Length: > 0 } name ? name : "cpu";

    public override IInferenceBackend Open(LoadedModel model, KvElementType type, long arenaBytes, int pageTokens, int maxBatchTokens) =>
        new TorchBackend(model, Options(type, arenaBytes, pageTokens, maxBatchTokens) with { FusedAttention = _fused });

    public override double RoundingTolerance(KvElementType type) => type switch
    {
        KvElementType.BF16 => 0.02,
        KvElementType.Int8 => 0.1,
        _ => 2e-4,
    };

    public static TorchBackendOptions Options(KvElementType type, long arenaBytes, int pageTokens = 16, int maxBatchTokens = 512) => new()
    {
        Device = Device,
        ComputeType = TorchComputeType.F32,
        ArenaBytes = arenaBytes,
        KvType = type,
        PageTokens = pageTokens,
        Threads = 2,
        MaxBatchTokens = maxBatchTokens,
        MaxScoreBytes = 1 << 16,
    };
}
