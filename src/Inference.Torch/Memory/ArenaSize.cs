using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>How many pages an arena has.</summary>
internal static class ArenaSize
{
    /// <summary>Refuses what cannot be had before the weights are loaded. Throws <see cref="InputException"/>.</summary>
    public static void Check(KvGeometry geometry, TorchBackendOptions options, TorchDevice device)
    {
        if (options.ArenaBytes is not { } bytes)
        {
            return;
        }

        Enough(geometry, bytes);

        // CUDA tells its memory once something lies on the device; there the reservation itself says whether it fits.
        long most = device.IsCuda ? long.MaxValue : DeviceMemory.Of(device).Total;
        if (bytes > most || bytes / geometry.PageBytes > int.MaxValue)
        {
            throw new InputException($"an arena of {bytes} bytes is more than {device.Name} has: {most} bytes of memory");
        }
    }

    /// <summary>Pages of the named bytes, or of the share of what is free.</summary>
    public static int Pages(KvGeometry geometry, TorchBackendOptions options, TorchDevice device)
    {
        if (options.ArenaBytes is { } bytes)
        {
            return (int)(bytes / geometry.PageBytes);
        }

        long share = (long)(DeviceMemory.Of(device).Free * options.MemoryFraction);
        Enough(geometry, share);
        return (int)Math.Min(int.MaxValue, share / geometry.PageBytes);
    }

    private static void Enough(KvGeometry geometry, long bytes)
    {
        long least = 2L * geometry.Heads * geometry.PageBytes;
        if (bytes < least)
        {
            throw new InputException($"an arena of {bytes} bytes is too small for this model: one page for every head takes {least} bytes");
        }
    }
}
