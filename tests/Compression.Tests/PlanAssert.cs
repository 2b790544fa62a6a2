namespace KVCluster.Compression.Tests;

internal static class PlanAssert
{
    public static void Same(RetentionPlan expected, RetentionPlan actual)
    {
        Assert.Equal((expected.Layers, expected.KvHeads), (actual.Layers, actual.KvHeads));
        for (int layer = 0; layer < expected.Layers; layer++)
        {
            for (int head = 0; head < expected.KvHeads; head++)
            {
                Assert.Equal(expected.Kept(layer, head).ToArray(), actual.Kept(layer, head).ToArray());
            }
        }
    }

    /// <summary>Every slot of the smaller plan is in the larger one.</summary>
    public static void Nested(RetentionPlan smaller, RetentionPlan larger)
    {
        for (int layer = 0; layer < smaller.Layers; layer++)
        {
            for (int head = 0; head < smaller.KvHeads; head++)
            {
                Assert.Subset(larger.Kept(layer, head).ToArray().ToHashSet(), smaller.Kept(layer, head).ToArray().ToHashSet());
            }
        }
    }

    /// <summary>Slots are those of the cache, each head's ascending and none twice.</summary>
    public static void Valid(RetentionPlan plan, CacheShape shape)
    {
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            for (int head = 0; head < plan.KvHeads; head++)
            {
                int previous = -1;
                foreach (int slot in plan.Kept(layer, head))
                {
                    Assert.InRange(slot, previous + 1, shape.Slots(layer, head) - 1);
                    previous = slot;
                }
            }
        }
    }
}
