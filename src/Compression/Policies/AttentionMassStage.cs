using System.Numerics.Tensors;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// DefensiveKV's first stage: of each head the slots that receive the most mean attention come before all others, as many as stay below a
/// share of what all slots before the window receive, and as the head's mean budget has room for beside the window.
/// </summary>
/// <param name="share">Of the mean attention, 0 to 1.</param>
/// <param name="window">Last positions, which are no candidates.</param>
/// <param name="lessNeighbours">The share is less by what as many slots just before the window receive.</param>
internal sealed class AttentionMassStage(double share, int window, bool lessNeighbours)
{
    /// <summary>Above every score, below protected slots.</summary>
    private const float First = float.MaxValue / 2;

    /// <summary>Raises the slots in place; <paramref name="budget"/> is what a head keeps on average.</summary>
    public void Raise(AttentionScores ranked, PolicyInput input, int budget)
    {
        CacheShape shape = input.Shape;
        AttentionScores means = ScoreOperations.GroupToKvHeads(input.RequireMeanAttention(), shape.KvHeads);
        ScoreOperations.CheckFinite(means);
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            double part = lessNeighbours ? share - Neighbours(means, shape, layer) : share;
            for (int head = 0; head < shape.KvHeads; head++)
            {
                int before = WindowScores.Before(shape, layer, head, window);
                int room = Math.Max(0, budget - (shape.Slots(layer, head) - before));
                ReadOnlySpan<float> mass = means.Row(layer, head)[..before];
                foreach (int slot in SlotSelection.Best(mass, Math.Min(room, Count(mass, part))))
                {
                    ranked.Row(layer, head)[slot] = First;
                }
            }
        }
    }

    /// <summary>The most slots whose masses, the greatest first, stay below the part of the whole.</summary>
    private static int Count(ReadOnlySpan<float> mass, double part)
    {
        var sorted = new float[mass.Length];
        DescendingSort.Sort(mass, sorted);
        double limit = part * TensorPrimitives.Sum(mass);
        double sum = 0;
        int count = 0;
        while (count < sorted.Length && sum + sorted[count] < limit)
        {
            sum += sorted[count++];
        }

        return count;
    }

    private double Neighbours(AttentionScores means, CacheShape shape, int layer)
    {
        double sum = 0;
        for (int head = 0; head < shape.KvHeads; head++)
        {
            int before = WindowScores.Before(shape, layer, head, window);
            sum += TensorPrimitives.Sum<float>(means.Row(layer, head)[Math.Max(0, before - window)..before]);
        }

        return sum / shape.KvHeads;
    }
}
