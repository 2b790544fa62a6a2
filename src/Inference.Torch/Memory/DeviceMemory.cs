using System.Runtime.InteropServices;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>What a device's runtime says of its memory.</summary>
internal static partial class DeviceMemory
{
    /// <summary>Free and total bytes of the device that this thread's last tensor was made on.</summary>
    public static (long Free, long Total) Of(TorchDevice device)
    {
        if (!device.IsCuda)
        {
            GCMemoryInfo info = GC.GetGCMemoryInfo();
            return (Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes), info.TotalAvailableMemoryBytes);
        }

        int error = MemGetInfo(out nuint free, out nuint total);
        return error == 0
            ? (checked((long)free), checked((long)total))
            : throw new InputException($"the NVIDIA driver does not tell the memory of {device.Name} (error {error}): name the arena's bytes instead");
    }

    /// <summary>Whether an exception of libtorch says that the device's memory did not suffice.</summary>
    public static bool IsExhausted(Exception e) =>
        e is OutOfMemoryException
        || (e is ExternalException
            && (e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
                || e.Message.Contains("can't allocate memory", StringComparison.Ordinal)
                || e.Message.Contains("ALLOC_FAILED", StringComparison.Ordinal)));

    // The driver's own entry point: TorchSharp has none, and the driver's library has one name on every Linux.
    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemGetInfo_v2")]
    private static partial int MemGetInfo(out nuint free, out nuint total);
}
