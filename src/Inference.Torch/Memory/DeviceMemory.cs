using System.Runtime.InteropServices;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>What a device's runtime says of its memory.</summary>
internal static partial class DeviceMemory
{
    private const string Driver = "libcuda.so.1";

    /// <summary>Free and total bytes.</summary>
    public static (long Free, long Total) Of(TorchDevice device)
    {
        if (!device.IsCuda)
        {
            GCMemoryInfo info = GC.GetGCMemoryInfo();
            return (Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes), info.TotalAvailableMemoryBytes);
        }

        int error = Ask(device.Handle.index, out nuint free, out nuint total);
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

    // By the driver: TorchSharp does not ask for memory, and the driver's library has one name on every Linux. libtorch works in the
    // device's primary context, so that is the one to ask in.
    private static int Ask(int index, out nuint free, out nuint total)
    {
        free = total = 0;
        int error = DeviceGet(out int handle, index);
        if (error != 0 || (error = Retain(out nint context, handle)) != 0)
        {
            return error;
        }

        error = Push(context);
        if (error == 0)
        {
            error = MemGetInfo(out free, out total);
            _ = Pop(out _);
        }

        _ = Release(handle);
        return error;
    }

    [LibraryImport(Driver, EntryPoint = "cuDeviceGet")]
    private static partial int DeviceGet(out int handle, int index);

    [LibraryImport(Driver, EntryPoint = "cuDevicePrimaryCtxRetain")]
    private static partial int Retain(out nint context, int handle);

    [LibraryImport(Driver, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial int Release(int handle);

    [LibraryImport(Driver, EntryPoint = "cuCtxPushCurrent_v2")]
    private static partial int Push(nint context);

    [LibraryImport(Driver, EntryPoint = "cuCtxPopCurrent_v2")]
    private static partial int Pop(out nint context);

    [LibraryImport(Driver, EntryPoint = "cuMemGetInfo_v2")]
    private static partial int MemGetInfo(out nuint free, out nuint total);
}
