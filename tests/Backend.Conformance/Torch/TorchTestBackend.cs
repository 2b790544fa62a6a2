using KVCluster.Backend.Conformance.Support;
using KVCluster.Backend.Conformance.Torch.Transfers;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Torch;
using KVCluster.Inference.Torch.Transfers;

namespace KVCluster.Backend.Conformance.Torch;

/// <summary>
/// libtorch in float32, on the device that KVCLUSTER_TORCH_DEVICE names (cpu by default). Logits are made of a few queries at a time, so
/// that the cut along the queries is tested too.
/// </summary>
internal sealed class TorchTestBackend : TestBackend
{
    private readonly Func<TorchBackendOptions, TorchBackendOptions> _kind;

    private TorchTestBackend(Func<TorchBackendOptions, TorchBackendOptions> kind)
    {
        _kind = kind;
    }

    /// <summary>As it runs on GPUs: by scaled_dot_product_attention where it can, and pages travel beside compute, a few at a time.</summary>
    public static TorchTestBackend Instance { get; } = new(o => o with
    {
        FusedAttention = true,
        Transfers = Device == "cpu" ? Travelling(() => new ThreadCopyStream(new CopyFaults())) : null,
    });

    /// <summary>As it runs on CPUs.</summary>
    public static TorchTestBackend Plain { get; } = new(o => o with { FusedAttention = false });

    /// <summary>On the CPU, with copies that run no earlier than they must.</summary>
    public static TorchTestBackend Late { get; } = new(o => o with { Device = "cpu", Transfers = Travelling(() => new LateCopyStream(new CopyFaults())) });

    public static string Device { get; } = Environment.GetEnvironmentVariable("KVCLUSTER_TORCH_DEVICE") is { Length: > 0 } name ? name : "cpu";

    public override IInferenceBackend Open(LoadedModel model, KvElementType type, long arenaBytes, int pageTokens, int maxBatchTokens) =>
        new TorchBackend(model, _kind(Options(type, arenaBytes, pageTokens, maxBatchTokens)));

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

    private static TransferOptions Travelling(Func<ICopyStream> stream) => new(stream, SlotBytes: 2048, Slots: 2);
}
