using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Backend.Conformance.Support;

/// <summary>Plans that keep about two slots of three, each head its own; the fourth head keeps all.</summary>
internal static class RandomPlans
{
    public static RetentionPlan Of(KvCache cache, int seed)
    {
        var random = new Random(seed);
        KvGeometry g = cache.Geometry;
        var kept = new int[g.Heads][];
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = Enumerable.Range(0, cache.Length(i / g.KvHeads, i % g.KvHeads)).Where(_ => random.Next(3) > 0 || i == 3).ToArray();
        }

        return new RetentionPlan(g.Layers, g.KvHeads, kept);
    }
}
