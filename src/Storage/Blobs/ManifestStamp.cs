namespace KVCluster.Storage.Blobs;

/// <summary>Which manifest of an owner: what compare-and-set compares.</summary>
/// <param name="Epoch">Epoch of its writer; a later epoch fences.</param>
/// <param name="Generation">Counts an owner's publications.</param>
public readonly record struct ManifestStamp(long Epoch, long Generation);
