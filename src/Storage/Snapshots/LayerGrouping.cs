using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Snapshots;

/// <summary>Cuts a model's layers into groups whose full frames are about as large as wanted.</summary>
internal static class LayerGrouping
{
    /// <summary>First layer and number of layers of each group.</summary>
    public static IReadOnlyList<(int First, int Layers)> Of(KvGeometry geometry, SnapshotStoreOptions options)
    {
        long layerBytes = geometry.BytesPerToken / geometry.Layers * options.SegmentTokens;
        int each = (int)Math.Clamp(options.FrameBytes / Math.Max(1, layerBytes), 1, geometry.Layers);
        var groups = new List<(int, int)>();
        for (int first = 0; first < geometry.Layers; first += each)
        {
            groups.Add((first, Math.Min(each, geometry.Layers - first)));
        }

        return groups;
    }
}
