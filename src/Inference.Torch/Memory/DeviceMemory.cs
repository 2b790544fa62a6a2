using System.Runtime.InteropServices;
using KVCluster.Inference.Torch.Cuda;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>What a device's runtime says of its memory.</summary>
internal static class DeviceMemory
{
    /// <summary>Free and total bytes.</summary>
    public static (long Free, long Total) Of(TorchDevice device)
    {
        if (!device.IsCuda)
        {
            GCMemoryInfo info = GC.GetGCMemoryInfo();
            return (Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes), info.TotalAvailableMemoryBytes);
        }

        try
        {
            return CudaRuntime.Memory(device.Handle.index);
        }
        catch (CudaException e)
        {
            throw new InputException($"{device.Name} does not tell its memory: {e.Message}; name the arena's bytes instead", e);
        }
    }

    /// <summary>Whether an exception of libtorch or of the CUDA runtime says that the device's memory did not suffice.</summary>
    public static bool IsExhausted(Exception e) =>
        e is OutOfMemoryException or CudaException { IsExhausted: true }
        || (e is ExternalException
            && (e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
                || e.Message.Contains("can't allocate memory", StringComparison.Ordinal)
                || e.Message.Contains("ALLOC_FAILED", StringComparison.Ordinal)));
}
