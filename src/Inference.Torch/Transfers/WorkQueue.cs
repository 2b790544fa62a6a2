namespace KVCluster.Inference.Torch.Transfers;

/// <summary>Work a device does in the order it was given.</summary>
internal enum WorkQueue
{
    /// <summary>What libtorch is asked for: the device's default stream.</summary>
    Compute,

    /// <summary>Copies of one <see cref="ICopyStream"/>.</summary>
    Copies,
}
