using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>Plans in which some heads stream (keep first and recent positions only) and the others keep all.</summary>
internal sealed class StreamingPlan(CacheShape shape, int sinks, int recents)
{
    /// <summary>Whether a plan in which the marked heads stream keeps no more than the budget.</summary>
    public bool Fits(bool[] streams, RetentionBudget budget)
    {
        long total = 0;
        for (int i = 0; i < streams.Length; i++)
        {
            int slots = shape.Slots(i / shape.KvHeads, i % shape.KvHeads);
            total += streams[i] ? Kept(i).Length : slots;
        }

        return total <= budget.Slots(shape);
    }

    /// <summary>The plan. Where even all heads streaming exceed the budget, all keep first and most recent slots as far as it reaches.</summary>
    public RetentionPlan Make(bool[] streams, RetentionBudget budget, int minimum)
    {
        if (!Fits(streams, budget) && streams.All(s => s))
        {
            StreamingLlmParameters parameters = new() { Sinks = sinks, MinimumPerHead = minimum };
            return new StreamingLlmPolicy(parameters).Plan(new PolicyInput(shape), budget);
        }

        int[][] kept = new int[streams.Length][];
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = streams[i] ? Kept(i) : [.. Enumerable.Range(0, shape.Slots(i / shape.KvHeads, i % shape.KvHeads))];
        }

        return new RetentionPlan(shape.Layers, shape.KvHeads, kept);
    }

    private int[] Kept(int index)
    {
        int layer = index / shape.KvHeads;
        int head = index % shape.KvHeads;
        int slots = shape.Slots(layer, head);
        int first = shape.SlotsBefore(layer, head, sinks);
        int recent = Math.Max(first, shape.SlotsBefore(layer, head, Math.Max(0, shape.LogicalLength - recents)));
        return [.. Enumerable.Range(0, first), .. Enumerable.Range(recent, slots - recent)];
    }
}
