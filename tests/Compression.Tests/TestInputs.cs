using KVCluster.Compression.Policies;

namespace KVCluster.Compression.Tests;

/// <summary>Random caches and attention, the same for the same seed.</summary>
internal static class TestInputs
{
    public static PolicyInput Whole(Random random, int layers = 4, int kvHeads = 3, int tokens = 60, int group = 2) =>
        Filled(random, CacheShape.Whole(layers, kvHeads, tokens), group);

    /// <summary>A cache whose heads kept random tokens, some perhaps none.</summary>
    public static PolicyInput Ragged(Random random, int layers = 4, int kvHeads = 3, int tokens = 60, int group = 2)
    {
        int[][] positions = new int[layers * kvHeads][];
        for (int i = 0; i < positions.Length; i++)
        {
            double share = random.Next(5) == 0 ? 0 : random.NextDouble();
            positions[i] = Enumerable.Range(0, tokens).Where(_ => random.NextDouble() < share).ToArray();
        }

        return Filled(random, new CacheShape(layers, kvHeads, tokens, positions), group);
    }

    public static PolicyInput Filled(Random random, CacheShape shape, int group = 2) => new(shape)
    {
        Attention = Random(random, shape, group),
        ValueNorms = Random(random, shape, 1),
    };

    /// <summary>The input after its plan was carried out, with new attention.</summary>
    public static PolicyInput After(Random random, CacheShape shape, RetentionPlan plan)
    {
        int[][] positions = new int[shape.Layers * shape.KvHeads][];
        for (int i = 0; i < positions.Length; i++)
        {
            int layer = i / shape.KvHeads;
            int head = i % shape.KvHeads;
            positions[i] = Array.ConvertAll(plan.Kept(layer, head).ToArray(), slot => shape.Position(layer, head, slot));
        }

        return Filled(random, new CacheShape(shape.Layers, shape.KvHeads, shape.LogicalLength, positions));
    }

    // Attention is skewed: few tokens get most. Layers differ in how much, as real ones do.
    private static AttentionScores Random(Random random, CacheShape shape, int group)
    {
        int heads = shape.KvHeads * group;
        float[][] rows = new float[shape.Layers * heads][];
        for (int i = 0; i < rows.Length; i++)
        {
            double scale = Math.Pow(2, -(i / heads));
            rows[i] = new float[shape.Slots(i / heads, i % heads / group)];
            for (int j = 0; j < rows[i].Length; j++)
            {
                rows[i][j] = (float)(scale * Math.Pow(random.NextDouble(), 4));
            }
        }

        return new AttentionScores(shape.Layers, heads, rows);
    }
}
