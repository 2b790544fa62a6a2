using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>The shape of a cache, as plans are made of it.</summary>
public static class CacheShapes
{
    /// <summary>Slots of each head and where they came from, at this moment.</summary>
    public static CacheShape Of(KvCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        KvGeometry geometry = cache.Geometry;
        if (cache.IsExact)
        {
            return CacheShape.Whole(geometry.Layers, geometry.KvHeads, cache.LogicalLength);
        }

        var positions = new int[geometry.Heads][];
        for (int i = 0; i < positions.Length; i++)
        {
            int layer = i / geometry.KvHeads;
            int head = i % geometry.KvHeads;
            positions[i] = new int[cache.Length(layer, head)];
            cache.FillPositions(layer, head, positions[i]);
        }

        return new CacheShape(geometry.Layers, geometry.KvHeads, cache.LogicalLength, positions);
    }

    /// <summary>Scores of every slot and query head, all 0.</summary>
    /// <param name="cache">The cache to be scored.</param>
    /// <param name="queryHeads">Query heads, Hq: a multiple of the KV heads.</param>
    public static AttentionScores ZeroScores(KvCache cache, int queryHeads)
    {
        ArgumentNullException.ThrowIfNull(cache);
        KvGeometry geometry = cache.Geometry;
        var rows = new float[geometry.Layers * queryHeads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new float[cache.Length(i / queryHeads, i % queryHeads / (queryHeads / geometry.KvHeads))];
        }

        return new AttentionScores(geometry.Layers, queryHeads, rows);
    }
}
