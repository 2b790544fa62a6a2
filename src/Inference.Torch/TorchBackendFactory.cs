using KVCluster.Inference.Backend;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Torch;

/// <summary>Opens the TorchSharp backend on one device.</summary>
/// <param name="device">"cpu", "cuda" or "cuda:N".</param>
/// <param name="memoryFraction">The arena's share of a CUDA device's free memory, where no bytes are named.</param>
/// <param name="computeType">Type of weights and activations; null: as suits the device.</param>
public sealed class TorchBackendFactory(string device, double memoryFraction = 0.85, TorchComputeType? computeType = null) : IBackendFactory
{
    /// <inheritdoc/>
    public string Device => device switch
    {
        "cpu" => "cpu:0",
        "cuda" => "cuda:0",
        _ => device,
    };

    /// <inheritdoc/>
    public IInferenceBackend Open(LoadedModel model, BackendSettings settings, Action<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new TorchBackend(
            model,
            new TorchBackendOptions
            {
                Device = device,
                ArenaBytes = settings.ArenaBytes ?? (device == "cpu" ? settings.UsualArenaBytes : null),
                MemoryFraction = memoryFraction,
                KvType = settings.KvType,
                ComputeType = computeType,
                PageTokens = settings.PageTokens,
                Threads = settings.Threads,
                MaxBatchTokens = settings.MaxBatchTokens,
            },
            progress);
    }
}
