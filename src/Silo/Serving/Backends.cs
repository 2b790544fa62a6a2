using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Silo.Configuration;

namespace KVCluster.Silo.Serving;

/// <summary>The backend that the settings name, for each node of the process.</summary>
internal static class Backends
{
    /// <exception cref="InputException">This build lacks the backend, or it has no such device.</exception>
    public static IBackendFactory Of(ModelSettings settings, int node)
    {
        if (settings.Backend == BackendKind.Torch)
        {
            return Torch(settings, node);
        }

        if (settings.ComputeType != ComputeKind.Auto)
        {
            throw new InputException(
                $"Model:ComputeType is {settings.ComputeType}: the cpu backend computes in types of its own; the torch backend can be told");
        }

        return settings.Device is "" or "cpu"
            ? CpuBackendFactory.Instance
            : throw new InputException($"Model:Device is '{settings.Device}': the cpu backend has the device cpu alone; GPUs take Model:Backend=torch");
    }

#if TORCH
    // "cuda" gives each node of the process a GPU of its own; a GPU has one worker.
    private static Inference.Torch.TorchBackendFactory Torch(ModelSettings settings, int node)
    {
        if (node > 0 && settings.Device.StartsWith("cuda:", StringComparison.Ordinal))
        {
            throw new InputException(
                $"Model:Device is '{settings.Device}', one GPU, for node {node + 1} of this process: with 'cuda' each node takes a GPU of its own");
        }

        return new(
            settings.Device is "" or "cuda" ? $"cuda:{node}" : settings.Device,
            settings.MemoryPercent / 100.0,
            settings.ComputeType == ComputeKind.Auto ? null : Enum.Parse<Inference.Torch.TorchComputeType>(settings.ComputeType.ToString()));
    }
#else
    private static IBackendFactory Torch(ModelSettings settings, int node) => throw new InputException(
        $"Model:Backend is {settings.Backend} for node {node + 1}, but this program was built without it: build with -p:Backend=torch (docs/torch-backend.md)");
#endif
}
