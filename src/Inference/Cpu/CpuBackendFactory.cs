using KVCluster.Inference.Backend;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>The C# kernels on this machine's processors.</summary>
public sealed class CpuBackendFactory : IBackendFactory
{
    private CpuBackendFactory()
    {
    }

    /// <summary>The one there is.</summary>
    public static CpuBackendFactory Instance { get; } = new();

    /// <inheritdoc/>
    public string Device => "cpu:0";

    /// <inheritdoc/>
    public IInferenceBackend Open(LoadedModel model, BackendSettings settings, Action<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new CpuBackend(
            model,
            new CpuBackendOptions
            {
                ArenaBytes = settings.ArenaBytes ?? settings.UsualArenaBytes,
                KvType = settings.KvType,
                PageTokens = settings.PageTokens,
                Threads = settings.Threads,
                MaxBatchTokens = settings.MaxBatchTokens,
            },
            progress);
    }
}
