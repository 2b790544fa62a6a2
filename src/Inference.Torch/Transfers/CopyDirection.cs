namespace KVCluster.Inference.Torch.Transfers;

/// <summary>Which way bytes travel.</summary>
internal enum CopyDirection
{
    /// <summary>From page-locked host memory to the device.</summary>
    ToDevice,

    /// <summary>From the device to page-locked host memory.</summary>
    ToHost,
}
