using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Tests;

/// <summary>Which positions a cache holds.</summary>
internal static class CacheContents
{
    /// <summary>Ascending positions, layer-major: entry layer * kvHeads + head.</summary>
    public static int[][] Positions(KvCache cache)
    {
        var rows = new int[cache.Geometry.Heads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new int[cache.Length(i / cache.Geometry.KvHeads, i % cache.Geometry.KvHeads)];
            cache.FillPositions(i / cache.Geometry.KvHeads, i % cache.Geometry.KvHeads, rows[i]);
        }

        return rows;
    }

    public static int[][] Kept(RetentionPlan plan)
    {
        var rows = new int[plan.Layers * plan.KvHeads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = plan.Kept(i / plan.KvHeads, i % plan.KvHeads).ToArray();
        }

        return rows;
    }
}
