namespace KVCluster.Storage.Blobs;

/// <summary>Bytes and entries held.</summary>
/// <param name="Bytes">Contents of frames and manifests, in bytes, unpublished ones included.</param>
/// <param name="Frames">Frames, unpublished ones included.</param>
/// <param name="Manifests">Owners with a manifest.</param>
public readonly record struct BlobUsage(long Bytes, long Frames, long Manifests);
